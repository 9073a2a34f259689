use super::*;
use image::{Rgb, RgbImage};
use kit::index::{RandomIndex, RandomParts};
use kit::rng::Rng;
use kit::synthetic::{self, Values};
use runtime::Model;
use runtime::config::Preset;
use runtime::format::HEAD_DESCRIPTOR;
use runtime::search::{Fingerprint, Index};
use serde_json::Value;
use std::path::Path;

/// Number of known pictures. It is larger than the number that a search finds.
const KNOWN: usize = 12;

/// A folder with a blob, known pictures and their index. It is removed at the end.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Place {
    fn new(name: &str) -> Self {
        let place =
            Self(std::env::temp_dir().join(format!("search-{name}-{}", std::process::id())));
        std::fs::create_dir_all(place.0.join("known/cat")).unwrap();
        let config = Preset::Nano.config(3).unwrap();
        let mut network = synthetic::network(&config, 1, Values::Typical);
        let head = synthetic::descriptor(&config, 1, Values::Typical, [24, 40]);
        network.other_heads = vec![(HEAD_DESCRIPTOR, head.to_bytes())];
        let blob = network.to_bytes();
        std::fs::write(place.0.join("described.bin"), &blob).unwrap();
        std::fs::write(place.0.join("index.bin"), place.index(&blob).to_bytes()).unwrap();
        place
    }

    /// Makes the known pictures and their index.
    fn index(&self, blob: &[u8]) -> RandomIndex {
        let model = Model::parse(blob).unwrap();
        let descriptor = Descriptor::parse(&model).unwrap().expect("a descriptor");
        let mut index = RandomIndex::new(1, KNOWN, [24, 40]);
        (index.labels, index.label_names) = (Some(vec![0; KNOWN]), "cat".into());
        for parts in [&mut index.class, &mut index.appearance] {
            (parts.vectors, parts.codes) = (Vec::new(), Vec::new());
        }
        let mut names = Vec::new();
        for place in 0..KNOWN {
            let mut rng = Rng::new(place as u64);
            let picture =
                RgbImage::from_fn(32, 32, |_, _| Rgb([(); 3].map(|()| rng.pick(0, u8::MAX))));
            names.push(format!("cat/{place}.png"));
            picture.save(self.0.join("known").join(&names[place])).unwrap();
            let mut arena = vec![0; descriptor.arena_len()];
            let seen = descriptor.run(picture.as_raw(), &mut arena).unwrap().fingerprint;
            index.network = seen.network;
            keep(&mut index, &seen);
        }
        index.names = names.join("\n");
        index
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Searches for a known picture.
    fn run(&self, picture: &str, words: &[&str]) -> Result<String> {
        let files = [self.path("described.bin"), self.path("index.bin"), self.path(picture)];
        let files = files.each_ref().map(String::as_str);
        run(&[&files, words].concat())
    }
}

fn keep(index: &mut RandomIndex, seen: &Fingerprint<'_>) {
    let add = |parts: &mut RandomParts, part: runtime::search::Part<'_>| {
        parts.vectors.extend(part.vector);
        parts.codes.push(part.code);
    };
    add(&mut index.class, seen.class);
    add(&mut index.appearance, seen.appearance);
}

fn run(words: &[&str]) -> Result<String> {
    let mut out = Vec::new();
    search(&Cli::try_parse_from([&["search"], words].concat())?, &mut out)?;
    Ok(String::from_utf8(out)?)
}

#[test]
fn a_known_picture_finds_itself_first() {
    let place = Place::new("itself");
    for likeness in ["class", "appearance", "mixed"] {
        let words = ["--likeness", likeness];
        let text = place.run("known/cat/7.png", &words).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), answer::FOUND, "{text}");
        assert_eq!(lines[0], ["1", "0", "cat", "cat/7.png"], "{text}");
        let distances = lines.iter().map(|line| line[1].parse::<u32>().unwrap());
        assert!(distances.is_sorted(), "{text}");
        let json = place.run("known/cat/7.png", &[&words[..], &["--json"]].concat()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["entries"], KNOWN, "{json}");
        for (line, found) in lines.iter().zip(json["found"].as_array().unwrap()) {
            assert_eq!(found["file"], line[3], "{json}");
            assert_eq!(found["distance"].to_string(), line[1], "{json}");
        }
    }
    assert!(!Path::new("found.png").exists(), "a sheet that nobody asked for");
}

