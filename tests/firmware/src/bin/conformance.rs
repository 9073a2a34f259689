//! Compares every kernel set of this processor with the scalar one, for shapes around every block
//! length, misaligned operands and extreme values.
//!
//! The same comparison runs on computers as unit tests of `runtime`, which need an allocator.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::operands::{Layer, Random, Storage};
use firmware::semihosting::{self, number};
use runtime::Kernels;
use runtime::config::Grid;
use runtime::fixed::{Octaves, Requant};
use runtime::format::{I16Le, I32Le};
use runtime::kernels::{Activation, Attention, Norm, NormAffine, Skip, scalar};

static mut STORAGE: Storage = Storage::new();

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    // SAFETY: `main` runs once and nothing else names it.
    let storage = unsafe { &mut *(&raw mut STORAGE) };
    let mut differences = 0;
    let mut sets = 0;
    for set in Kernels::all().filter(|set| set.name != scalar::KERNELS.name) {
        sets += 1;
        differences += linear(set, storage);
        differences += depthwise(set, storage);
        differences += norms(set, storage);
        differences += attention(set, storage);
        differences += logits(set, storage);
    }
    number(c"sets", sets);
    number(c"differences", differences);
    semihosting::exit(usize::from(differences != 0 || sets == 0))
}

const LENGTHS: [usize; 18] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 27, 31, 33, 64, 147, 720, 1153];

fn linear(set: &Kernels, storage: &mut Storage) -> usize {
    let mut random = Random::new(1);
    let mut differences = 0;
    for (index, k) in LENGTHS.into_iter().enumerate() {
        for n in [1, 2, 3, 4, 5, 8, 11, 39] {
            if n * k >= storage.weights.len() {
                continue;
            }
            for rows in [0, 1, 2, 3, 4, 5, 8, 9] {
                let extreme = (index + n + rows) % 4 == 0;
                let Storage { x, weights, expected, found, wide_expected, wide_found, .. } =
                    storage;
                random.fill(x, extreme);
                random.fill(weights, extreme);
                let mut parameters = Layer::new(&mut random, k, n, extreme);
                // Some channels at the ends of the shift's range.
                // 33 and 54 are the ends of what the fast loops take.
                match index % 6 {
                    1 => parameters.shift[..2].copy_from_slice(&[32, 62]),
                    4 => parameters.shift[..2].copy_from_slice(&[33, 54]),
                    _ => {}
                }
                let Some(layer) = parameters.linear(&weights[1..][..n * k]) else { return 1 };
                let x = &x[1..][..rows * k];
                let table = core::array::from_fn(|i| (i as i8).wrapping_mul(37) ^ 5);
                let gelu = (n % 2 == 0).then_some((&table, 3));
                let activation = Activation { zero_point: -5, gelu };
                let (expected, found) = (&mut expected[..rows * n], &mut found[..rows * n]);
                scalar::linear_i8(x, &layer, &activation, expected);
                (set.linear_i8)(x, &layer, &activation, found);
                differences += usize::from(expected != found);

                let Some(requant) = Requant::new(1_234_567_890, 38) else { return 1 };
                let skip = Skip { input_zero_point: 7, requant, zero_point: -9 };
                random.fill(expected, false);
                found.copy_from_slice(expected);
                scalar::linear_skip_i8(x, &layer, &skip, expected);
                (set.linear_skip_i8)(x, &layer, &skip, found);
                differences += usize::from(expected != found);

                let (expected, found) =
                    (&mut wide_expected[..rows * n], &mut wide_found[..rows * n]);
                for (at, (expected, found)) in expected.iter_mut().zip(&mut *found).enumerate() {
                    *expected = (at as i16).wrapping_mul(9_001);
                    *found = *expected;
                }
                scalar::linear_add_i16(x, &layer, expected);
                (set.linear_add_i16)(x, &layer, found);
                differences += usize::from(expected != found);
            }
        }
    }
    number(c"linear", differences);
    differences
}

fn depthwise(set: &Kernels, storage: &mut Storage) -> usize {
    let mut random = Random::new(2);
    let mut differences = 0;
    for (height, width) in [(1, 1), (1, 4), (2, 2), (2, 8), (3, 4), (3, 5), (8, 8)] {
        for channels in [1, 3, 4, 5, 15, 16, 17, 33, 128] {
            let grid = Grid { height, width, channels };
            let extreme = (width + channels) % 3 == 0;
            let Storage { x, weights, expected, found, .. } = storage;
            random.fill(x, extreme);
            random.fill(weights, extreme);
            // Exporters write no −128, which sets may rely on and must notice.
            if channels != 16 {
                weights.iter_mut().for_each(|w| *w = (*w).max(-127));
            }
            let parameters = Layer::new(&mut random, 9, channels, extreme);
            let Some(layer) = parameters.linear(&weights[1..][..9 * channels]) else { return 1 };
            let table = core::array::from_fn(|i| (i as i8).wrapping_mul(37) ^ 5);
            let gelu = (channels % 2 == 0).then_some((&table, 0));
            let activation = Activation { zero_point: 4, gelu };
            let x = &x[1..][..grid.len()];
            let (expected, found) = (&mut expected[..grid.len()], &mut found[..grid.len()]);
            scalar::depthwise_i8(x, grid, -77, &layer, &activation, expected);
            (set.depthwise_i8)(x, grid, -77, &layer, &activation, found);
            differences += usize::from(expected != found);
        }
    }
    number(c"depthwise", differences);
    differences
}

