//! A parsed blob: everything checked, weights borrowed, ready to run.

mod check;
mod pack;
mod parse;
mod stored;

use crate::arena;
use crate::arithmetic::{Arithmetic, Int8};
use crate::config::{MAX_DEPTH, MAX_HIDDEN, MAX_STAGE_CONVS, VitConfig};
use crate::error::{FormatError, RunError};
use crate::kernels::Kernels;
use crate::output::Output;
use crate::site::{SiteId, SiteValues};
use crate::vit::{self, Step};
pub(crate) use check::Limits;
use heapless::Vec;
pub(crate) use stored::StoredLinear;

/// Maximum number of convolutions of a stem but the last, whose stage has no other.
pub(crate) const MAX_CONVS: usize = MAX_STAGE_CONVS * (MAX_DEPTH - 1);

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
    pub(crate) config: VitConfig,
    pub(crate) class_names: &'a str,
    pub(crate) input: A::Input,
    pub(crate) convs: Vec<Conv<'a, A>, MAX_CONVS>,
    // After `parse` every layer is there; `embedding` is where the pool is a mean.
    pub(crate) embed: Option<A::Linear<'a>>,
    pub(crate) position: Option<A::Position<'a>>,
    pub(crate) blocks: Vec<Block<'a, A>, MAX_DEPTH>,
    pub(crate) norm: Option<A::LastNorm<'a>>,
    pub(crate) embedding: Option<A::Embedding>,
    pub(crate) head: ClassHead<'a, A>,
    pub(crate) kernels: A::Kernels,
}

/// One convolution of the stem, but the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv<'a, A: Arithmetic> {
    pub(crate) layer: A::Linear<'a>,
    pub(crate) activation: A::Activation<'a>,
    pub(crate) skip: Option<A::Skip>,
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a, A: Arithmetic> {
    pub(crate) norm1: A::Norm<'a>,
    pub(crate) qkv: A::Linear<'a>,
    pub(crate) attention: A::Attention,
    pub(crate) project: A::Linear<'a>,
    pub(crate) norm2: A::Norm<'a>,
    pub(crate) mlp1: (A::Linear<'a>, A::Activation<'a>),
    pub(crate) depthwise: Option<(A::Linear<'a>, A::Activation<'a>)>,
    pub(crate) mlp2: A::Linear<'a>,
    pub(crate) mlp2_gelu: Option<A::SecondGelu<'a>>,
}

/// The class head.
#[derive(Clone, Debug)]
pub(crate) struct ClassHead<'a, A: Arithmetic> {
    pub(crate) hidden: Vec<(A::Linear<'a>, A::Activation<'a>), MAX_HIDDEN>,
    /// The last layer, and from its logits to probabilities.
    pub(crate) logits: Option<(A::Logits<'a>, A::Probability)>,
}

impl<'a> Model<'a> {
    /// Checks an int8 blob completely and borrows its weights.
    ///
    /// After this, nothing in the blob can make [`Self::run`] fail.
    ///
    /// # Errors
    /// One [`FormatError`] variant for each cause, with what was found and what was expected.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        parse::parse(bytes)
    }

    /// [`Self::parse`], with the model where the caller wants it: several kilobytes, which on a small
    /// stack must not be there twice.
    ///
    /// `place` holds no model after an error.
    ///
    /// # Errors
    /// As [`Self::parse`].
    // Not inlined: its frame would be in the caller's.
    #[inline(never)]
    pub fn parse_into<'m>(
        bytes: &'a [u8],
        place: &'m mut Option<Self>,
    ) -> Result<&'m Self, FormatError> {
        parse::parse_into(bytes, place)
    }

    /// The same model on another kernel set; the results are the same bits.
    #[must_use]
    pub const fn with_kernels(mut self, kernels: &'static Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The kernel set in use.
    pub const fn kernels(&self) -> &'static Kernels {
        self.kernels
    }
}

#[cfg(feature = "f16")]
impl<'a> Model<'a, crate::arithmetic::F16> {
    /// Checks a blob with f16 weights completely and borrows its weights.
    ///
    /// # Errors
    /// As [`Model::parse`].
    pub fn parse_f16(bytes: &'a [u8]) -> Result<Self, FormatError> {
        parse::parse(bytes)
    }
}

impl<'a, A: Arithmetic> Model<'a, A> {
    /// The geometry.
    pub const fn config(&self) -> &VitConfig {
        &self.config
    }

    /// Bytes of arena that [`Self::run`] needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        arena::len::<A>(&self.config)
    }

    /// Name of a class; `None` if the blob has no names or no such class.
    pub fn class_name(&self, class: usize) -> Option<&'a str> {
        let mut names = lines(self.class_names);
        let name = core::str::from_utf8(names.nth(class)?).ok()?;
        (!name.is_empty()).then_some(name)
    }

    /// Classifies one image.
    ///
    /// `image` holds bytes in the order row, column, red-green-blue. The arena's contents before
    /// the call do not matter; the output borrows it.
    ///
    /// # Errors
    /// [`RunError`] if the image or the arena has the wrong size.
    // Not inlined: its frame would be in the caller's.
    #[inline(never)]
    pub fn run<'m>(&'m self, image: &[u8], arena: &'m mut [u8]) -> Result<Output<'m, A>, RunError> {
        self.run_observed(image, arena, &mut |_, _| {})
    }

    /// [`Self::run`], showing every stored activation to `observer` in the order of the pass.
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
        let (found, expected) = (arena.len(), self.arena_len());
        vit::forward(self, image, arena::align(arena), observer)
            .ok_or(RunError::Arena { found, expected })
    }

    /// [`Self::run`], one stage a call: for executors that must not be blocked for a whole image.
    ///
    /// Call it with the same image and arena until it returns an output, which is that of
    /// [`Self::run`], bit for bit; `step` begins as [`Step::default`] and is that again afterwards.
    /// The stages are the embedding with its stem, attention and MLP of each block, and the head:
    /// `2 · depth + 2` calls. Between two calls the arena's contents must be left alone.
    ///
    /// # Errors
    /// As [`Self::run`]; `step` is unchanged.
    pub fn run_step<'m>(
        &'m self,
        image: &[u8],
        arena: &'m mut [u8],
        step: &mut Step,
    ) -> Result<Option<Output<'m, A>>, RunError> {
        self.check(image, arena)?;
        let error = RunError::Arena { found: arena.len(), expected: self.arena_len() };
        let arena = arena::align(arena);
        if !step.is_last(self) {
            vit::stage(self, image, arena, step, &mut |_, _| {}).ok_or(error)?;
            return Ok(None);
        }
        *step = Step::FIRST;
        vit::head(self, arena, &mut |_, _| {}).map(Some).ok_or(error)
    }

    /// Whether an image and an arena have the right sizes.
    fn check(&self, image: &[u8], arena: &[u8]) -> Result<(), RunError> {
        let (found, expected) = (image.len(), self.config.image().len());
        if found != expected {
            return Err(RunError::Image { found, expected });
        }
        let (found, expected) = (arena.len(), self.arena_len());
        if found < expected {
            return Err(RunError::Arena { found, expected });
        }
        Ok(())
    }
}

/// The lines of a text. `str::split` reaches a panic, an index behind its search for a char.
fn lines(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|&byte| byte == b'\n')
}
