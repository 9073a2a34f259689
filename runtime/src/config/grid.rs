//! The shape of an activation that has rows and columns.

/// A three-dimensional activation: rows, columns, channels, in that order in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Grid {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values per position.
    pub channels: usize,
}

impl Grid {
    /// Number of positions.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }

    /// Number of values.
    pub const fn len(self) -> usize {
        self.positions() * self.channels
    }

    /// [`Self::len`]; `None` if it is beyond `usize`.
    #[cfg(cortex_m_dsp)]
    pub(crate) fn checked_len(self) -> Option<usize> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }

    /// Whether there is no value at all.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The same positions with another number of channels.
    pub(super) fn with_channels(self, channels: u16) -> Self {
        Self { channels: channels.into(), ..self }
    }

    /// Every position, or every other one in both directions if `stride` is 2.
    pub(super) const fn strided(self, stride: u8) -> Self {
        match stride {
            2 => Self {
                height: self.height.div_ceil(2),
                width: self.width.div_ceil(2),
                channels: self.channels,
            },
            _ => self,
        }
    }

    /// The stride with which a 3×3 window goes over this grid if it writes `output`: 1 or 2.
    pub(crate) const fn stride_to(self, output: Self) -> usize {
        if output.width == self.width && output.height == self.height { 1 } else { 2 }
    }
}
