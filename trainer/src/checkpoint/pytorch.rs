//! Distinguishes files of PyTorch from checkpoints by their first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes that decide: the length of a header of safetensors, and its first letter.
const BYTES: usize = 9;

/// Whether the file at `path` holds PyTorch weights: safetensors, or a pickle of `torch.save`. A file named
/// `.safetensors` counts as PyTorch weights in any case.
pub fn is_pytorch(path: &Path) -> bool {
    let named = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("safetensors"));
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES as u64).read_to_end(&mut start));
    named || read.is_ok() && begins(&start)
}

/// Whether a file of PyTorch weights begins with these bytes.
pub(super) fn begins(start: &[u8]) -> bool {
    if is_pickle(start) {
        return true;
    }
    // The header of safetensors is a JSON object after its length. A checkpoint is a MessagePack map that
    // begins with a name: read as a length, its first eight bytes are above 2^32.
    let header = start.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    header.is_some_and(|length| length < 1 << 32) && start.get(8) == Some(&b'{')
}

/// Whether a file of `torch.save` begins with these bytes: an archive, or a bare pickle of old versions.
pub(crate) fn is_pickle(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"\x80\x02")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_known_by_bytes_and_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let found = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            is_pytorch(&path)
        };
        let safetensors = [&2u64.to_le_bytes()[..], b"{}"].concat();
        assert!(found("weights", &safetensors), "by its header");
        assert!(found("weights.pth", b"PK\x03\x04 archive"), "a pickle");
        assert!(found("weights.SAFETENSORS", b""), "by its name");
        assert!(!found("best.mpk", b"\x83\xa4item"), "a checkpoint");
        assert!(!found("notes.txt", b"some text {"), "text");
        assert!(is_pytorch(Path::new("none.SafeTensors")), "a missing file");
        assert!(!is_pytorch(directory.path()), "a directory");
    }
}
