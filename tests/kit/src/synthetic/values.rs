//! Which values a network gets.

/// Which values a network gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Rescales chosen so that activations use the range of i8 and the residual stream a good
    /// part of i16, neither saturating nor vanishing.
    Typical,
    /// Half of the records are filled with anything that the format allows, often with the ends
    /// of its ranges.
    Extreme,
}
