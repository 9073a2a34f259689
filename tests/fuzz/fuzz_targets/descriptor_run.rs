//! A descriptor head of any bytes is refused, or runs to the end; every kernel set gives the same fingerprint.

#![no_main]

use kit::image;
use kit::smallest;
use libfuzzer_sys::fuzz_target;
use runtime::format::HEAD_DESCRIPTOR;
use runtime::{Descriptor, Kernels, Model};

fuzz_target!(|data: &[u8]| {
    let [(_, mut network), ..] = smallest::networks();
    network.other_heads.push((HEAD_DESCRIPTOR, data.to_vec()));
    let blob = network.to_bytes();
    let model = Model::parse(&blob).expect("heads that are not read");
    let image = image::random(model.config().image(), 7);
    let mut first = None;
    for kernels in Kernels::all() {
        let model = model.clone().with_kernels(kernels);
        let descriptor = match Descriptor::parse(&model) {
            Ok(descriptor) => descriptor.expect("the head"),
            Err(error) => {
                assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
                return;
            }
        };
        let mut arena = vec![0xA5; descriptor.arena_len()];
        let found = descriptor.run(&image, &mut arena).expect("what parses must run");
        let found = format!("{:?} {:?}", found.fingerprint, found.likeness);
        let first = first.get_or_insert_with(|| found.clone());
        assert_eq!(&found, first, "{kernels:?}");
    }
});
