//! Compares every kernel set of the arithmetic `F16` with the scalar one, over all cases of the comparison.

use kit::conformance::{Case, Difference, F16Comparison, cases};
use kit::memory::Heap;
use kit::rng::Rng;
use runtime::F16Kernels;
use runtime::kernels::f16::{F16Attention, F16Linear, F16Norm, scalar};
use runtime::window::Band;

/// Compares `sets` over all of the cases; returns what differs.
fn differences(sets: &[&'static F16Kernels], cases: impl Iterator<Item = Case>) -> Vec<Difference> {
    let mut rng = Rng::new(1);
    let mut found = Vec::new();
    for case in cases {
        let report = &mut |difference| found.push(difference);
        let comparison = F16Comparison { sets, draw: &mut rng, memory: Heap, report };
        comparison.compare(case).expect("a heap is large enough");
    }
    found
}

/// Asserts that every set of this processor agrees with the scalar one.
fn check(cases: impl Iterator<Item = Case>) {
    let sets: Vec<_> = F16Kernels::all().filter(|set| set.name != scalar::KERNELS.name).collect();
    let found = differences(&sets, cases);
    assert!(found.is_empty(), "{} differences, the first: {:?}", found.len(), found[0]);
}

#[test]
fn linear_layers_and_gelu_agree() {
    check(cases::linear());
}

#[test]
fn depthwise_convolutions_agree() {
    check(cases::depthwise());
}

#[test]
fn norms_agree() {
    check(cases::norm());
}

#[test]
fn attention_agrees() {
    check(cases::attention());
}

#[test]
fn every_set_of_this_processor_is_compared() {
    let names: Vec<_> = F16Kernels::all().map(|set| set.name).collect();
    assert_eq!(names[..2], ["scalar", "generic"], "on every target");
    #[cfg(target_arch = "x86_64")]
    {
        assert!(names.contains(&"sse2"), "{names:?}");
        let f16c = is_x86_feature_detected!("f16c");
        let avx2 = f16c && is_x86_feature_detected!("avx2");
        assert_eq!(names.contains(&"avx2"), avx2, "{names:?}");
        let avx512 = f16c && is_x86_feature_detected!("avx512f");
        assert_eq!(names.contains(&"avx512"), avx512, "{names:?}");
    }
}

/// Changes the last value by one bit.
fn spoil(out: &mut [f32]) {
    if let Some(last) = out.last_mut() {
        *last = f32::from_bits(if last.is_nan() { 0 } else { last.to_bits() ^ 1 });
    }
}

fn linear(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    scalar::linear(x, layer, out);
    spoil(out);
}

fn linear_add(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    scalar::linear_add(x, layer, out);
    spoil(out);
}

fn depthwise(x: &[f32], band: &Band, layer: &F16Linear<'_>, out: &mut [f32]) {
    scalar::depthwise(x, band, layer, out);
    spoil(out);
}

fn gelu(values: &mut [f32]) {
    scalar::gelu(values);
    spoil(values);
}

fn norm(x: &[f32], norm: &F16Norm<'_>, out: &mut [f32]) {
    scalar::norm(x, norm, out);
    spoil(out);
}

fn attention(qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) {
    scalar::attention(qkv, attention, scores);
    spoil(qkv);
}

/// A set for each kernel, with a fault in that kernel.
macro_rules! faulty {
    ($($kernel:ident)*) => {
        [$({
            static SET: F16Kernels =
                F16Kernels { name: stringify!($kernel), $kernel, ..scalar::KERNELS };
            &SET
        }),*]
    };
}

#[test]
fn a_fault_in_any_kernel_is_found() {
    let sets: [&'static F16Kernels; 6] = faulty!(linear linear_add depthwise gelu norm attention);
    for set in sets {
        let all = [
            cases::linear().collect::<Vec<_>>(),
            cases::depthwise().collect(),
            cases::norm().collect(),
            cases::attention().collect(),
        ];
        let small = all.concat().into_iter().filter(|case| case.work() < 10_000);
        let found = differences(&[set], small);
        assert!(found.len() > 40, "{}: {} found", set.name, found.len());
        let wrong = found.iter().find(|difference| difference.kernel != set.name);
        assert_eq!(wrong, None, "{}: another kernel is blamed", set.name);
    }
}
