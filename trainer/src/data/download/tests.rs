//! Downloads from a server on this machine. The tests contact no other host.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::cache::obtain;
use super::server::{Answer, Server};
use super::transfer::{self, Transfer};

const FILE_LEN: usize = 4000;

/// Bytes that do not compress, with a different sequence for each seed.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..FILE_LEN).map(step).collect()
}

/// A gzipped tar of regular files.
fn tarball(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        // The name is written into the header directly, because `set_path` refuses the names of a hostile
        // archive.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, &content[..]).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// A small archive shaped like CIFAR-10's, with its description.
fn small() -> (Vec<u8>, Archive) {
    described(&[
        ("images/readme.html", b"a page".to_vec()),
        ("images/a.bin", noise(1)),
        ("images/b.bin", noise(2)),
    ])
}

fn described(files: &[(&str, Vec<u8>)]) -> (Vec<u8>, Archive) {
    let bytes = tarball(files);
    let digest = Sha256::digest(&bytes);
    let archive = Archive {
        name: "images.tar.gz",
        bytes: bytes.len() as u64,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        directory: "images",
        files: vec!["a.bin", "b.bin"],
        file_bytes: FILE_LEN as u64,
    };
    (bytes, archive)
}

/// Obtains `archive` from a server, without waits between connections.
fn fetch(server: &Server, archive: &Archive, cache: &Path) -> Result<PathBuf> {
    let agent = transfer::agent(Duration::from_millis(300));
    obtain(&Transfer { agent, url: &server.url, pause: Duration::ZERO }, archive, cache)
}

/// Names of everything in the cache except the lock.
fn listing(cache: &Path) -> Vec<String> {
    let entries = fs::read_dir(cache).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}

fn assert_unpacked(cache: &Path, directory: &Path) {
    assert_eq!(fs::read(directory.join("a.bin")).unwrap(), noise(1), "first file");
    assert_eq!(fs::read(directory.join("b.bin")).unwrap(), noise(2), "second file");
    assert_eq!(listing(directory), ["a.bin", "b.bin"], "only what is wanted");
    assert_eq!(listing(cache), ["images"], "nothing is left beside the images");
}

#[test]
fn an_archive_is_transferred_once() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let nested = cache.path().join("made/here");
    let directory = fetch(&server, &archive, &nested).unwrap();
    assert_unpacked(&nested, &directory);
    assert_eq!(fetch(&server, &archive, &nested).unwrap(), directory, "from the cache");
    assert_eq!(server.requests(), [None], "one request in all");
}

#[test]
fn a_cut_transfer_goes_on_where_it_ended() {
    let (bytes, archive) = small();
    let answers = [Answer::CutAfter(1000), Answer::CutAfter(2000), Answer::Ranges];
    let server = Server::start(bytes, &answers);
    let cache = tempfile::tempdir().unwrap();
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    let ranges = [None, Some("bytes=1000-".to_owned()), Some("bytes=3000-".to_owned())];
    assert_eq!(server.requests(), ranges, "requests");
}

#[test]
fn another_run_goes_on_too() {
    let (bytes, archive) = small();
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(bytes.clone(), &[Answer::CutAfter(1000), Answer::Status(503)]);
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains(&format!("1000 of {} bytes are kept", bytes.len())), "{error}");
    assert!(error.contains("503") && !error.contains('\n'), "{error}");
    assert_eq!(server.requests().len(), 5, "four connections that brought nothing");
    assert_eq!(listing(cache.path()), ["images.tar.gz.part"], "what is kept");
    let server = Server::start(bytes, &[Answer::Ranges]);
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    assert_eq!(server.requests(), [Some("bytes=1000-".to_owned())], "requests");
}

#[test]
fn a_silent_server_is_left() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::SilentAfter(1000), Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    assert_eq!(server.requests()[1..], [Some("bytes=1000-".to_owned())], "second request");
}

#[test]
fn a_server_without_ranges_starts_over() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::CutAfter(1000), Answer::Whole]);
    let cache = tempfile::tempdir().unwrap();
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    assert_eq!(server.requests().len(), 2, "requests");
}

#[test]
fn a_refused_range_starts_over() {
    let (bytes, archive) = small();
    let answers = [Answer::CutAfter(1000), Answer::Status(416), Answer::Ranges];
    let server = Server::start(bytes, &answers);
    let cache = tempfile::tempdir().unwrap();
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    assert_eq!(server.requests()[2], None, "from the start");
}

#[test]
fn a_redirect_is_followed() {
    let (bytes, archive) = small();
    let answers = [Answer::CutAfter(1000), Answer::Redirect, Answer::Ranges];
    let server = Server::start(bytes, &answers);
    let cache = tempfile::tempdir().unwrap();
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
    assert_eq!(server.requests()[2], Some("bytes=1000-".to_owned()), "the range is kept");
}

#[test]
fn an_address_without_the_file_is_named() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::Status(404)]);
    let cache = tempfile::tempdir().unwrap();
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains(&server.url) && error.contains("404"), "{error}");
    assert!(error.contains("--url"), "{error}");
    assert_eq!(server.requests().len(), 1, "no second try");
}

#[test]
fn another_length_is_refused_before_the_transfer() {
    let (bytes, archive) = small();
    let server = Server::start([&bytes[..], &[0]].concat(), &[Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains(&format!("offers {} bytes", bytes.len() + 1)), "{error}");
    let part = cache.path().join("images.tar.gz.part");
    assert_eq!(fs::metadata(part).unwrap().len(), 0, "bytes transferred");
}

#[test]
fn another_length_is_noticed_where_it_is_not_announced() {
    let (bytes, archive) = small();
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start([&bytes[..], &[0]].concat(), &[Answer::Unannounced]);
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains("more bytes than the published archive"), "{error}");
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(bytes[..2000].to_vec(), &[Answer::Unannounced]);
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains("the connection was closed early"), "{error}");
}

