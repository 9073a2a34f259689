//! Packed weights give the same bits as the weights of the blob, in memory at any alignment.

use runtime::{Kernels, Model, RunError};

const BLOB: &[u8] = include_bytes!("../../tests/golden/v1/tiny.bin");
const IMAGE: &[u8] = include_bytes!("../../tests/golden/v1/tiny.rgb");

#[test]
fn memory_can_have_any_alignment() {
    for kernels in Kernels::all() {
        let plain = Model::parse(BLOB).unwrap().with_kernels(kernels);
        let mut arena = vec![0; plain.arena_len()];
        let expected = plain.run(IMAGE, &mut arena).unwrap().logits().to_vec();
        for offset in [0, 1, 63] {
            let mut memory = vec![0xA5; offset + plain.packed_len() + 1];
            let (memory, behind) = memory[offset..].split_at_mut(plain.packed_len());
            let model = Model::parse(BLOB).unwrap().with_kernels(kernels).pack(memory).unwrap();
            assert_eq!(model.run(IMAGE, &mut arena).unwrap().logits(), expected, "{kernels:?}");
            assert_eq!(behind, [0xA5], "{kernels:?}: written beyond the end of the memory");
        }
    }
}

#[test]
fn too_little_memory_is_an_error() {
    for kernels in Kernels::all() {
        let model = Model::parse(BLOB).unwrap().with_kernels(kernels);
        let expected = model.packed_len();
        let packs = ["avx2", "avx_vnni", "avx512_vnni", "amx_int8"].contains(&kernels.name);
        assert_eq!(expected > 0, packs, "{kernels:?}");
        let Some(found) = expected.checked_sub(1) else { continue };
        let error = model.pack(&mut vec![0; found]).unwrap_err();
        assert_eq!(error, RunError::Packed { found, expected });
    }
}
