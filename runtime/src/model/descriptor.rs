//! A run that also makes a fingerprint of the image.

use super::step::Step;
use super::stream::Stream;
use super::{Model, Output};
use crate::arithmetic::Int8;
use crate::error::{FormatError, RunError};
use crate::forward::{self, Answer, Plan, Traits};
use crate::invariant::present_or;
use crate::network::{self, DescriptorHead};
use crate::search::{Fingerprint, Likeness, Part};

/// Makes fingerprints with a model, by the descriptor head of its blob.
///
/// # Example
/// ```
/// use runtime::search::{Index, Neighbour};
/// use runtime::{Descriptor, Model};
/// use std::error::Error;
///
/// /// The known image that is most like this one.
/// fn nearest(blob: &[u8], index: &[u8], image: &[u8]) -> Result<Option<Neighbour>, Box<dyn Error>> {
///     let (model, index) = (Model::parse(blob)?, Index::parse(index)?);
///     let descriptor = Descriptor::parse(&model)?.ok_or("a blob without a descriptor")?;
///     let mut arena = vec![0; descriptor.arena_len()];
///     let seen = descriptor.run(image, &mut arena)?;
///     Ok(index.nearest::<1>(&seen.fingerprint, seen.likeness)?.first().copied())
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Descriptor<'m, 'a> {
    model: &'m Model<'a>,
    head: DescriptorHead<'a>,
}

/// What a run of a [`Descriptor`] gives, in its arena.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Described<'m> {
    /// The output of [`Model::run`], bit for bit.
    pub output: Output<'m>,
    /// What describes the image.
    pub fingerprint: Fingerprint<'m>,
    /// How to compare the parts in a search: a mixture. The weight of the class part says how near the image
    /// lies to the classes that the network was taught. It is smaller for an image of something else.
    pub likeness: Likeness,
}

/// An image that comes row by row, like [`Stream`]. [`Descriptor::stream`] makes it.
#[derive(Debug)]
pub struct DescriptorStream<'m, 'a> {
    descriptor: &'m Descriptor<'m, 'a>,
    stream: Stream<'m, 'a>,
    reserve: &'m mut [u8],
}

impl<'m, 'a> Descriptor<'m, 'a> {
    /// Checks the descriptor head of the model's blob completely and borrows it; `None` if the blob has none.
    ///
    /// # Errors
    /// As [`Model::parse`], for the bytes of the head.
    pub fn parse(model: &'m Model<'a>) -> Result<Option<Self>, FormatError> {
        let head = network::descriptor_head(&model.network)?;
        Ok(head.map(|head| Self { model, head }))
    }

    /// Bytes of arena that [`Self::run`] needs, at any alignment: those of [`Model::arena_len`], and a few hundred
    /// more for the fingerprint.
    pub fn arena_len(&self) -> usize {
        self.model.arena_len() + self.reserve_len()
    }

    /// Bytes of arena with which [`Self::run`] is fastest on a computer, as [`Model::arena_len_fast`].
    pub fn arena_len_fast(&self) -> usize {
        self.model.arena_len_fast() + self.reserve_len()
    }

    /// Bytes of an image.
    pub(super) fn image_len(&self) -> usize {
        self.model.config().image().len()
    }

    /// The network that makes the fingerprints: CRC-32 in the prelude of its blob.
    pub const fn network(&self) -> u32 {
        self.model.network.checksum
    }

    /// Lengths of the vectors: of the class part and of the appearance part.
    pub fn lengths(&self) -> [usize; 2] {
        [&self.head.class, &self.head.appearance].map(|part| part.layer.outputs())
    }

    /// Makes the fingerprint of one image, and classifies it. Image and arena are those of [`Model::run`], but
    /// the arena has [`Self::arena_len`] bytes or more.
    ///
    /// # Errors
    /// [`RunError`] if the image or the arena has the wrong size.
    #[inline(never)]
    pub fn run<'r>(&'r self, image: &[u8], arena: &'r mut [u8]) -> Result<Described<'r>, RunError> {
        self.check_image(image)?;
        let (arena, reserve) = self.split(arena)?;
        let plan = Plan::new(&self.model.network, arena.len());
        self.describe((plan, 0, image), arena, reserve)
    }

