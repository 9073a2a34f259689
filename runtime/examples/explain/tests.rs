use super::*;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny.bin");
/// The same network with attributes.
const FULL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny_attributes.bin");

/// A directory with two pictures and a text.
fn pictures(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("explain-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for (name, colour) in [("a.png", [200, 10, 10]), ("b.png", [10, 200, 10])] {
        let picture = image::RgbImage::from_pixel(30, 20, image::Rgb(colour));
        picture.save(directory.join(name)).unwrap();
    }
    std::fs::write(directory.join("c.jpg"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
    directory
}

fn run(words: &[&str]) -> Result<String> {
    run_blob(GOLDEN, words)
}

fn run_blob(blob: &str, words: &[&str]) -> Result<String> {
    let mut out = Vec::new();
    explain(&Cli::try_parse_from([&["explain", blob], words].concat())?, &mut out)?;
    Ok(String::from_utf8(out)?)
}

#[test]
fn attributes_are_named_and_have_maps() {
    let directory = pictures("attributes");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (plain, full, one) = (path("plain.png"), path("full.png"), path("one.png"));
    let height = |path: &str| image::open(path).unwrap().height();
    let text = run(&[&path("a.png"), "--out", &plain]).unwrap();
    assert!(!text.contains("; attributes: "), "{text}");
    let text = run_blob(FULL, &[&path("a.png"), "--out", &full]).unwrap();
    let (_, names) = text.trim_end().split_once("; attributes: ").unwrap();
    assert!(names.split(", ").all(|name| name.starts_with("attribute ")), "{text}");
    assert!(height(&full) > height(&plain) + 100, "maps below the page");
    run_blob(FULL, &[&path("a.png"), "--out", &one, "--attribute", "attribute 3"]).unwrap();
    assert_ne!(std::fs::read(&one).unwrap(), std::fs::read(&full).unwrap(), "another map");
    let out = path("d.png");
    let error = run_blob(FULL, &[&path("a.png"), "--out", &out, "--attribute", "hat"]).unwrap_err();
    assert!(error.to_string().contains("attribute 19"), "{error}");
    let error = run(&[&path("a.png"), "--out", &out, "--attribute", "0"]).unwrap_err();
    assert!(error.to_string().contains("--heads all"), "{error}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_file_gets_a_page_and_a_folder_a_sheet() {
    let directory = pictures("pages");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let out = path("out/one.png");
    let error = run(&[&path("a.png"), "--out", &out]).unwrap_err().to_string();
    assert!(error.contains("create its directory"), "{error}");
    let (one, many) = (path("one.png"), path("many.bin"));
    let text = run(&[&path("a.png"), "--out", &one, "--class", "3", "--against", "4"]).unwrap();
    assert!(text.lines().count() == 1 && text.contains(" %"), "{text}");
    assert!(image::open(&one).unwrap().width() > 900, "a page");
    let text = run(&[&path(""), "--out", &many]).unwrap();
    assert_eq!(text.lines().count(), 3, "two pictures and the page: {text}");
    assert!(std::fs::read(&many).unwrap().starts_with(b"\x89PNG"), "a sheet");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn nothing_is_replaced_and_no_picture_is_lost() {
    let directory = pictures("kept");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let before = std::fs::read(path("a.png")).unwrap();
    let error = run(&[&path("b.png"), "--out", &path("a.png")]).unwrap_err().to_string();
    assert!(error.contains("--overwrite"), "{error}");
    let same = run(&[&path("a.png"), "--out", &path("a.png"), "--overwrite"]).unwrap_err();
    assert!(same.to_string().contains("would be replaced"), "{same}");
    assert_eq!(std::fs::read(path("a.png")).unwrap(), before, "the picture");
    let error = run(&[&path("c.jpg"), "--out", &path("d.png")]).unwrap_err().to_string();
    assert!(error.contains("c.jpg") && error.contains("HEIC"), "{error}");
    let error = run(&[&path("a.png"), "--class", "emu", "--out", &path("d.png")]).unwrap_err();
    assert!(error.to_string().contains("emu"), "{error}");
    std::fs::remove_dir_all(directory).unwrap();
}
