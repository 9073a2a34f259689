//! Compares every kernel set of this processor with the scalar one, over all cases of the kit's comparison.

use kit::conformance::{Case, Comparison, Difference, cases};
use kit::memory::Heap;
use kit::rng::Rng;
use runtime::Kernels;
use runtime::format::I32Le;
use runtime::kernels::{Activation, Attention, Conv, Linear, Norm, NormAffine, Skip, scalar};
use runtime::window::{Band, Windows};

/// Compares `sets` over all of the cases; returns what differs.
fn differences(sets: &[&'static Kernels], cases: impl Iterator<Item = Case>) -> Vec<Difference> {
    let mut rng = Rng::new(1);
    let mut found = Vec::new();
    for case in cases {
        let report = &mut |difference| found.push(difference);
        let comparison = Comparison { sets, draw: &mut rng, memory: Heap, report };
        comparison.compare(case).expect("a heap is large enough");
    }
    found
}

/// Asserts that every set of this processor agrees with the scalar one.
fn check(cases: impl Iterator<Item = Case>) {
    let sets: Vec<_> = Kernels::all().filter(|set| set.name != scalar::KERNELS.name).collect();
    let found = differences(&sets, cases);
    assert!(found.is_empty(), "{} differences, the first: {:?}", found.len(), found[0]);
}

#[test]
fn linear_layers_agree() {
    check(cases::linear());
}

#[test]
fn convolutions_agree() {
    check(cases::conv());
}

#[test]
fn depthwise_convolutions_agree() {
    check(cases::depthwise());
}

#[test]
fn layer_norms_agree() {
    check(cases::norm());
}

#[test]
fn attention_agrees() {
    check(cases::attention());
}

#[test]
fn pool_and_logits_agree() {
    check(cases::head());
}

#[test]
fn every_set_of_this_processor_is_compared() {
    let names: Vec<_> = Kernels::all().map(|set| set.name).collect();
    assert_eq!(names[..2], ["scalar", "generic"], "on every target");
    #[cfg(target_arch = "aarch64")]
    {
        assert!(names.contains(&"neon"), "{names:?}");
        use std::arch::is_aarch64_feature_detected;
        let dotprod = is_aarch64_feature_detected!("dotprod");
        assert_eq!(names.contains(&"dotprod"), dotprod, "{names:?}");
        assert_eq!(names.contains(&"i8mm"), is_aarch64_feature_detected!("i8mm"), "{names:?}");
    }
    #[cfg(target_feature = "simd128")]
    assert!(names.contains(&"simd128"), "{names:?}");
    #[cfg(target_arch = "x86_64")]
    {
        assert!(names.contains(&"sse2"), "{names:?}");
        assert_eq!(names.contains(&"avx2"), is_x86_feature_detected!("avx2"), "{names:?}");
        let evex = is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni");
        let vnni = is_x86_feature_detected!("avxvnni") || evex;
        assert_eq!(names.contains(&"avx_vnni"), vnni, "{names:?}");
        let vnni = is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vbmi");
        assert_eq!(names.contains(&"avx512_vnni"), vnni, "{names:?}");
        // The operating system can refuse AMX, so it may be missing.
        assert!(vnni || !names.contains(&"amx_int8"), "{names:?}");
    }
}

#[test]
fn a_scalar_linear_layer_gives_values_computed_by_hand() {
    let bias: Vec<u8> = [5i32, 0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mult: Vec<u8> = [1i32 << 30; 2].iter().flat_map(|v| v.to_le_bytes()).collect();
    let (bias, mult) = (I32Le::new(&bias).unwrap(), I32Le::new(&mult).unwrap());
    let layer = Linear::new(&[10, 0, -1, 4, 4, 4], bias, mult, &[32, 32], 3).unwrap();
    let mut out = [0; 2];
    let activation = Activation { zero_point: -1, gelu: None };
    scalar::linear_i8(&[1, 2, 3], &layer, &activation, &mut out);
    // (10 − 3 + 5) / 4 − 1 and (4 + 8 + 12) / 4 − 1.
    assert_eq!(out, [2, 5], "a quarter of 12 and of 24, less one");
}

/// Changes the last value.
macro_rules! spoil {
    ($out:expr) => {
        if let Some(last) = $out.last_mut() {
            *last = last.wrapping_add(1);
        }
    };
}

fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    scalar::linear_i8(x, layer, activation, out);
    spoil!(out);
}

fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    scalar::linear_skip_i8(x, layer, skip, out);
    spoil!(out);
}

fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    scalar::linear_add_i16(x, layer, out);
    spoil!(out);
}

fn logits_i32(x: &[i32], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    scalar::logits_i32(x, w, bias, out);
    spoil!(out);
}

fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    scalar::logits_i8(x, w, bias, out);
    spoil!(out);
}

fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    scalar::depthwise_i8(x, band, pad, layer, activation, out);
    spoil!(out);
}

fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    scalar::layer_norm_i8(x, dim, norm, out);
    spoil!(out);
}

fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    scalar::layer_norm_affine_i8(x, norm, out);
    spoil!(out);
}

fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    scalar::attention_i8(qkv, attention, scores);
    spoil!(qkv);
}

fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    scalar::pool_i32(x, zero_point, out);
    spoil!(out);
}

/// Returns that it wrote, but writes nothing.
fn conv_i8(_: &Windows<'_, i8>, _: &Linear<'_>, _: &Activation<'_>, _: &mut [i8]) -> bool {
    true
}

fn conv_add_i16(_: &Windows<'_, i8>, _: &Linear<'_>, _: &mut [i16]) -> bool {
    true
}

/// A set for each kernel, with a fault in that kernel.
macro_rules! faulty {
    ($($kernel:ident)*) => {
        [$({
            static SET: Kernels =
                Kernels { name: stringify!($kernel), $kernel, ..scalar::KERNELS };
            &SET
        }),*]
    };
}

#[test]
fn a_fault_in_any_kernel_is_found() {
    let sets: [&'static Kernels; 10] = faulty!(
        linear_i8 linear_skip_i8 linear_add_i16 logits_i32 logits_i8 depthwise_i8 layer_norm_i8
        layer_norm_affine_i8 attention_i8 pool_i32
    );
    for set in sets {
        let small = |cases: &mut dyn Iterator<Item = Case>| -> Vec<Case> {
            cases.filter(|case| case.work() < 10_000).collect()
        };
        let cases = [
            small(&mut cases::linear()),
            small(&mut cases::depthwise()),
            small(&mut cases::norm()),
            small(&mut cases::attention()),
            small(&mut cases::head()),
        ];
        let found = differences(&[set], cases.concat().into_iter());
        assert!(found.len() > 40, "{}: {} found", set.name, found.len());
        let wrong = found.iter().find(|difference| difference.kernel != set.name);
        assert_eq!(wrong, None, "{}: another kernel is blamed", set.name);
    }
}

#[test]
fn a_convolution_that_writes_nothing_is_found() {
    static SET: Kernels =
        Kernels { name: "idle", conv: Some(Conv { conv_i8, conv_add_i16 }), ..scalar::KERNELS };
    let cases: Vec<_> = cases::conv().filter(|case| case.work() < 10_000).collect();
    let found = differences(&[&SET], cases.iter().copied());
    for kernel in ["conv_i8", "conv_add_i16"] {
        let count = found.iter().filter(|difference| difference.kernel == kernel).count();
        assert!(count * 10 > cases.len() * 9, "{kernel}: {count} of {}", cases.len());
    }
}
