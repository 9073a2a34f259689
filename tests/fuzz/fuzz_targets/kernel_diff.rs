//! Every kernel set returns the bits of the scalar set, for any shape and any values that the
//! contracts allow.

#![no_main]

use fuzz::supply::Supply;
use kit::conformance::{Case, Comparison};
use kit::draw::Draw;
use kit::memory::Heap;
use libfuzzer_sys::fuzz_target;
use runtime::Kernels;
use runtime::config::{Grid, MAX_DIM, MAX_HEAD_DIM, MAX_POOLED};
use runtime::kernels::scalar;

/// Multiply-accumulates of the largest call.
const MAX_WORK: usize = 12_000;

fuzz_target!(|data: &[u8]| {
    let mut supply = Supply::new(data);
    let case = case(&mut supply);
    let sets: Vec<_> = Kernels::all().filter(|set| set.name != scalar::KERNELS.name).collect();
    let report = &mut |difference| panic!("{difference:?}");
    let comparison = Comparison { sets: &sets, draw: &mut supply, memory: Heap, report };
    comparison.compare(case).expect("a heap is large enough");
});

/// The first bytes choose the kernels and their shapes.
fn case(supply: &mut Supply<'_>) -> Case {
    match supply.byte() % 7 {
        0 | 1 => linear(supply),
        2 => Case::Depthwise(Grid {
            height: supply.length(1, 9),
            width: supply.length(1, 9),
            channels: supply.length(1, 70),
        }),
        3 => Case::Norm {
            rows: supply.length(0, 3),
            dim: supply.length(1, MAX_DIM),
            peak: [100, 32_767, 32_768][supply.length(0, 2)],
        },
        4 => attention(supply),
        5 => conv(supply),
        _ => {
            let dim = supply.length(1, 300);
            let tokens = supply.length(1, (MAX_POOLED / dim).min(40));
            Case::Head { tokens, dim, classes: supply.length(1, 20) }
        }
    }
}

fn linear(supply: &mut Supply<'_>) -> Case {
    let k = match supply.byte() % 4 {
        0 => supply.length(1, 12),
        1 | 2 => supply.length(1, 200),
        _ => supply.length(1, 1300),
    };
    let n = supply.length(1, 50.min(MAX_WORK / k).max(1));
    let rows = supply.length(0, 20.min(MAX_WORK / (k * n)).max(1));
    Case::Linear { rows, n, k }
}

fn conv(supply: &mut Supply<'_>) -> Case {
    let input = Grid {
        height: supply.length(1, 6),
        width: supply.length(1, 20),
        channels: supply.length(1, 40),
    };
    let stride = supply.length(1, 2);
    let outputs = input.height.div_ceil(stride) * input.width.div_ceil(stride);
    let n = supply.length(1, 100.min(MAX_WORK / (9 * input.channels * outputs)).max(1));
    Case::Conv { input, n, stride }
}

fn attention(supply: &mut Supply<'_>) -> Case {
    let (heads, head_dim) = (supply.length(1, 4), supply.length(1, MAX_HEAD_DIM));
    let width = heads * head_dim;
    let longest = if supply.byte() < 8 { 270 } else { 70 };
    let tokens = supply.length(1, longest.min(MAX_WORK.isqrt() * 2 / width.isqrt()).max(1));
    Case::Attention { heads, head_dim, tokens }
}
