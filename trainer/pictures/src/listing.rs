//! The entries of a folder, without files that other programs or our own runs leave there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::kind;

/// Names that file systems, archives and viewers use for themselves. Hidden names are left out as well.
const RUBBISH: [&str; 12] = [
    "__macosx",
    "@eadir",
    "@recycle",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "__pycache__",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
];
/// Endings of the names of pictures, for hints only. The bytes of a file decide its kind.
const PICTURES: [&str; 14] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif",
    "avif", "jxl",
];
/// Sets of files. A folder that holds all files of one set is the output of one of our programs.
const OUTPUTS: [&[&str]; 5] = [
    &["confusion.csv", "confusion.svg"],
    &["config.json", "metrics.csv"],
    &["config.json", "best.mpk"],
    &["resume.bin"],
    &["sweep.csv", "sweep.svg"],
];
/// The picture in the report of a run.
const SHEET: &str = "mistakes.png";

/// The list of the pictures that `trainer images` writes. It marks a folder as output.
pub const IMAGE_LIST: &str = "images.csv";
/// Its first line.
pub const IMAGE_LIST_HEADER: &str = "picture,class,file\n";

/// Number of bytes at the start of a file that decide its kind.
const START_BYTES: u64 = 1024;

/// The `generator` in the head of the page that `export --report` writes. It marks a folder as output.
pub const PAGE_GENERATOR: &str = "export --report of Ocelli";

/// The entries of a folder, sorted by name within each kind.
#[derive(Debug, Default)]
pub struct Listing {
    /// Folders.
    pub folders: Vec<PathBuf>,
    /// Files, pictures or not.
    pub files: Vec<PathBuf>,
    /// Entries that are not used.
    pub left_out: Vec<LeftOut>,
}

/// An entry that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The entry.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why an entry is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A file system, an archive or a viewer put it there, or it is hidden.
    Rubbish,
    /// One of our own programs wrote it.
    Output,
    /// It is a link to something that does not exist.
    BrokenLink {
        /// What it points to.
        target: PathBuf,
    },
    /// It is neither a file nor a folder.
    Device,
}

impl Listing {
    /// Reads a folder.
    ///
    /// # Errors
    /// If the folder or an entry of it cannot be read.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in dir.read_dir()? {
            paths.push(entry?.path());
        }
        paths.sort_unstable();
        let mut listing = Self::default();
        for path in paths {
            listing.add(path)?;
        }
        Ok(listing)
    }

    fn add(&mut self, path: PathBuf) -> io::Result<()> {
        let reason = if is_rubbish(&path) {
            Reason::Rubbish
        } else {
            match path.metadata() {
                Ok(about) if about.is_dir() => {
                    if !is_output(&path) {
                        self.folders.push(path);
                        return Ok(());
                    }
                    Reason::Output
                }
                Ok(about) if about.is_file() => {
                    self.files.push(path);
                    return Ok(());
                }
                Ok(_) => Reason::Device,
                Err(error) => {
                    let Ok(target) = path.read_link() else { return Err(error) };
                    Reason::BrokenLink { target }
                }
            }
        };
        self.left_out.push(LeftOut { path, reason });
        Ok(())
    }

    /// Files with names of pictures.
    pub fn pictures(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(|path| looks_like_picture(path))
    }
}

/// Whether a file has the name of a picture. Only its bytes decide whether it is one.
pub fn looks_like_picture(path: &Path) -> bool {
    kind::extension(path).is_some_and(|extension| PICTURES.contains(&extension.as_str()))
}

fn is_rubbish(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy().to_lowercase();
        name.starts_with('.') || RUBBISH.contains(&name.as_str())
    })
}

/// Whether our own programs wrote a folder. Its content decides, because its name is the user's choice.
fn is_output(dir: &Path) -> bool {
    if holds_output(dir) {
        return true;
    }
    // Or a folder that holds only such folders, such as `runs`. Only one level, because links can form a cycle.
    let mut outputs = 0;
    for path in entries(dir) {
        if !holds_output(&path) {
            return false;
        }
        outputs += 1;
    }
    outputs > 0
}

/// A folder with other pictures counts as the user's, even if an output was written to it by mistake.
fn holds_output(dir: &Path) -> bool {
    is_marked(dir) && !holds_other_pictures(dir)
}

/// Whether a folder holds files of our programs.
fn is_marked(dir: &Path) -> bool {
    OUTPUTS.iter().any(|names| names.iter().all(|name| dir.join(name).is_file()))
        || begins(&dir.join(IMAGE_LIST), |start| start.starts_with(IMAGE_LIST_HEADER))
        || begins(&dir.join("index.html"), |start| start.contains(PAGE_GENERATOR))
}

