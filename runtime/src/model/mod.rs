//! The public interface: a parsed blob, ready to run.

#[cfg(feature = "write")]
mod append;
mod attributes;
#[cfg(feature = "rayon")]
mod batch;
mod descriptor;
mod output;
mod pack;
mod step;
mod stream;

#[cfg(feature = "write")]
pub use append::{AppendError, append_head, descriptor_record};
pub use attributes::{Attribute, Attributes};
pub use descriptor::{Described, Descriptor, DescriptorStream};
pub use output::{Output, Ranked};
pub use step::Step;
pub use stream::Stream;

use crate::arithmetic::{Arithmetic, Int8};
use crate::config::VitConfig;
use crate::error::{FormatError, RecordId, RunError};
use crate::forward;
use crate::invariant::present_or;
use crate::kernels::Kernels;
#[cfg(feature = "f16")]
use crate::kernels::f16::F16Kernels;
use crate::network::{self, Network};
use crate::site::{SiteId, SiteValues};

/// A network, borrowed from its blob.
///
/// # Example
/// ```no_run
/// use runtime::Model;
/// # fn classify(bytes: &[u8], image: &[u8; 3072]) -> Option<usize> {
/// let model = Model::parse(bytes).ok()?;
/// let mut arena = [0u8; 32 * 1024];
/// let output = model.run(image, &mut arena).ok()?;
/// Some(output.top_k::<1>().first()?.class)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Model<'a, A: Arithmetic = Int8> {
    network: Network<'a, A>,
}

impl<'a> Model<'a> {
    /// Checks an int8 blob completely and borrows its weights.
    ///
    /// After this, nothing in the blob can make [`Self::run`] fail.
    ///
    /// # Errors
    /// One [`FormatError`] variant for each cause, with what was found and what was expected.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        Self::parse_any(bytes)
    }

    /// [`Self::parse`], but the model is made in `place`. A model takes several kilobytes, and a small stack
    /// has no room for a second one.
    ///
    /// `place` holds no model after an error.
    ///
    /// # Errors
    /// As [`Self::parse`].
    // Not inlined, so that its stack frame does not become a part of the caller's.
    #[inline(never)]
    pub fn parse_into<'m>(
        bytes: &'a [u8],
        place: &'m mut Option<Self>,
    ) -> Result<&'m Self, FormatError> {
        Self::parse_any_into(bytes, place)
    }

    /// The same model on another kernel set. The results are the same bits.
    #[must_use]
    pub const fn with_kernels(mut self, kernels: &'static Kernels) -> Self {
        self.network.kernels = kernels;
        self
    }

    /// The kernel set in use.
    pub const fn kernels(&self) -> &'static Kernels {
        self.network.kernels
    }
}

#[cfg(feature = "f16")]
impl<'a> Model<'a, crate::arithmetic::F16> {
    /// Checks a blob with f16 weights completely and borrows its weights.
    ///
    /// # Errors
    /// As [`Model::parse`].
    pub fn parse_f16(bytes: &'a [u8]) -> Result<Self, FormatError> {
        Self::parse_any(bytes)
    }

    /// The same model on another kernel set. The results are the same bits.
    #[must_use]
    pub const fn with_kernels(mut self, kernels: &'static F16Kernels) -> Self {
        self.network.kernels = kernels;
        self
    }

    /// The kernel set in use.
    pub const fn kernels(&self) -> &'static F16Kernels {
        self.network.kernels
    }
}

impl<'a, A: Arithmetic> Model<'a, A> {
    /// [`Model::parse_into`] for every arithmetic.
    fn parse_any_into<'m>(
        bytes: &'a [u8],
        place: &'m mut Option<Self>,
    ) -> Result<&'m Self, FormatError> {
        *place = None;
        let parsed = network::parse(bytes, |network| &mut place.insert(Self { network }).network);
        if let Err(fault) = parsed {
            *place = None;
            return Err(fault);
        }
        // After success, `place` holds a network.
        place.as_ref().ok_or(FormatError::Record { record: RecordId::Header })
    }

    /// [`Model::parse`] for every arithmetic.
    fn parse_any(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut place = None;
        Self::parse_any_into(bytes, &mut place)?;
        place.ok_or(FormatError::Record { record: RecordId::Header })
    }

    /// The checked description of the network.
    pub const fn config(&self) -> &VitConfig {
        &self.network.config
    }

    /// Bytes of arena that [`Self::run`] needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        self.network.arena_len()
    }

    /// Bytes of arena with which [`Self::run`] is fastest on a computer, at any alignment. The run then
    /// computes whole tensors. The results are the same bits.
    pub fn arena_len_fast(&self) -> usize {
        self.network.arena_len_fast()
    }

    /// Name of a class; `None` if the blob has no names or no such class.
    pub fn class_name(&self, class: usize) -> Option<&'a str> {
        self.network.class_names.get(class)
    }

    /// Classifies one image.
    ///
    /// `image` is `[height, width, 3]` in bytes, in the order red, green, blue. `arena` has
    /// [`Self::arena_len`] bytes or more, at any alignment. Its contents before the call do not matter. The
    /// output borrows it.
    ///
    /// # Errors
    /// [`RunError`] if the image or the arena has the wrong size.
    // Not inlined, so that its stack frame does not become a part of the caller's.
    #[inline(never)]
    pub fn run<'m>(&'m self, image: &[u8], arena: &'m mut [u8]) -> Result<Output<'m, A>, RunError> {
        self.run_observed(image, arena, &mut forward::unobserved)
    }

    /// [`Self::run`] that also shows every stored activation to `observer`, in the order of the pass.
    ///
    /// A tensor may be shown in pieces, each of some of its rows; the pieces of one tensor, one after another,
    /// are the whole. On a computer, with [`Self::arena_len_fast`] bytes of arena, a tensor is one piece.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_observed<'m>(
        &'m self,
        image: &[u8],
        arena: &'m mut [u8],
        observer: &mut impl FnMut(SiteId, SiteValues<'_>),
    ) -> Result<Output<'m, A>, RunError> {
        self.check(image, arena)?;
        let too_short = RunError::Arena { found: arena.len(), expected: self.arena_len() };
        let answer = forward::forward(&self.network, image, forward::align(arena), observer);
        present_or(answer.map(|answer| Ok(Output::new(answer))), Err(too_short))
    }

    /// Whether an image and an arena have the right sizes.
    fn check(&self, image: &[u8], arena: &[u8]) -> Result<(), RunError> {
        let (found, expected) = (image.len(), self.network.config.image().len());
        if found != expected {
            return Err(RunError::Image { found, expected });
        }
        self.check_arena(arena)
    }

    /// Whether an arena is long enough.
    fn check_arena(&self, arena: &[u8]) -> Result<(), RunError> {
        let (found, expected) = (arena.len(), self.arena_len());
        if found < expected {
            return Err(RunError::Arena { found, expected });
        }
        Ok(())
    }
}
