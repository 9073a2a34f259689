//! Every kernel set against [`scalar`](super::scalar), for shapes around every block length,
//! extreme values and misaligned operands.

use super::{Activation, Attention, Kernels, Linear, Norm, NormAffine, Skip};
#[cfg(target_arch = "x86_64")]
use super::{PACKED_ALIGN, Packing};
use crate::config::{Grid, MAX_DIM};
use crate::fixed::{Octaves, Requant};
use crate::format::{I16Le, I32Le};
use crate::window::{Pad, Windows};

/// A 64-bit linear congruential generator (Knuth's MMIX constants), enough to fill operands.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// i8 values: anything, or only the extremes.
    fn bytes(&mut self, len: usize, extreme: bool) -> Vec<i8> {
        (0..len)
            .map(|_| match (extreme, self.next()) {
                (true, r) => [-128, 127][(r >> 7) as usize & 1],
                (false, r) => (r >> 5) as i8,
            })
            .collect()
    }

    fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }
}

/// Storage behind a [`Linear`], one byte off alignment.
#[derive(Clone)]
struct Layer {
    weights: Vec<i8>,
    bias: Vec<u8>,
    mult: Vec<u8>,
    shift: Vec<u8>,
    k: usize,
}

impl Layer {
    fn new(random: &mut Random, k: usize, n: usize, extreme: bool) -> Self {
        let mut bias = vec![0];
        let mut mult = vec![0];
        for _ in 0..n {
            let b = if extreme { 1 << 30 } else { random.next() as i32 >> 14 };
            bias.extend(b.to_le_bytes());
            mult.extend(((1u32 << 30) + random.below(1 << 30)).to_le_bytes());
        }
        // Around the shift at which typical sums use the whole output range; in one layer of eight also the
        // least that there is.
        let spread = (k as f64).sqrt().log2() as u32;
        let least = random.below(8) == 0;
        let shift = (0..n)
            .map(|channel| match (least, channel % 3) {
                (true, 1) => 32,
                _ => (36 + spread + random.below(5)) as u8,
            })
            .collect();
        Self { weights: random.bytes(n * k, extreme), bias, mult, shift, k }
    }

    /// Whether a channel has the least shift, for which a set may have no fast way.
    fn carries(&self) -> bool {
        self.shift.contains(&Requant::MIN_SHIFT)
    }

    fn linear(&self) -> Linear<'_> {
        let bias = I32Le::new(&self.bias[1..]).unwrap();
        let mult = I32Le::new(&self.mult[1..]).unwrap();
        Linear::new(&self.weights, bias, mult, &self.shift, self.k).unwrap()
    }
}

