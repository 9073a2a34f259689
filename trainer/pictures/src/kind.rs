//! Names the kind of a file that is not a supported picture, by its first bytes.

use std::path::Path;

/// What to do about pictures in a format that is not supported.
const CONVERT: &str = "convert it to JPEG or PNG";
/// Extensions of raw files of cameras. Most are TIFF files whose first picture is a thumbnail.
const RAW_FILES: [&str; 11] =
    ["arw", "cr2", "cr3", "dng", "nef", "nrw", "orf", "pef", "raf", "rw2", "srw"];

/// Whether the file has the extension of a camera's raw file.
pub(crate) fn is_raw(path: &Path) -> bool {
    extension(path).is_some_and(|extension| RAW_FILES.contains(&extension.as_str()))
}

/// The part of a file's name after its last dot, in lower case.
pub(crate) fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// The message about a camera's raw file.
pub(crate) fn raw() -> String {
    format!("is a raw file of a camera: {CONVERT}")
}

/// The kind of a file with these first bytes, and what to do. `bytes` need not be the whole file.
pub(crate) fn name(bytes: &[u8]) -> String {
    if let Some(kind) = isobmff(bytes) {
        return kind;
    }
    let begins = |start: &[u8]| bytes.starts_with(start);
    let convert = |kind: &str| format!("is {kind}: {CONVERT}");
    if bytes.is_empty() {
        "is empty: copy it again".into()
    } else if begins(b"\xff\x0a") || begins(b"\0\0\0\x0cJXL ") {
        convert("JPEG XL")
    } else if begins(b"\xff\x4f\xff\x51") || begins(b"\0\0\0\x0cjP  ") {
        convert("JPEG 2000")
    } else if begins(b"8BPS") {
        convert("a Photoshop file")
    } else if begins(b"%PDF") {
        convert("a PDF")
    } else if begins(b"gimp xcf") {
        convert("a GIMP file")
    } else if begins(b"\0\0\x01\0") {
        convert("an icon")
    } else if (begins(b"P") && bytes.get(1).is_some_and(|kind| (b'1'..=b'7').contains(kind)))
        && bytes.get(2).is_some_and(u8::is_ascii_whitespace)
    {
        convert("a PNM picture")
    } else if begins(b"RIFF") && bytes.get(8..12) == Some(b"AVI ") || begins(b"\x1a\x45\xdf\xa3") {
        "is a video: save pictures from it".into()
    } else if begins(b"PK\x03\x04") || begins(b"\x1f\x8b") || begins(b"7z\xbc\xaf") {
        "is an archive: unpack it".into()
    } else if begins(b"version https://git-lfs") {
        "is a pointer of Git LFS, not the file itself: run git lfs pull".into()
    } else {
        text(bytes)
    }
}

/// A file of the family of HEIC and MP4, whose first box names its brand.
fn isobmff(bytes: &[u8]) -> Option<String> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    // The main brand, the version, then the compatible brands.
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let brands = bytes.get(8..length.clamp(16, 64).min(bytes.len()))?;
    if brands.len() < 4 {
        return None;
    }
    let has = |names: &[&[u8; 4]]| {
        brands.chunks_exact(4).any(|brand| names.iter().any(|name| brand == *name))
    };
    Some(if has(&[b"avif", b"avis"]) {
        format!("is AVIF: {CONVERT}")
    } else if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        format!("is HEIC: {CONVERT} (an iPhone set to Most Compatible takes JPEG)")
    } else if has(&[b"crx "]) {
        raw()
    } else {
        "is a video: save pictures from it".into()
    })
}

/// Text, or an unknown kind.
fn text(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let start = &bytes[start..bytes.len().min(start + 256)];
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    if start.contains("<svg") {
        format!("is SVG, a drawing: {CONVERT}")
    } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "is a web page, not a picture: download the picture again".into()
    } else {
        "is not a picture: PNG, JPEG, WebP, BMP, GIF and TIFF are read".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_are_named_as_what_they_are() {
        for (bytes, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "is HEIC: convert"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "is AVIF: convert"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isommp41", "is a video"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "raw file of a camera"),
            (b"\xff\x0a\xfa\x1f", "is JPEG XL"),
            (b"8BPS\0\x01", "Photoshop"),
            (b"P6 2 2 255 ", "PNM"),
            (b"RIFF\0\0\0\0AVI LIST", "is a video"),
            (b"\n <!DOCTYPE html><html>", "is a web page"),
            (b"<?xml version='1.0'?><svg xmlns=''/>", "is SVG"),
            (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
            (b"", "is empty"),
            (b"hello", "is not a picture"),
            // Begin like a HEIC file, but are too short.
            (b"\0\0\0\x18ftyp", "is not a picture"),
            (b"\0\0\0\xffftypheic", "is HEIC"),
        ] {
            let found = name(bytes);
            assert!(found.contains(expected), "{found}, not {expected}");
        }
    }

    #[test]
    fn raw_files_are_known_by_their_names() {
        assert!(is_raw(Path::new("a/IMG_1.CR2")) && is_raw(Path::new("b.nef")), "raw");
        assert!(!is_raw(Path::new("a.tif")) && !is_raw(Path::new("dng")), "not raw");
    }
}