#[test]
fn the_sheet_shows_the_pictures_and_replaces_none() {
    let place = Place::new("sheet");
    let (known, out) = (place.path("known"), place.path("found.png"));
    let picture = "known/cat/3.png";
    let draw = |out: &str, more: &[&str]| {
        place.run(picture, &[&["--pictures", &known, "--out", out], more].concat())
    };
    draw(&out, &[]).unwrap();
    let whole = image::open(&out).unwrap().into_rgb8();
    let error = draw(&out, &[]).unwrap_err().to_string();
    assert!(error.contains("--overwrite"), "{error}");
    for name in ["described.bin", "index.bin", picture, "known/cat/5.png"] {
        let path = place.path(name);
        let before = std::fs::read(&path).unwrap();
        let text = place.run(picture, &[]).unwrap();
        let refused = draw(&path, &["--overwrite"]);
        if path.ends_with("/5.png") && !text.contains("cat/5.png") {
            continue;
        }
        assert!(refused.unwrap_err().to_string().contains("would be replaced"), "{path}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{path}");
    }
    std::fs::remove_file(place.path("known/cat/3.png")).unwrap();
    std::fs::copy(place.path("known/cat/4.png"), place.path("other.png")).unwrap();
    let words = ["--pictures", &known, "--out", &out, "--overwrite"];
    place.run("other.png", &words).unwrap();
    let part = image::open(&out).unwrap().into_rgb8();
    assert_eq!(part.dimensions(), whole.dimensions(), "a picture that is gone keeps its place");
    let error = place.run("other.png", &["--pictures", &place.path("known/cat")]).unwrap_err();
    assert!(error.to_string().contains("none of the pictures"), "{error}");
}

#[test]
fn what_cannot_be_read_is_named_with_the_remedy() {
    let place = Place::new("refused");
    let [blob, index, picture] =
        ["described.bin", "index.bin", "known/cat/0.png"].map(|name| place.path(name));
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny.bin");
    let refusal = |words: &[&str]| format!("{:#}", run(words).unwrap_err());
    let error = refusal(&[&place.path("no.bin"), &index, &picture]);
    assert!(error.contains("no.bin"), "a missing blob: {error}");
    let error = refusal(&[&index, &blob, &picture]);
    assert!(error.contains("index.bin") && error.contains("blob first"), "swapped: {error}");
    let error = refusal(&[golden, &index, &picture]);
    assert!(error.contains("tiny.bin") && error.contains("export -- descriptor"), "plain: {error}");
    let error = refusal(&[&blob, &place.path("no.bin"), &picture]);
    assert!(error.contains("no.bin") && error.contains("export -- index"), "no index: {error}");
    let error = refusal(&[&blob, &blob, &picture]);
    assert!(error.contains("is no index"), "a blob as the index: {error}");
    let error = refusal(&[&blob, &index, &blob]);
    assert!(error.contains("is not a picture: PNG"), "no picture: {error}");
    let error = refusal(&[&blob, &index, &picture, "--out", "found.png"]);
    assert!(error.contains("--pictures"), "a sheet of what: {error}");
    let error = refusal(&[&blob, &index, &picture, "--pictures", &blob]);
    assert!(error.contains("is not a folder"), "no folder: {error}");
    let other = RandomIndex::new(3, 2, [24, 40]).to_bytes();
    std::fs::write(place.path("other.bin"), &other).unwrap();
    let error = refusal(&[&blob, &place.path("other.bin"), &picture]);
    assert!(error.contains("make the index again"), "another network: {error}");
    let mut damaged = std::fs::read(&index).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&index, damaged).unwrap();
    let error = refusal(&[&blob, &index, &picture]);
    assert!(error.contains("index.bin") && error.contains("make it again"), "damaged: {error}");
}

#[test]
fn names_of_an_index_lead_nowhere_else() {
    let place = Place::new("names");
    let bytes = std::fs::read(place.path("index.bin")).unwrap();
    assert_eq!(Index::parse(&bytes).unwrap().len(), KNOWN, "entries");
    let blob = std::fs::read(place.path("described.bin")).unwrap();
    let mut index = place.index(&blob);
    let names: Vec<_> = (0..KNOWN).map(|number| format!("../known/cat/{number}.png")).collect();
    index.names = names.join("\n");
    std::fs::write(place.path("index.bin"), index.to_bytes()).unwrap();
    let words = ["--pictures", &place.path("known"), "--out", &place.path("found.png")];
    let error = place.run("known/cat/0.png", &words).unwrap_err().to_string();
    assert!(error.contains("none of the pictures"), "{error}");
    index.names.clear();
    std::fs::write(place.path("index.bin"), index.to_bytes()).unwrap();
    let error = place.run("known/cat/0.png", &words).unwrap_err().to_string();
    assert!(error.contains("no names of files"), "{error}");
}
