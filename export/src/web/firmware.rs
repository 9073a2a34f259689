//! What the firmware in `tests/firmware` prints for a blob.

use anyhow::Result;
use runtime::Model;

/// The ten photographs of the firmware, each 32 × 32 pixels.
const PHOTOGRAPHS: &[u8] = include_bytes!("../../../tests/firmware/images/cifar10_test_0_9.rgb");

/// Bytes of a photograph.
const PHOTOGRAPH_LEN: usize = 32 * 32 * 3;

/// The hash of the logits of the ten images: sixteen hexadecimal digits. It is FNV-1a with 64 bits over
/// little-endian bytes, as the firmware computes it. Every processor gives the same logits, so this computer can
/// say what a board prints.
pub(super) fn hash(model: &Model<'_>) -> Result<String> {
    let mut arena = vec![0; model.arena_len_fast()];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for photograph in PHOTOGRAPHS.chunks_exact(PHOTOGRAPH_LEN) {
        let image: Vec<u8> =
            photograph.iter().copied().cycle().take(model.config().image().len()).collect();
        for byte in model.run(&image, &mut arena)?.logits().iter().flat_map(|&l| l.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::fnv::Fnv1a;

    /// `cwebp -lossless -z 9` made the file from a PNG file of these bytes.
    #[test]
    fn the_page_has_the_same_photographs() {
        let file = include_bytes!("../../../runtime/web/page/images.webp");
        let picture = image::load_from_memory(file).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (32, 320), "ten below each other");
        assert_eq!(picture.into_raw(), PHOTOGRAPHS, "the bytes");
    }

    #[test]
    fn the_hash_is_that_of_the_kit() {
        let blob = include_bytes!("../../../tests/golden/v1/micro.bin");
        let model = Model::parse(blob).unwrap();
        let mut arena = vec![0; model.arena_len()];
        let mut expected = Fnv1a::new();
        for image in PHOTOGRAPHS.chunks_exact(PHOTOGRAPH_LEN) {
            expected.extend(model.run(image, &mut arena).unwrap().logits().iter().copied());
        }
        assert_eq!(hash(&model).unwrap(), expected.to_string(), "the golden network");
    }
}
