//! The limits of a description are those of `INTEGER.md` and of the constants of `config`: the limit is
//! accepted, and one more is refused with an error that names the size.

use kit::specs::four_tokens;
use runtime::config::{
    ConfigError, ImageSpec, MAX_CLASSES, MAX_DEPTH, MAX_DIM, MAX_HEAD_DIM, MAX_HEADS,
    MAX_HIDDEN_DIM, MAX_IMAGE_SIDE, MAX_K, MAX_POOLED, MAX_STEM_VALUES, MAX_TOKENS, PatchOrder,
    Pool, StemSpec, StemStage, VitConfig, VitSpec,
};

type Set = fn(&mut VitSpec, u16);

/// A size, its range, and how to set it.
const SIZES: [(&str, usize, usize, Set); 7] = [
    ("dim", 1, MAX_DIM, |spec, v| spec.dim = v),
    ("depth", 1, MAX_DEPTH, |spec, v| spec.depth = v.try_into().unwrap_or(u8::MAX)),
    ("heads", 1, MAX_HEADS, |spec, v| spec.attention.heads = v.try_into().unwrap_or(u8::MAX)),
    ("head_dim", 1, MAX_HEAD_DIM, |spec, v| spec.attention.head_dim = v),
    ("mlp dim", 1, MAX_HIDDEN_DIM, |spec, v| spec.mlp.dim = v),
    ("classes", 2, MAX_CLASSES, |spec, v| spec.classes = v),
    ("hidden width of the head", 1, MAX_HIDDEN_DIM, |spec, v| {
        spec.hidden = [v].into_iter().collect();
    }),
];

#[test]
fn every_size_is_accepted_up_to_both_ends() {
    for (what, min, max, set) in SIZES {
        for found in [min - 1, min, max, max + 1] {
            let mut spec = four_tokens();
            set(&mut spec, u16::try_from(found).expect("a size"));
            let expected = (found < min || found > max).then_some(ConfigError::OutOfRange {
                what,
                found,
                min,
                max,
            });
            assert_eq!(VitConfig::new(spec).err(), expected, "{what} is {found}");
        }
    }
}

/// A description with patches of one pixel, `height · width` tokens.
fn pixels(height: u16, width: u16, dim: u16, pool: Pool) -> VitSpec {
    let stem = StemSpec::Patches { size: 1, order: PatchOrder::Grid };
    VitSpec { image: ImageSpec { height, width }, stem, dim, pool, ..four_tokens() }
}

fn refused(spec: VitSpec) -> Option<(&'static str, usize, usize)> {
    match VitConfig::new(spec) {
        Ok(_) => None,
        Err(ConfigError::OutOfRange { what, found, max, .. }) => Some((what, found, max)),
        Err(other) => panic!("{other:?} for a product that is too large"),
    }
}

#[test]
fn every_product_is_accepted_up_to_its_limit() {
    assert_eq!(refused(pixels(32, 32, 32, Pool::Mean)), None, "1,024 tokens of 32 values");
    let tokens = Some(("tokens", 1025, MAX_TOKENS));
    assert_eq!(refused(pixels(25, 41, 1, Pool::Mean)), tokens, "1,025 tokens");
    assert_eq!(refused(pixels(32, 31, 33, Pool::Mean)), None, "32,736 pooled values");
    let pooled = Some(("tokens x dim under a mean pool", 32 * 32 * 33, MAX_POOLED));
    assert_eq!(refused(pixels(32, 32, 33, Pool::Mean)), pooled, "33,792 pooled values");
    assert_eq!(refused(pixels(3, 257, 85, Pool::Flatten)), None, "65,535 inputs of the head");
    let inputs = Some(("inputs of the flatten head", 1 << 16, MAX_K));
    assert_eq!(refused(pixels(32, 32, 64, Pool::Flatten)), inputs, "65,536 inputs of the head");
}

#[test]
fn sides_and_patches_are_limited() {
    let patches = |height, size| VitSpec {
        image: ImageSpec { height, width: height },
        stem: StemSpec::Patches { size, order: PatchOrder::Grid },
        ..four_tokens()
    };
    assert_eq!(refused(patches(512, 128)), None, "the largest side");
    let side = Some(("image height", 513, MAX_IMAGE_SIDE));
    assert_eq!(refused(patches(513, 27)), side, "one more");
    assert_eq!(refused(patches(147, 147)), None, "patches of 64,827 values");
    let values = Some(("values of a patch", 148 * 148 * 3, MAX_K));
    assert_eq!(refused(patches(148, 148)), values, "patches of 65,712 values");
    let zero = Some(("patch size", 0, MAX_IMAGE_SIDE));
    assert_eq!(refused(patches(8, 0)), zero, "patches of nothing");
}

/// A stem over a square image whose last convolution, of stride 2, makes tokens of eight values.
fn stem(side: u16, stages: &[StemStage]) -> VitSpec {
    let last = StemStage::Conv { channels: 8, stride: 2, gelu: false };
    let stages = stages.iter().copied().chain([last]).collect();
    let image = ImageSpec { height: side, width: side };
    VitSpec { image, stem: StemSpec::Conv(stages), ..four_tokens() }
}

fn conv(channels: u16, stride: u8) -> StemStage {
    StemStage::Conv { channels, stride, gelu: true }
}

#[test]
fn stem_stages_are_limited() {
    for (channels, allowed) in [(0, false), (1, true), (1024, true), (1025, false)] {
        let expected = ("channels of a stem stage", channels.into(), MAX_DIM);
        let found = refused(stem(8, &[conv(channels, 1)]));
        assert_eq!(found, (!allowed).then_some(expected), "{channels} channels");
    }
    for (stride, allowed) in [(0, false), (1, true), (2, true), (3, false)] {
        let expected = ("stride of a stem stage", stride.into(), 2);
        let found = refused(stem(8, &[conv(4, stride)]));
        assert_eq!(found, (!allowed).then_some(expected), "a stride of {stride}");
    }
    for (hidden, allowed) in [(0, false), (1, true), (4096, true), (4097, false)] {
        for stage in [StemStage::Residual { hidden }, StemStage::InvertedResidual { hidden }] {
            let expected = ("hidden channels of a stem stage", hidden.into(), MAX_HIDDEN_DIM);
            let found = refused(stem(8, &[conv(4, 1), stage]));
            assert_eq!(found, (!allowed).then_some(expected), "{stage:?}");
        }
    }
    let narrow = [conv(8, 2); 4];
    let wide = |first| [&[first][..], &narrow].concat();
    assert_eq!(refused(stem(512, &wide(conv(256, 1)))), None, "2^26 values");
    let values = Some(("values of a stem stage", 512 * 512 * 257, MAX_STEM_VALUES));
    assert_eq!(refused(stem(512, &wide(conv(257, 1)))), values, "more");
}
