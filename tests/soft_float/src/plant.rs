//! Plants a fault that the check must find: one for each feature, none without a feature.

#[cfg(feature = "plant_alloc")]
extern crate alloc;

/// Applies the deliberate fault to a value that the compiler does not know.
pub fn plant(value: usize) -> usize {
    #[cfg(feature = "plant_alloc")]
    let value = core::hint::black_box(alloc::vec::Vec::<u8>::with_capacity(value)).capacity();
    #[cfg(feature = "plant_division")]
    let value = (u64::MAX / (value as u64 | 1 << 40)) as usize;
    #[cfg(feature = "plant_float")]
    let value = (value as f32 * 1.5) as usize;
    #[cfg(feature = "plant_panic")]
    let value = [1, 2, 3][value];
    value
}
