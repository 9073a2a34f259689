//! The functions of a set with vectors.

/// A set whose functions call those of `lanes` with the instructions in `$features`. `$lanes` is a type with
/// one private field `()`.
///
/// The numbers of `linear` are rows of a tile, rows of a small tile, vectors of outputs and inputs of a panel.
/// Those of `attention` are keys, queries and vectors of channels that are taken together.
macro_rules! lanes_set {
    (
        $name:literal, $lanes:ident, $features:literal,
        linear: [$rows:literal, $few:literal, $panels:literal, $inputs:literal],
        attention: [$keys:literal, $queries:literal, $channels:literal]
    ) => {
        /// The set.
        pub(super) static KERNELS: $crate::kernels::f16::set::F16Kernels =
            $crate::kernels::f16::set::F16Kernels {
                name: $name,
                linear: |x, layer, out| {
                    out.fill(0.0);
                    // SAFETY: `sets` returns this set only if the processor has its instructions.
                    unsafe { linear_add(x, layer, out) }
                },
                linear_add: |x, layer, out| {
                    // SAFETY: as above.
                    unsafe { linear_add(x, layer, out) }
                },
                depthwise: |x, band, layer, out| {
                    // SAFETY: as above.
                    unsafe { depthwise(x, band, layer, out) }
                },
                gelu: |values| {
                    // SAFETY: as above.
                    unsafe { gelu(values) }
                },
                norm: |x, affine, out| {
                    // SAFETY: as above.
                    unsafe { norm(x, affine, out) }
                },
                attention: |qkv, shape, scores| {
                    // SAFETY: as above.
                    unsafe { attention(qkv, shape, scores.len()) }
                },
            };

        #[target_feature(enable = $features)]
        fn linear_add(
            x: &[f32],
            layer: &$crate::kernels::f16::operand::F16Linear<'_>,
            out: &mut [f32],
        ) {
            $crate::kernels::f16::lanes::linear_add::<$lanes, $rows, $few, $panels, $inputs>(
                $lanes(()),
                x,
                layer,
                out,
            );
        }

        #[target_feature(enable = $features)]
        fn depthwise(
            x: &[f32],
            band: &$crate::window::Band,
            layer: &$crate::kernels::f16::operand::F16Linear<'_>,
            out: &mut [f32],
        ) {
            $crate::kernels::f16::lanes::depthwise($lanes(()), x, band, layer, out);
        }

        #[target_feature(enable = $features)]
        fn gelu(values: &mut [f32]) {
            $crate::kernels::f16::lanes::gelu($lanes(()), values);
        }

        #[target_feature(enable = $features)]
        fn norm(x: &[f32], norm: &$crate::kernels::f16::operand::F16Norm<'_>, out: &mut [f32]) {
            $crate::kernels::f16::lanes::norm($lanes(()), x, norm, out);
        }

        #[target_feature(enable = $features)]
        fn attention(
            qkv: &mut [f32],
            attention: &$crate::kernels::f16::operand::F16Attention,
            tokens: usize,
        ) {
            let mut scores =
                $crate::kernels::f16::lanes::Aligned([$lanes::ZEROS; $crate::config::MAX_TOKENS]);
            let scores = $crate::rows::part_mut(&mut scores.0, 0, tokens);
            $crate::kernels::f16::lanes::attention::<$lanes, $keys, $queries, $channels>(
                $lanes(()),
                qkv,
                attention,
                scores,
            );
        }
    };
}
pub(in crate::kernels) use lanes_set;
