//! The files of a page.

use super::settings::SETTINGS_FILE;

pub(super) const MODEL_FILE: &str = "model.bin";
pub(super) const INDEX_FILE: &str = "index.bin";
pub(super) const SHEET_FILE: &str = "known.jpg";

/// The names of all files of any page. Not every page has all of them.
pub fn names() -> Vec<&'static str> {
    let own = [SETTINGS_FILE, MODEL_FILE, INDEX_FILE, SHEET_FILE];
    own.into_iter().chain(FILES.iter().map(|&(name, _)| name)).collect()
}

/// Name and bytes of a file of `runtime/web` or of its page.
macro_rules! file {
    ($folder:literal, $name:literal) => {
        ($name, include_bytes!(concat!("../../../", $folder, "/", $name)))
    };
}

/// The files that every page has.
pub(super) const FILES: [(&str, &[u8]); 17] = [
    file!("runtime/web", "ocelli.js"),
    file!("runtime/web", "ocelli.d.ts"),
    file!("runtime/web", "ocelli.wasm"),
    file!("runtime/web", "resize.js"),
    file!("runtime/web/page", "evidence.js"),
    file!("runtime/web/page", "firmware.js"),
    file!("runtime/web/page", "icon.svg"),
    file!("runtime/web/page", "images.webp"),
    file!("runtime/web/page", "index.html"),
    file!("runtime/web/page", "learned.js"),
    file!("runtime/web/page", "lists.js"),
    file!("runtime/web/page", "offline.js"),
    file!("runtime/web/page", "page.js"),
    file!("runtime/web/page", "page.webmanifest"),
    file!("runtime/web/page", "sources.js"),
    file!("runtime/web/page", "style.css"),
    file!("runtime/web/page", "thumbnails.js"),
];
