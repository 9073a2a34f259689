//! NEON's instructions on registers as safe functions. The names are those of `core::arch::aarch64`.

use core::arch::aarch64::{
    int8x8_t, int8x16_t, int8x16x4_t, int16x4_t, int16x8_t, int32x2_t, int32x4_t, int64x2_t,
    uint8x16_t, uint32x4_t,
};

/// Functions that call the intrinsic of the same name.
macro_rules! instructions {
    ($($name:ident($($argument:ident: $kind:ty),+) -> $result:ty;)+) => {$(
        #[inline]
        pub(super) fn $name($($argument: $kind),+) -> $result {
            // SAFETY: this module is compiled for targets with NEON only. The instruction reads and writes no
            // memory.
            unsafe { core::arch::aarch64::$name($($argument),+) }
        }
    )+};
}

instructions! {
    vdupq_n_s8(value: i8) -> int8x16_t;
    vdupq_n_s16(value: i16) -> int16x8_t;
    vdupq_n_s32(value: i32) -> int32x4_t;

    vreinterpretq_s16_s8(a: int8x16_t) -> int16x8_t;
    vreinterpretq_s32_s8(a: int8x16_t) -> int32x4_t;
    vreinterpretq_s64_s8(a: int8x16_t) -> int64x2_t;
    vreinterpretq_s8_s16(a: int16x8_t) -> int8x16_t;
    vreinterpretq_s8_s32(a: int32x4_t) -> int8x16_t;
    vreinterpretq_s8_s64(a: int64x2_t) -> int8x16_t;
    vreinterpretq_s32_u32(a: uint32x4_t) -> int32x4_t;
    vreinterpretq_u32_s32(a: int32x4_t) -> uint32x4_t;
    vreinterpretq_u8_s8(a: int8x16_t) -> uint8x16_t;

    vget_low_s8(a: int8x16_t) -> int8x8_t;
    vget_low_s16(a: int16x8_t) -> int16x4_t;
    vget_low_s32(a: int32x4_t) -> int32x2_t;
    vcombine_s8(lower: int8x8_t, upper: int8x8_t) -> int8x16_t;
    vcombine_s32(lower: int32x2_t, upper: int32x2_t) -> int32x4_t;

    vaddq_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vaddq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;
    vqaddq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;
    vsubq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;
    vsubq_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vmulq_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vmaxq_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vminq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;
    vminq_u32(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t;
    vnegq_s16(a: int16x8_t) -> int16x8_t;
    vandq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;
    veorq_s8(a: int8x16_t, b: int8x16_t) -> int8x16_t;
    vqrdmulhq_s16(a: int16x8_t, b: int16x8_t) -> int16x8_t;

    vshlq_s16(a: int16x8_t, shift: int16x8_t) -> int16x8_t;
    vshlq_s32(a: int32x4_t, shift: int32x4_t) -> int32x4_t;
    vshlq_u32(a: uint32x4_t, shift: int32x4_t) -> uint32x4_t;
    vrshlq_s64(a: int64x2_t, shift: int64x2_t) -> int64x2_t;

    vmovl_s8(a: int8x8_t) -> int16x8_t;
    vmovl_high_s8(a: int8x16_t) -> int16x8_t;
    vmovl_s16(a: int16x4_t) -> int32x4_t;
    vmovl_high_s16(a: int16x8_t) -> int32x4_t;
    vmovl_s32(a: int32x2_t) -> int64x2_t;
    vmovl_high_s32(a: int32x4_t) -> int64x2_t;
    vmovn_s64(a: int64x2_t) -> int32x2_t;
    vqmovn_s16(a: int16x8_t) -> int8x8_t;
    vqmovn_high_s16(lower: int8x8_t, a: int16x8_t) -> int8x16_t;
    vqmovn_s32(a: int32x4_t) -> int16x4_t;
    vqmovn_high_s32(lower: int16x4_t, a: int32x4_t) -> int16x8_t;

    vmull_s16(a: int16x4_t, b: int16x4_t) -> int32x4_t;
    vmull_high_s16(a: int16x8_t, b: int16x8_t) -> int32x4_t;
    vmlal_s16(sum: int32x4_t, a: int16x4_t, b: int16x4_t) -> int32x4_t;
    vmlal_high_s16(sum: int32x4_t, a: int16x8_t, b: int16x8_t) -> int32x4_t;
    vmull_s8(a: int8x8_t, b: int8x8_t) -> int16x8_t;
    vmlsl_high_s8(sum: int16x8_t, a: int8x16_t, b: int8x16_t) -> int16x8_t;
    vmull_s32(a: int32x2_t, b: int32x2_t) -> int64x2_t;
    vmull_high_s32(a: int32x4_t, b: int32x4_t) -> int64x2_t;

    vpaddq_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vpaddlq_s8(a: int8x16_t) -> int16x8_t;
    vpadalq_s16(sum: int32x4_t, a: int16x8_t) -> int32x4_t;
    vpadalq_s32(sum: int64x2_t, a: int32x4_t) -> int64x2_t;
    vaddvq_s32(a: int32x4_t) -> i32;
    vaddvq_s64(a: int64x2_t) -> i64;
    vmaxvq_s32(a: int32x4_t) -> i32;

    vzip1q_s8(a: int8x16_t, b: int8x16_t) -> int8x16_t;
    vzip2q_s8(a: int8x16_t, b: int8x16_t) -> int8x16_t;
    vzip1q_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vzip2q_s32(a: int32x4_t, b: int32x4_t) -> int32x4_t;
    vzip1q_s64(a: int64x2_t, b: int64x2_t) -> int64x2_t;
    vzip2q_s64(a: int64x2_t, b: int64x2_t) -> int64x2_t;

    vqtbl4q_s8(table: int8x16x4_t, index: uint8x16_t) -> int8x16_t;
    vqtbx4q_s8(missing: int8x16_t, table: int8x16x4_t, index: uint8x16_t) -> int8x16_t;
}