#[test]
fn another_content_is_deleted() {
    let (mut bytes, archive) = small();
    bytes[3000] ^= 1;
    let server = Server::start(bytes, &[Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains(&archive.sha256) && error.contains("was deleted"), "{error}");
    assert!(listing(cache.path()).is_empty(), "{:?}", listing(cache.path()));
}

#[test]
fn a_range_that_was_not_asked_for_is_refused() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::CutAfter(1000), Answer::WrongRange]);
    let cache = tempfile::tempdir().unwrap();
    let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
    assert!(error.contains("bytes 1001-"), "{error}");
    let part = cache.path().join("images.tar.gz.part");
    assert_eq!(fs::metadata(part).unwrap().len(), 1000, "what had arrived is kept");
}

#[test]
fn a_part_that_is_too_long_starts_over() {
    let (bytes, archive) = small();
    let cache = tempfile::tempdir().unwrap();
    let part = cache.path().join("images.tar.gz.part");
    fs::write(&part, vec![7; bytes.len() + 1]).unwrap();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_unpacked(cache.path(), &directory);
}

#[test]
fn a_damaged_directory_is_replaced() {
    let (bytes, archive) = small();
    let cache = tempfile::tempdir().unwrap();
    let images = cache.path().join("images");
    fs::create_dir(&images).unwrap();
    fs::write(images.join("a.bin"), noise(1)).unwrap();
    fs::write(images.join("b.bin"), &noise(2)[1..]).unwrap();
    fs::write(images.join("notes"), "of the user").unwrap();
    fs::create_dir(cache.path().join(".unpacking-a1b2c3")).unwrap();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let directory = fetch(&server, &archive, cache.path()).unwrap();
    assert_eq!(fs::read_to_string(images.join("notes")).unwrap(), "of the user", "untouched");
    assert_eq!(fs::read(images.join("b.bin.damaged-1")).unwrap(), &noise(2)[1..], "kept");
    fs::remove_file(images.join("notes")).unwrap();
    fs::remove_file(images.join("b.bin.damaged-1")).unwrap();
    assert_unpacked(cache.path(), &directory);
}

#[test]
fn paths_of_an_archive_are_not_followed() {
    let (bytes, archive) = described(&[
        ("../outside.bin", noise(3)),
        ("/tmp/images/a.bin", noise(3)),
        ("images/../../a.bin", noise(3)),
        ("a.bin", noise(3)),
        ("images/a.bin", noise(1)),
        ("images/b.bin", noise(2)),
    ]);
    let server = Server::start(bytes, &[Answer::Ranges]);
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    let directory = fetch(&server, &archive, &cache).unwrap();
    assert_unpacked(&cache, &directory);
    assert_eq!(listing(root.path()), ["cache"], "nothing outside the cache");
}

#[test]
fn an_archive_without_its_files_is_refused() {
    for (files, part) in [
        (vec![("images/a.bin", noise(1))], "no images/b.bin"),
        (vec![("images/a.bin", vec![0; 10])], "a.bin is a Regular of 10 bytes"),
        (vec![("images/a.bin", noise(1)), ("images/a.bin", noise(1))], "cannot unpack"),
    ] {
        let (bytes, archive) = described(&files);
        let server = Server::start(bytes, &[Answer::Ranges]);
        let cache = tempfile::tempdir().unwrap();
        let error = format!("{:#}", fetch(&server, &archive, cache.path()).unwrap_err());
        assert!(error.contains(part), "{error}");
        let left = listing(cache.path());
        assert_eq!(left, ["images.tar.gz.part"], "no half directory");
    }
}

#[test]
fn two_at_once_transfer_once() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let directories = std::thread::scope(|scope| {
        let run = || fetch(&server, &archive, cache.path()).unwrap();
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(directories[0], directories[1], "one directory");
    assert_unpacked(cache.path(), &directories[0]);
    assert_eq!(server.requests().len(), 1, "requests");
}

#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    let mut handle = File::create(&file).unwrap();
    handle.write_all(b"in the way").unwrap();
    let error = format!("{:#}", fetch(&server, &archive, &file.join("cache")).unwrap_err());
    assert!(error.contains("file/cache") && error.contains("--cache"), "{error}");
    assert!(server.requests().is_empty(), "nothing was asked for");
}

#[test]
fn an_address_that_is_none_is_named() {
    let (_, archive) = small();
    let cache = tempfile::tempdir().unwrap();
    let agent = transfer::agent(Duration::from_millis(300));
    let transfer = Transfer { agent, url: "not an address", pause: Duration::ZERO };
    let error = format!("{:#}", obtain(&transfer, &archive, cache.path()).unwrap_err());
    assert!(error.contains("not an address") && error.contains("--url"), "{error}");
}

#[test]
fn a_server_that_speaks_no_tls_is_an_error() {
    let (bytes, archive) = small();
    let server = Server::start(bytes, &[Answer::Ranges]);
    let cache = tempfile::tempdir().unwrap();
    let agent = transfer::agent(Duration::from_millis(300));
    let url = server.url.replace("http:", "https:");
    let transfer = Transfer { agent, url: &url, pause: Duration::ZERO };
    let error = format!("{:#}", obtain(&transfer, &archive, cache.path()).unwrap_err());
    assert!(error.contains(&format!("cannot download {url}")), "{error}");
}