fn norms(set: &Kernels, storage: &mut Storage) -> usize {
    let mut random = Random::new(3);
    let mut differences = 0;
    for dim in LENGTHS.into_iter().filter(|&dim| dim < 1024).chain([1024]) {
        for peak in [0u32, 1, 100, 32_767] {
            let rows = 3;
            let Storage { x, weights, expected, found, wide_expected, .. } = storage;
            let stream = &mut wide_expected[..rows * dim];
            for value in stream.iter_mut() {
                *value = (random.below(2 * peak + 1) as i32 - peak as i32) as i16;
            }
            let eps = 1 + random.below(50);
            let shift = 7 + random.below(31) as u8;
            let norm = Norm { eps, mult: 1_500_000_000, shift, zero_point: 3 };
            random.fill(x, false);
            random.fill(weights, false);
            // Any bytes are gains; a bias has at most 29 bits.
            for bias in weights[1..][..4 * dim].chunks_exact_mut(4) {
                bias[3] /= 8;
            }
            let bytes = |values: &[i8], len| -> [u8; 4096] {
                let mut bytes = [0; 4096];
                for (to, from) in bytes.iter_mut().zip(values).take(len) {
                    *to = from.cast_unsigned();
                }
                bytes
            };
            let (gamma, beta) = (bytes(x, 2 * dim), bytes(&weights[1..], 4 * dim));
            let (Some(gamma), Some(beta)) =
                (I16Le::new(&gamma[..2 * dim]), I32Le::new(&beta[..4 * dim]))
            else {
                return 1;
            };
            let affine = NormAffine { eps, gamma, beta, shift: 20, zero_point: -4 };
            let (expected, found) = (&mut expected[..rows * dim], &mut found[..rows * dim]);
            scalar::layer_norm_i8(stream, dim, &norm, expected);
            (set.layer_norm_i8)(stream, dim, &norm, found);
            differences += usize::from(expected != found);
            scalar::layer_norm_affine_i8(stream, &affine, expected);
            (set.layer_norm_affine_i8)(stream, &affine, found);
            differences += usize::from(expected != found);
        }
    }
    number(c"norms", differences);
    differences
}

fn attention(set: &Kernels, storage: &mut Storage) -> usize {
    let mut random = Random::new(4);
    let mut differences = 0;
    for (heads, head_dim) in [(1, 1), (2, 3), (4, 16), (3, 17), (2, 32), (1, 128)] {
        for (index, tokens) in [1, 2, 3, 4, 7, 16, 17, 64, 65, 257].into_iter().enumerate() {
            let width = heads * head_dim;
            let Storage { x, expected, found, scores, .. } = storage;
            if 3 * tokens * width >= x.len() {
                continue;
            }
            let extreme = (heads + tokens) % 3 == 0;
            random.fill(x, extreme);
            // Multipliers of every magnitude, and shifts that the fast loops take and others.
            let mult = 1 + random.below(1 << [30, 22, 14, 21][(index + heads) % 4]);
            let shifts = if index % 2 == heads % 2 { 31 } else { 22 };
            let Some(octaves) = Octaves::new(mult) else { return 1 };
            let attention = Attention {
                heads,
                head_dim,
                octaves,
                mult: (1 << 30) + random.below(1 << 30),
                shift: 25 + random.below(shifts) as u8,
                zero_point: -3,
            };
            let qkv = &x[1..][..3 * tokens * width];
            let scores = &mut scores[..tokens];
            let (expected, found) = (&mut expected[..tokens * width], &mut found[..tokens * width]);
            scalar::attention_i8(qkv, &attention, scores, expected);
            (set.attention_i8)(qkv, &attention, scores, found);
            differences += usize::from(expected != found);
        }
    }
    number(c"attention", differences);
    differences
}

fn logits(set: &Kernels, storage: &mut Storage) -> usize {
    let mut random = Random::new(5);
    let mut differences = 0;
    for k in LENGTHS {
        for classes in [1, 2, 10] {
            let Storage { x, weights, sums, .. } = storage;
            random.fill(x, k % 2 == 0);
            random.fill(weights, k % 3 == 0);
            let x = &x[1..][..9 * k];
            let (expected, found) = sums.split_at_mut(2048);
            let (expected, found) = (&mut expected[..k], &mut found[..k]);
            scalar::pool_i32(x, -128, expected);
            (set.pool_i32)(x, -128, found);
            differences += usize::from(expected != found);

            let parameters = Layer::new(&mut random, k, classes, false);
            let Some(bias) = I32Le::new(&parameters.bias[1..][..4 * classes]) else { return 1 };
            let w = &weights[1..][..classes * k];
            let (mut expected_logits, mut found_logits) = ([0; 10], [0; 10]);
            scalar::logits_i32(expected, w, bias, &mut expected_logits[..classes]);
            (set.logits_i32)(expected, w, bias, &mut found_logits[..classes]);
            differences += usize::from(expected_logits != found_logits);
            scalar::logits_i8(&x[..k], w, bias, &mut expected_logits[..classes]);
            (set.logits_i8)(&x[..k], w, bias, &mut found_logits[..classes]);
            differences += usize::from(expected_logits != found_logits);
        }
    }
    number(c"logits", differences);
    differences
}
