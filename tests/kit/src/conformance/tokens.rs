//! Normalisation, attention, pool and logits.

use super::case::{Case, Comparison, check, flip};
use crate::draw::Draw;
use crate::memory::{Memory, Misaligned};
use crate::operands::{self, Affine};
use runtime::format::I32Le;
use runtime::kernels::scalar;

pub(super) fn norm<M: Memory, D: Draw>(this: &mut Comparison<'_, M, D>, case: Case) -> Option<()> {
    let Case::Norm { rows, dim, peak } = case else { return None };
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let (norm, affine) = (operands::norm(draw), Affine::new(memory, draw, dim)?);
    let mut x = memory.take::<i16>(rows * dim)?;
    let extreme = draw.one_in(4);
    draw.i16s(&mut x, peak, extreme);
    let mut expected = memory.take::<i8>(rows * dim)?;
    let mut found = memory.take::<i8>(rows * dim)?;
    scalar::layer_norm_i8(&x, dim, &norm, &mut expected);
    for &set in this.sets {
        found.copy_from_slice(&expected);
        flip(&mut found);
        (set.layer_norm_i8)(&x, dim, &norm, &mut found);
        check(this.report, (set, "layer_norm_i8"), case, &found, &expected);
    }
    scalar::layer_norm_affine_i8(&x, &affine.norm(), &mut expected);
    for &set in this.sets {
        found.copy_from_slice(&expected);
        flip(&mut found);
        (set.layer_norm_affine_i8)(&x, &affine.norm(), &mut found);
        check(this.report, (set, "layer_norm_affine_i8"), case, &found, &expected);
    }
    Some(())
}

pub(super) fn attention<M: Memory, D: Draw>(
    this: &mut Comparison<'_, M, D>,
    case: Case,
) -> Option<()> {
    let Case::Attention { heads, head_dim, tokens } = case else { return None };
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let len = tokens * heads * head_dim;
    let attention = operands::attention(draw, heads, head_dim);
    let mut qkv = Misaligned::take(memory, 3 * len, draw.length(0, 3))?;
    let extreme = draw.one_in(3);
    draw.i8s(qkv.get_mut(), extreme);
    let mut scores = memory.take::<i32>(tokens)?;
    let mut found = Misaligned::take(memory, 3 * len, draw.length(0, 3))?;
    let mut expected = memory.take::<i8>(3 * len)?;
    expected.copy_from_slice(qkv.get());
    scalar::attention_i8(&mut expected, &attention, &mut scores);
    for &set in this.sets {
        found.get_mut().copy_from_slice(qkv.get());
        flip(&mut scores);
        (set.attention_i8)(found.get_mut(), &attention, &mut scores);
        check(this.report, (set, "attention_i8"), case, found.get(), &expected);
    }
    Some(())
}

pub(super) fn head<M: Memory, D: Draw>(this: &mut Comparison<'_, M, D>, case: Case) -> Option<()> {
    let Case::Head { tokens, dim, classes } = case else { return None };
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let mut x = Misaligned::take(memory, tokens * dim, draw.length(0, 3))?;
    let extreme = draw.flip();
    draw.i8s(x.get_mut(), extreme);
    let zero_point = draw.byte().cast_signed();
    let mut weights = Misaligned::take(memory, classes * dim, draw.length(0, 3))?;
    let extreme = draw.one_in(3);
    draw.i8s(weights.get_mut(), extreme);
    let mut bias = Misaligned::take(memory, 4 * classes, draw.length(0, 3))?;
    draw.i32s(bias.get_mut(), 1 << 30);
    let bias = I32Le::new(bias.get())?;
    let (x, weights) = (x.get(), weights.get());
    let narrow = x.get(..dim)?;

    let (mut sums, mut found_sums) = (memory.take::<i32>(dim)?, memory.take::<i32>(dim)?);
    let (mut logits, mut found) = (memory.take::<i32>(classes)?, memory.take::<i32>(classes)?);
    scalar::pool_i32(x, zero_point, &mut sums);
    for &set in this.sets {
        found_sums.copy_from_slice(&sums);
        flip(&mut found_sums);
        (set.pool_i32)(x, zero_point, &mut found_sums);
        check(this.report, (set, "pool_i32"), case, &found_sums, &sums);
    }
    scalar::logits_i32(&sums, weights, bias, &mut logits);
    for &set in this.sets {
        found.copy_from_slice(&logits);
        flip(&mut found);
        (set.logits_i32)(&sums, weights, bias, &mut found);
        check(this.report, (set, "logits_i32"), case, &found, &logits);
    }
    scalar::logits_i8(narrow, weights, bias, &mut logits);
    for &set in this.sets {
        found.copy_from_slice(&logits);
        flip(&mut found);
        (set.logits_i8)(narrow, weights, bias, &mut found);
        check(this.report, (set, "logits_i8"), case, &found, &logits);
    }
    Some(())
}
