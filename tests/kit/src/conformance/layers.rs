//! Linear layers, with weights as they are stored and packed.

use super::case::{Case, Comparison, check, flip};
use crate::draw::Draw;
use crate::memory::{Memory, Misaligned};
use crate::operands::{Gelu, Layer, Rescales, skip};
use runtime::Kernels;
use runtime::kernels::{Linear, Skip, scalar};

/// Inputs of a layer.
struct Inputs<M: Memory> {
    x: Misaligned<M::Slice<i8>>,
    gelu: Gelu,
    skip: Skip,
    /// The contents of a residual stage's output before the call.
    before: M::Slice<i8>,
    /// The contents of the residual stream before the call.
    stream: M::Slice<i16>,
}

impl<M: Memory> Inputs<M> {
    fn new(
        memory: &mut M,
        draw: &mut impl Draw,
        (rows, n, k): (usize, usize, usize),
        extreme: bool,
    ) -> Option<Self> {
        let mut x = Misaligned::take(memory, rows * k, draw.length(0, 3))?;
        draw.i8s(x.get_mut(), extreme);
        let mut before = memory.take(rows * n)?;
        let extreme = draw.one_in(4);
        draw.i8s(&mut before, extreme);
        let mut stream = memory.take(rows * n)?;
        draw.i16s(&mut stream, 1 << 15, extreme);
        Some(Self { x, gelu: Gelu::new(draw), skip: skip(draw), before, stream })
    }
}

/// Outputs of the three kernels.
struct Outputs<M: Memory> {
    plain: M::Slice<i8>,
    skipped: M::Slice<i8>,
    added: M::Slice<i16>,
}

impl<M: Memory> Outputs<M> {
    fn new(memory: &mut M, len: usize) -> Option<Self> {
        let (plain, skipped) = (memory.take(len)?, memory.take(len)?);
        Some(Self { plain, skipped, added: memory.take(len)? })
    }

    /// Runs the three kernels. The second may get another layer.
    fn run(&mut self, set: &Kernels, inputs: &Inputs<M>, [layer, skipped]: [&Linear<'_>; 2]) {
        let x = inputs.x.get();
        flip(&mut self.plain);
        (set.linear_i8)(x, layer, &inputs.gelu.activation(), &mut self.plain);
        self.skipped.copy_from_slice(&inputs.before);
        (set.linear_skip_i8)(x, skipped, &inputs.skip, &mut self.skipped);
        self.added.copy_from_slice(&inputs.stream);
        (set.linear_add_i16)(x, layer, &mut self.added);
    }
}

pub(super) fn linear<M: Memory, D: Draw>(
    this: &mut Comparison<'_, M, D>,
    case: Case,
) -> Option<()> {
    let Case::Linear { rows, n, k } = case else { return None };
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let extreme = draw.one_in(4);
    let rescales = Rescales::draw(draw);
    let layer = Layer::new(memory, draw, (n, k), extreme, rescales)?;
    let extreme = draw.one_in(8) || extreme && draw.flip();
    let inputs = Inputs::new(memory, draw, (rows, n, k), extreme)?;
    let mut expected = Outputs::new(memory, rows * n)?;
    let mut found = Outputs::new(memory, rows * n)?;
    let linear = layer.linear();
    expected.run(&scalar::KERNELS, &inputs, [&linear; 2]);
    for &set in this.sets {
        found.plain.copy_from_slice(&expected.plain);
        found.run(set, &inputs, [&linear; 2]);
        check(this.report, (set, "linear_i8"), case, &found.plain, &expected.plain);
        check(this.report, (set, "linear_skip_i8"), case, &found.skipped, &expected.skipped);
        check(this.report, (set, "linear_add_i16"), case, &found.added, &expected.added);
        #[cfg(target_arch = "x86_64")]
        if let Some(packing) = set.packing {
            use runtime::fixed::Requant;
            let packed = super::window::Packed::new(&mut this.memory, &linear, k, &packing)?;
            let mut others = this.memory.take(n * k)?;
            others.fill(99);
            // If the set says that it reads packed weights, it may read only these.
            let reads = !packed.bytes().is_empty() && rows >= 4 && !layer.has_smallest_shift();
            let own = linear.with_packed(packed.bytes());
            let other = layer.with_weights(&others).with_packed(packed.bytes());
            let smallest = inputs.skip.requant.shift() == Requant::MIN_SHIFT;
            let choose = |reads| if reads { &other } else { &own };
            found.plain.copy_from_slice(&expected.plain);
            found.run(set, &inputs, [choose(reads), choose(reads && !smallest)]);
            check(this.report, (set, "linear_i8, packed"), case, &found.plain, &expected.plain);
            check(
                this.report,
                (set, "linear_skip_i8, packed"),
                case,
                &found.skipped,
                &expected.skipped,
            );
            check(
                this.report,
                (set, "linear_add_i16, packed"),
                case,
                &found.added,
                &expected.added,
            );
        }
    }
    Some(())
}
