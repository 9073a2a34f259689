//! The trained golden blob under every kernel set of the target: its logits on the 1,000 embedded
//! test images hash to the published value.

#[path = "../src/fnv.rs"]
#[allow(dead_code, reason = "shared with tests that also read the value")]
mod fnv;

use image::ImageFormat::WebP;
use runtime::{Kernels, Model};

const BLOB: &[u8] = include_bytes!("../golden/v1/micro.bin");
const PUBLISHED: &str = include_str!("../golden/v1/micro.logits");
const STRIPS: [&[u8]; 2] = [
    include_bytes!("../../trainer/assets/test_0.webp"),
    include_bytes!("../../trainer/assets/test_1.webp"),
];

#[test]
fn every_set_gives_the_published_logits() {
    let decode = |strip| image::load_from_memory_with_format(strip, WebP).unwrap();
    let pixels: Vec<u8> =
        STRIPS.iter().flat_map(|strip| decode(strip).into_rgb8().into_raw()).collect();
    let model = Model::parse(BLOB).unwrap();
    for kernels in Kernels::all() {
        let logits = logits(&model.clone().with_kernels(kernels), &pixels);
        assert_eq!(logits.len(), 1000, "embedded test images");
        let mut hash = fnv::Fnv1a::new();
        for logits in logits {
            hash.extend(logits);
        }
        assert_eq!(hash.to_string(), PUBLISHED.trim_end(), "{}", kernels.name);
        println!("{}: {hash}", kernels.name);
    }
}

/// The logits of each image, on all cores where there are threads.
fn logits(model: &Model<'_>, pixels: &[u8]) -> Vec<Vec<i32>> {
    #[cfg(feature = "std")]
    return model.run_batch(pixels, |output| output.logits().to_vec()).unwrap();
    #[cfg(not(feature = "std"))]
    {
        let mut arena = vec![0; model.arena_len()];
        let images = pixels.chunks_exact(model.config().image().len());
        images.map(|image| model.run(image, &mut arena).unwrap().logits().to_vec()).collect()
    }
}