    /// [`Self::run`], one stage in each call, as [`Model::run_step`]. The result is that of [`Self::run`], bit
    /// for bit. Do not change the arena between two calls.
    ///
    /// # Errors
    /// As [`Self::run`]; `step` is unchanged.
    pub fn run_step<'r>(
        &'r self,
        image: &[u8],
        arena: &'r mut [u8],
        step: &mut Step,
    ) -> Result<Option<Described<'r>>, RunError> {
        self.check_image(image)?;
        let (arena, reserve) = self.split(arena)?;
        let (network, head) = (&self.model.network, &self.head);
        let plan = Plan::new(network, arena.len());
        if step.0 < plan.stages(network) {
            let too_short = self.too_short(arena.len());
            let done =
                forward::describe_stage(network, head, (plan, step.0, image), arena, reserve);
            present_or(done.map(Ok), Err(too_short))?;
            step.0 += 1;
            return Ok(None);
        }
        *step = Step::default();
        self.result(arena.len(), forward::describe_head(network, head, arena, reserve)).map(Some)
    }

    /// Begins an image whose rows come one by one. The result is that of [`Self::run`], bit for bit.
    ///
    /// # Errors
    /// [`RunError::Arena`] if the arena is too small.
    pub fn stream<'r>(&'r self, arena: &'r mut [u8]) -> Result<DescriptorStream<'r, 'a>, RunError> {
        let (arena, reserve) = self.split(arena)?;
        let stream = Stream::new(&self.model.network, arena);
        Ok(DescriptorStream { descriptor: self, stream, reserve })
    }

    fn reserve_len(&self) -> usize {
        forward::reserve_len(&self.model.network, &self.head)
    }

    /// The aligned memory of a pass, and that of the fingerprint.
    fn split<'r>(&self, arena: &'r mut [u8]) -> Result<(&'r mut [u8], &'r mut [u8]), RunError> {
        let (found, expected) = (arena.len(), self.arena_len());
        let too_short = RunError::Arena { found, expected };
        if found < expected {
            return Err(too_short);
        }
        let arena = forward::align(arena);
        let pass = arena.len().checked_sub(self.reserve_len());
        let parts = pass.and_then(|pass| arena.split_at_mut_checked(pass));
        present_or(parts.map(Ok), Err(too_short))
    }

    fn describe<'r>(
        &'r self,
        stages: (Plan, usize, &[u8]),
        arena: &'r mut [u8],
        reserve: &'r mut [u8],
    ) -> Result<Described<'r>, RunError> {
        let (len, network) = (arena.len(), &self.model.network);
        self.result(len, forward::describe(network, &self.head, stages, arena, reserve))
    }

    /// The result of a pass on an arena of `len` bytes.
    fn result<'r>(
        &self,
        len: usize,
        pass: Option<(Answer<'r, Int8>, Traits<'r>)>,
    ) -> Result<Described<'r>, RunError> {
        let network = &self.model.network;
        let described = pass.map(|(answer, Traits { class, appearance, class_weight })| {
            let part = |(vector, code)| Part { vector, code };
            Ok(Described {
                output: Output::new(answer),
                fingerprint: Fingerprint {
                    network: network.checksum,
                    class: part(class),
                    appearance: part(appearance),
                },
                likeness: Likeness::Mixed { class: class_weight },
            })
        });
        present_or(described, Err(self.too_short(len)))
    }

    fn too_short(&self, found: usize) -> RunError {
        RunError::Arena { found, expected: self.model.arena_len() }
    }

    fn check_image(&self, image: &[u8]) -> Result<(), RunError> {
        let (found, expected) = (image.len(), self.image_len());
        if found != expected {
            return Err(RunError::Image { found, expected });
        }
        Ok(())
    }
}

impl<'m> DescriptorStream<'m, '_> {
    /// Number of rows that were given so far.
    pub const fn rows(&self) -> usize {
        self.stream.rows()
    }

    /// The next row of the image, as [`Stream::row`].
    ///
    /// # Errors
    /// As [`Stream::row`].
    pub fn row(&mut self, row: &[u8]) -> Result<(), RunError> {
        self.stream.row(row)
    }

    /// The result, after the last row.
    ///
    /// # Errors
    /// As [`Stream::finish`].
    pub fn finish(self) -> Result<Described<'m>, RunError> {
        self.stream.check_complete()?;
        let too_short = RunError::Arena { found: 0, expected: self.descriptor.arena_len() };
        let parts = present_or(self.stream.into_parts().map(Ok), Err(too_short))?;
        let (arena, (plan, first)) = parts;
        self.descriptor.describe((plan, first, &[]), arena, self.reserve)
    }
}