/// Whether a folder holds pictures that our programs have not written, or folders of pictures.
fn holds_other_pictures(dir: &Path) -> bool {
    let list = dir.join(IMAGE_LIST);
    let listed = begins(&list, |start| start.starts_with(IMAGE_LIST_HEADER));
    let list = if listed { fs::read_to_string(list).unwrap_or_default() } else { String::new() };
    let ours = |path: &Path| {
        // The list has quotes around some names, and two quotes for one in a name.
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace('"', "");
        name == SHEET || list.lines().any(|line| line.replace('"', "").starts_with(&name))
    };
    entries(dir).any(|path| match path.is_dir() {
        true => !is_marked(&path) && entries(&path).any(|path| looks_like_picture(&path)),
        false => looks_like_picture(&path) && !ours(&path),
    })
}

/// The entries of a folder, without rubbish; none if it cannot be read.
fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = dir.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| !is_rubbish(path))
}

/// Whether `is` accepts the text at the start of a file.
fn begins(path: &Path, is: impl Fn(&str) -> bool) -> bool {
    let mut start = Vec::new();
    let file = File::open(path);
    file.is_ok_and(|file| file.take(START_BYTES).read_to_end(&mut start).is_ok())
        && is(&String::from_utf8_lossy(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_others_leave_in_a_folder_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        for name in ["cat", "__MACOSX", "@eaDir", ".ipynb_checkpoints", "Lost+Found"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        for name in ["a.png", ".DS_Store", "Thumbs.db", "._a.png", "notes.txt"] {
            fs::write(dir.join(name), "x").unwrap();
        }
        let found = Listing::read(dir).unwrap();
        assert_eq!(names(&found.folders), ["cat"], "folders");
        assert_eq!(names(&found.files), ["a.png", "notes.txt"], "files");
        assert_eq!(found.pictures().count(), 1, "pictures by name");
        assert_eq!(found.left_out.len(), 7, "{:?}", found.left_out);
        assert!(found.left_out.iter().all(|one| one.reason == Reason::Rubbish), "rubbish");
    }

    #[test]
    fn our_own_output_is_known_by_what_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        let folder = |name: &str, files: &[&str]| {
            fs::create_dir_all(dir.join(name)).unwrap();
            files.iter().for_each(|file| fs::write(dir.join(name).join(file), "x").unwrap());
        };
        folder("validation", &["confusion.csv", "confusion.svg", "mistakes.csv", "mistakes.png"]);
        folder("mine", &["best.mpk", "config.json", "metrics.csv", "curves.svg"]);
        folder("killed", &["resume.bin"]);
        folder("runs/one", &["best.mpk", "config.json"]);
        folder("runs/two", &["sweep.csv", "sweep.svg"]);
        folder("seen", &["0000_cat.png", "0001_a, \"b\".png"]);
        let list = format!("{IMAGE_LIST_HEADER}0000_cat.png,cat,\n\"0001_a, \"\"b\"\".png\",,\n");
        fs::write(dir.join("seen").join(IMAGE_LIST), list).unwrap();
        folder("report", &[]);
        let page = format!("<!DOCTYPE html><meta name=\"generator\" content=\"{PAGE_GENERATOR}\">");
        fs::write(dir.join("report/index.html"), page).unwrap();
        folder("config", &["config.json", "a.png"]);
        folder("cat", &["a.png"]);
        let found = Listing::read(dir).unwrap();
        assert_eq!(names(&found.folders), ["cat", "config"], "classes");
        assert_eq!(found.left_out.len(), 6, "{:?}", found.left_out);
        assert!(found.left_out.iter().all(|one| one.reason == Reason::Output), "our own");
    }

    #[test]
    fn output_beside_pictures_does_not_take_them_away() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        let folder = |name: &str, files: &[&str]| {
            fs::create_dir_all(dir.join(name)).unwrap();
            files.iter().for_each(|file| fs::write(dir.join(name).join(file), "x").unwrap());
        };
        let report = ["confusion.csv", "confusion.svg", "mistakes.csv", "mistakes.png"];
        folder("cat", &["best.mpk", "config.json", "metrics.csv", "a.png"]);
        folder("cat/validation", &report);
        folder("dog", &["a.png", "images.csv"]);
        folder("fox", &["a.png", "0000_fox.png"]);
        let list = format!("{IMAGE_LIST_HEADER}0000_fox.png,fox,\n");
        fs::write(dir.join("fox/images.csv"), list).unwrap();
        folder("validation", &report);
        folder("validation/cat", &["a.png"]);
        // Pictures that the programs wrote into a run are no pictures of the user.
        folder("run", &["config.json", "metrics.csv"]);
        folder("run/validation", &report);
        folder("run/seen", &["0000_cat.png"]);
        fs::write(dir.join("run/seen/images.csv"), IMAGE_LIST_HEADER).unwrap();
        let found = Listing::read(dir).unwrap();
        assert_eq!(names(&found.folders), ["cat", "dog", "fox", "validation"], "the user's");
        assert_eq!(found.left_out.len(), 1, "{:?}", found.left_out);
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_link_is_told_with_its_target() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("bird");
        std::os::unix::fs::symlink("/mnt/gone/bird", &link).unwrap();
        let found = Listing::read(directory.path()).unwrap();
        let reason = Reason::BrokenLink { target: "/mnt/gone/bird".into() };
        assert_eq!(found.left_out, [LeftOut { path: link, reason }], "the link");
    }
}
