//! A parsed blob: everything checked, weights borrowed, ready to run.

mod check;
mod parse;

use crate::arena;
use crate::config::VitConfig;
use crate::error::{FormatError, RunError};
use crate::fixed::{ProbabilityScale, Requant};
use crate::format::{I16Le, I32Le};
use crate::kernels::{Activation, Attention, Kernels, Linear, Norm, NormAffine, Skip};
use crate::output::Output;
use crate::site::{SiteId, SiteValues};
use crate::vit;
use heapless::Vec;

/// Most convolutions of a stem but the last: three a stage.
pub(crate) const MAX_CONVS: usize = 3 * (crate::config::MAX_DEPTH - 1);

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
pub struct Model<'a> {
    pub(crate) config: VitConfig,
    pub(crate) class_names: &'a str,
    pub(crate) pad: [i8; 3],
    pub(crate) convs: Vec<Conv<'a>, MAX_CONVS>,
    pub(crate) embed: Linear<'a>,
    pub(crate) position: I16Le<'a>,
    pub(crate) blocks: Vec<Block<'a>, { crate::config::MAX_DEPTH }>,
    pub(crate) norm: NormAffine<'a>,
    pub(crate) embedding: Option<Requant>,
    pub(crate) head: ClassHead<'a>,
    pub(crate) kernels: &'static Kernels,
}

/// One convolution of the stem, but the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv<'a> {
    pub(crate) layer: Linear<'a>,
    pub(crate) activation: Activation<'a>,
    pub(crate) skip: Option<Skip>,
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    pub(crate) norm1: Norm,
    pub(crate) qkv: Linear<'a>,
    pub(crate) attention: Attention,
    pub(crate) project: Linear<'a>,
    pub(crate) norm2: Norm,
    pub(crate) mlp1: (Linear<'a>, Activation<'a>),
    pub(crate) depthwise: Option<(Linear<'a>, Activation<'a>)>,
    pub(crate) mlp2: Linear<'a>,
    pub(crate) mlp2_gelu: Option<(i8, I16Le<'a>)>,
}

/// The class head.
#[derive(Clone, Debug)]
pub(crate) struct ClassHead<'a> {
    pub(crate) hidden: Vec<(Linear<'a>, Activation<'a>), { crate::config::MAX_HIDDEN }>,
    pub(crate) weights: &'a [i8],
    pub(crate) bias: I32Le<'a>,
    pub(crate) probability: ProbabilityScale,
}

impl<'a> Model<'a> {
    /// Checks a blob completely and borrows its weights.
    ///
    /// After this, nothing in the blob can make [`Self::run`] fail.
    ///
    /// # Errors
    /// One [`FormatError`] variant for each cause, with what was found and what was expected.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        parse::parse(bytes)
    }

    /// The same model on another kernel set; the results are the same bits.
    #[must_use]
    pub const fn with_kernels(mut self, kernels: &'static Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The geometry.
    pub const fn config(&self) -> &VitConfig {
        &self.config
    }

    /// The kernel set in use.
    pub const fn kernels(&self) -> &'static Kernels {
        self.kernels
    }

    /// Bytes of arena that [`Self::run`] needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        self.config.arena_len()
    }

    /// Name of a class; `None` if the blob has no names or no such class.
    pub fn class_name(&self, class: usize) -> Option<&'a str> {
        self.class_names
            .split('\n')
            .nth(class)
            .filter(|name| !name.is_empty())
    }

    /// Classifies one image.
    ///
    /// `image` holds bytes in the order row, column, red-green-blue. The arena's contents before
    /// the call do not matter; the output borrows it.
    ///
    /// # Errors
    /// [`RunError`] if the image or the arena has the wrong size.
    pub fn run<'m>(&'m self, image: &[u8], arena: &'m mut [u8]) -> Result<Output<'m>, RunError> {
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
    ) -> Result<Output<'m>, RunError> {
        let expected = self.config.image().len();
        if image.len() != expected {
            return Err(RunError::Image {
                found: image.len(),
                expected,
            });
        }
        let (found, expected) = (arena.len(), self.arena_len());
        if found < expected {
            return Err(RunError::Arena { found, expected });
        }
        vit::forward(self, image, arena::align(arena), observer)
            .ok_or(RunError::Arena { found, expected })
    }
}