/// Memory with packed weights, aligned for them.
#[cfg(target_arch = "x86_64")]
struct Packed {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

#[cfg(target_arch = "x86_64")]
impl Packed {
    fn new(layer: &Linear<'_>, run: usize, packing: &Packing) -> Self {
        let len = (packing.len)(layer, run);
        let mut memory = vec![0xA5; len + PACKED_ALIGN];
        let start = memory.as_ptr().align_offset(PACKED_ALIGN);
        (packing.pack)(layer, run, &mut memory[start..start + len]);
        assert!(memory[start + len..].iter().all(|&byte| byte == 0xA5), "written behind the end");
        Self { memory, start, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }
}

const LENGTHS: [usize; 15] = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 147, 1152, 1153];

fn each_set(mut check: impl FnMut(&'static Kernels)) {
    for set in Kernels::all() {
        check(set);
    }
}

fn table() -> [i8; 256] {
    core::array::from_fn(|i| (i as i8).wrapping_mul(37) ^ 5)
}

#[test]
fn every_set_of_this_processor_is_compared() {
    let names: Vec<_> = Kernels::all().map(|set| set.name).collect();
    assert_eq!(names[..2], ["scalar", "generic"], "on every target");
    #[cfg(target_arch = "aarch64")]
    {
        assert!(names.contains(&"neon"), "{names:?}");
        let dotprod = std::arch::is_aarch64_feature_detected!("dotprod");
        assert_eq!(names.contains(&"dotprod"), dotprod, "{names:?}");
    }
    #[cfg(target_feature = "simd128")]
    assert!(names.contains(&"simd128"), "{names:?}");
    #[cfg(target_arch = "x86_64")]
    {
        assert!(names.contains(&"sse2"), "{names:?}");
        assert_eq!(names.contains(&"avx2"), is_x86_feature_detected!("avx2"), "{names:?}");
        let vnni = is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vbmi");
        assert_eq!(names.contains(&"avx512_vnni"), vnni, "{names:?}");
    }
}

#[test]
fn linear_layers_agree() {
    let mut random = Random(1);
    let table = table();
    for (index, &k) in LENGTHS.iter().enumerate() {
        for n in [1, 3, 4, 5, 8, 11, 15, 16, 17, 32, 40, 70, 130] {
            for rows in [0, 1, 2, 3, 4, 7, 8, 9, 17] {
                let extreme = (index + n + rows) % 4 == 0;
                let layer = Layer::new(&mut random, k, n, extreme);
                let x = random.bytes(rows * k + 1, extreme);
                let before = random.bytes(rows * n, false);
                let gelu = (n % 2 == 0).then_some((&table, 3));
                let activation = Activation { zero_point: -5, gelu };
                let skip = Skip {
                    input_zero_point: 7,
                    requant: Requant::new(1_234_567_890, [38, 32][rows % 2]).unwrap(),
                    zero_point: -9,
                };
                let run = |set: &Kernels, layer: Linear<'_>| {
                    let mut plain = vec![0i8; rows * n];
                    (set.linear_i8)(&x[1..], &layer, &activation, &mut plain);
                    let mut skipped = before.clone();
                    (set.linear_skip_i8)(&x[1..], &layer, &skip, &mut skipped);
                    let mut added: Vec<i16> = before.iter().map(|&v| i16::from(v) * 256).collect();
                    (set.linear_add_i16)(&x[1..], &layer, &mut added);
                    (plain, skipped, added)
                };
                let expected = run(&super::scalar::KERNELS, layer.linear());
                each_set(|set| {
                    let case = format!("{}: k {k}, n {n}, rows {rows}", set.name);
                    assert_eq!(run(set, layer.linear()), expected, "{case}");
                    #[cfg(target_arch = "x86_64")]
                    if let Some(packing) = set.packing {
                        let memory = Packed::new(&layer.linear(), k, &packing);
                        // Nothing but the packed weights may be read.
                        let other = Layer { weights: vec![99; n * k], ..layer.clone() };
                        let read = !memory.bytes().is_empty() && rows >= 4 && !layer.carries();
                        let layer = if read { &other } else { &layer };
                        let packed = layer.linear().with_packed(memory.bytes());
                        let least = skip.requant.shift() == Requant::MIN_SHIFT;
                        let (plain, skipped, added) = run(set, packed);
                        assert_eq!(plain, expected.0, "{case}, packed");
                        assert!(skipped == expected.1 || read && least, "{case}, packed, skip");
                        assert_eq!(added, expected.2, "{case}, packed, added");
                    }
                });
            }
        }
    }
}

#[test]
fn scalar_linear_layer_gives_hand_computed_values() {
    let bias: Vec<u8> = [5i32, 0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mult: Vec<u8> = [1i32 << 30; 2].iter().flat_map(|v| v.to_le_bytes()).collect();
    let (bias, mult) = (I32Le::new(&bias).unwrap(), I32Le::new(&mult).unwrap());
    let layer = Linear::new(&[10, 0, -1, 4, 4, 4], bias, mult, &[32, 32], 3).unwrap();
    let mut out = [0; 2];
    let activation = Activation { zero_point: -1, gelu: None };
    super::scalar::linear_i8(&[1, 2, 3], &layer, &activation, &mut out);
    // (10 − 3 + 5) / 4 − 1 and (4 + 8 + 12) / 4 − 1.
    assert_eq!(out, [2, 5], "a quarter of 12 and of 24, less one");
}

#[test]
fn convolutions_agree() {
    let mut random = Random(6);
    let table = table();
    let grids = [(1, 1), (1, 5), (2, 2), (3, 7), (6, 9), (5, 16), (4, 33)];
    for (index, &(height, width)) in grids.iter().enumerate() {
        for channels in [1, 2, 3, 4, 5, 16, 20, 33, 80, 127, 128] {
            for n in [1, 3, 16, 17, 32, 48, 70, 80, 96, 130, 144] {
                let stride = 1 + (index + channels + n) % 2;
                let input = Grid { height, width, channels };
                let [height, width] = [height, width].map(|side| side.div_ceil(stride));
                let output = Grid { height, width, channels: n };
                let extreme = (index + n) % 3 == 0;
                let layer = Layer::new(&mut random, 9 * channels, n, extreme);
                let x = random.bytes(input.len() + 1, extreme);
                let before = random.bytes(output.len(), false);
                let gelu = (n % 2 == 0).then_some((&table, 3));
                let activation = Activation { zero_point: -5, gelu };
                let pad = if channels == 3 { Pad::Image([-128, 0, 99]) } else { Pad::Zero(-77) };
                let windows = Windows { x: &x[1..], input, output, pad };
                let mut plain = vec![0i8; output.len()];
                let added = before.iter().map(|&v| i16::from(v) * 256).collect::<Vec<_>>();
                let (mut expected, mut scratch) = (added.clone(), vec![0; 9 * channels * width]);
                let scalar = &super::scalar::KERNELS;
                windows.each_row(&mut scratch, &mut plain, |x, out| {
                    (scalar.linear_i8)(x, &layer.linear(), &activation, out);
                });
                windows.each_row(&mut scratch, &mut expected, |x, out| {
                    (scalar.linear_add_i16)(x, &layer.linear(), out);
                });
                each_set(|set| {
                    let Some(conv) = set.conv else { return };
                    let layer_carries = layer.carries();
                    let check = |layer: Linear<'_>, what: &str| {
                        let case = format!("{}: {windows:?}, {what}", set.name);
                        let mut out = vec![0i8; output.len()];
                        let mut stream = added.clone();
                        let done = (conv.conv_i8)(&windows, &layer, &activation, &mut out);
                        assert_eq!(done, (conv.conv_add_i16)(&windows, &layer, &mut stream));
                        assert!(done || channels > 80 || layer_carries, "{case}: not done");
                        if done {
                            assert!(out == plain, "{case}");
                            assert!(stream == expected, "{case}, added");
                        }
                    };
                    check(layer.linear(), "as it is");
                    #[cfg(target_arch = "x86_64")]
                    if let Some(packing) = set.packing {
                        let packed = Packed::new(&layer.linear(), 3 * channels, &packing);
                        // Nothing but the packed weights may be read.
                        let other = Layer { weights: vec![99; 9 * channels * n], ..layer.clone() };
                        check(other.linear().with_packed(packed.bytes()), "packed");
                    }
                });
            }
        }
    }
}

#[test]
fn depthwise_convolutions_agree() {
    let mut random = Random(2);
    let table = table();
    for (height, width) in [(1, 1), (1, 4), (2, 2), (3, 5), (8, 8)] {
        for channels in [1, 3, 15, 16, 17, 33, 128] {
            let grid = Grid { height, width, channels };
            let extreme = (width + channels) % 3 == 0;
            // Stored tap by tap: as many weights as a layer of `channels` outputs over 9 inputs.
            let layer = Layer::new(&mut random, 9, channels, extreme);
            let x = random.bytes(grid.len() + 1, extreme);
            let activation = Activation { zero_point: 4, gelu: Some((&table, 0)) };
            let run = |set: &Kernels| {
                let mut out = vec![0i8; grid.len()];
                (set.depthwise_i8)(&x[1..], grid, -77, &layer.linear(), &activation, &mut out);
                out
            };
            let expected = run(&super::scalar::KERNELS);
            each_set(|set| assert_eq!(run(set), expected, "{}: {grid:?}", set.name));
        }
    }
}

#[test]
fn layer_norms_agree() {
    let mut random = Random(3);
    for dim in LENGTHS.into_iter().filter(|&dim| dim < MAX_DIM).chain([MAX_DIM]) {
        for peak in [0, 1, 100, 32_767] {
            // More rows than are normalised together.
            let rows = 19;
            let x: Vec<i16> = (0..rows * dim)
                .map(|_| random.below(2 * peak + 1) as i32 - peak as i32)
                .map(|v| v as i16)
                .collect();
            let shift = [26, 7, 37][dim % 3];
            let norm =
                Norm { eps: 1 + random.below(50), mult: 1_500_000_000, shift, zero_point: 3 };
            let gamma: Vec<u8> = (0..2 * dim).map(|_| random.next() as u8).collect();
            let beta: Vec<u8> =
                (0..dim).flat_map(|_| (random.next() as i32 >> 2).to_le_bytes()).collect();
            let affine = NormAffine {
                eps: norm.eps,
                gamma: I16Le::new(&gamma).unwrap(),
                beta: I32Le::new(&beta).unwrap(),
                shift: 20,
                zero_point: -4,
            };
            let run = |set: &Kernels| {
                let (mut folded, mut full) = (vec![0i8; rows * dim], vec![0i8; rows * dim]);
                (set.layer_norm_i8)(&x, dim, &norm, &mut folded);
                (set.layer_norm_affine_i8)(&x, &affine, &mut full);
                (folded, full)
            };
            let expected = run(&super::scalar::KERNELS);
            each_set(|set| assert_eq!(run(set), expected, "{}: dim {dim}, peak {peak}", set.name));
        }
    }
}

#[test]
fn attention_agrees() {
    let mut random = Random(4);
    for (heads, head_dim) in [(1, 1), (2, 3), (4, 16), (3, 17), (4, 32), (1, 128)] {
        for tokens in [1, 2, 7, 15, 16, 17, 64, 65, 257] {
            let extreme = (heads + tokens) % 3 == 0;
            // Steps of a score from the smallest to the largest that a blob can hold.
            let step = [1, 1_000, 3_000_000, Octaves::MAX_MULT][(heads + tokens) % 4];
            let attention = Attention {
                heads,
                head_dim,
                octaves: Octaves::new(1 + random.below(step)).unwrap(),
                mult: (1 << 30) + random.below(1 << 30),
                shift: [25, 30, 37, 55][tokens % 4],
                zero_point: -3,
            };
            let width = heads * head_dim;
            let qkv = random.bytes(tokens * 3 * width + 1, extreme);
            let run = |set: &Kernels| {
                let (mut scores, mut out) = (vec![0i32; tokens], vec![0i8; tokens * width]);
                (set.attention_i8)(&qkv[1..], &attention, &mut scores, &mut out);
                out
            };
            let expected = run(&super::scalar::KERNELS);
            each_set(|set| {
                assert_eq!(run(set), expected, "{}: {heads} x {head_dim}, {tokens}", set.name);
            });
        }
    }
}

#[test]
fn pool_and_logits_agree() {
    let mut random = Random(5);
    for k in LENGTHS {
        for classes in [1, 2, 10] {
            let x = random.bytes(9 * k, k % 2 == 0);
            let w = random.bytes(classes * k, k % 3 == 0);
            let bias: Vec<u8> =
                (0..classes).flat_map(|_| (random.next() as i32 >> 2).to_le_bytes()).collect();
            let run = |set: &Kernels| {
                let mut sums = vec![0i32; k];
                (set.pool_i32)(&x, -128, &mut sums);
                let (mut wide, mut narrow) = (vec![0i32; classes], vec![0i32; classes]);
                (set.logits_i32)(&sums, &w, I32Le::new(&bias).unwrap(), &mut wide);
                (set.logits_i8)(&x[..k], &w, I32Le::new(&bias).unwrap(), &mut narrow);
                (sums, wide, narrow)
            };
            let expected = run(&super::scalar::KERNELS);
            each_set(|set| assert_eq!(run(set), expected, "{}: k {k}", set.name));
        }
    }
}
