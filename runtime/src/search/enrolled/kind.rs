//! Which fingerprints belong together.

/// Which fingerprints a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Kind {
    /// The network that makes them: [`Descriptor::network`](crate::Descriptor::network).
    pub network: u32,
    /// Lengths of their vectors, each 1 to 128: [`Descriptor::lengths`](crate::Descriptor::lengths).
    pub lengths: [usize; 2],
}
