//! What a run found in an image.

use crate::memory;
use crate::object::{self, Kind, Object, fits};
use crate::status::Status;
use runtime::Output;

/// The result of a run. It uses the arena and the model of the run: read it before the next run with this
/// arena.
#[repr(C)]
pub struct OcelliOutput {
    private_: [usize; 20],
}

const _: () = assert!(fits::<Output<'static>, OcelliOutput>());

impl Kind for Output<'static> {
    const MARK: u32 = u32::from_le_bytes(*b"OcOu");
}

/// A class in a ranking.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliRanked {
    /// Index of the class.
    pub class_index: usize,
    /// Its logit.
    pub logit: i32,
    /// Its probability times 65,536, at most 65,535.
    pub probability: u16,
}

/// The result at a pointer.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn output(at: *const OcelliOutput) -> Result<&'static Output<'static>, Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::get(at.cast::<Object<Output<'static>>>()) }
}

/// Leaves no result at a pointer, so that no earlier result can be read after an error.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn clear(at: *mut OcelliOutput) -> Result<(), Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::clear(at.cast::<Object<Output<'static>>>()) }
}

/// Puts a result at a pointer.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn set(at: *mut OcelliOutput, value: Output<'static>) -> Result<(), Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::set(at.cast::<Object<Output<'static>>>(), value) }
}

/// Writes the index of the class with the largest logit; the first one if logits are equal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_class(
    output: *const OcelliOutput,
    class_index: *mut usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        unsafe { memory::write(class_index, output.class()) }
    };
    write().into()
}

/// Writes a pointer to the logits, one for each class. They are exact sums, all at the same scale.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_logits(
    output: *const OcelliOutput,
    logits: *mut *const i32,
    count: *mut usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let found = unsafe { self::output(output) }?.logits();
        // SAFETY: the rules of the header.
        unsafe { memory::write(logits, found.as_ptr()) }?;
        // SAFETY: the rules of the header.
        unsafe { memory::write(count, found.len()) }
    };
    write().into()
}

/// Writes a pointer to the embedding, a vector that describes the image. In a network with a mean pool, it is
/// the pooled tokens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_embedding(
    output: *const OcelliOutput,
    embedding: *mut *const i8,
    len: *mut usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let found = unsafe { self::output(output) }?.embedding();
        // SAFETY: the rules of the header.
        unsafe { memory::write(embedding, found.as_ptr()) }?;
        // SAFETY: the rules of the header.
        unsafe { memory::write(len, found.len()) }
    };
    write().into()
}

/// Writes the `capacity` classes with the largest logits, the largest first, and their number to `*count`. If
/// there are fewer classes, it is all of them. Classes with equal logits keep their order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_top(
    output: *const OcelliOutput,
    ranked: *mut OcelliRanked,
    capacity: usize,
    count: *mut usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let ranked = unsafe { memory::slice_mut(ranked, capacity) }?;
        // SAFETY: the rules of the header.
        unsafe { memory::write(count, rank(output, ranked)) }
    };
    write().into()
}

/// Fills `ranked` from its start, and returns the number of classes written. It searches all classes once for each
/// place, because a list that is kept during one pass would need memory or a constant length.
fn rank(output: &Output<'_>, ranked: &mut [OcelliRanked]) -> usize {
    let mut last: Option<(i32, usize)> = None;
    let mut count = 0;
    for place in ranked {
        let mut next: Option<(i32, usize)> = None;
        for (class, &logit) in output.logits().iter().enumerate() {
            let is_left =
                last.is_none_or(|(before, at)| logit < before || logit == before && class > at);
            if is_left && next.is_none_or(|(largest, _)| logit > largest) {
                next = Some((logit, class));
            }
        }
        let Some((logit, class)) = next else { break };
        let probability = output.probabilities().nth(class).unwrap_or(0);
        *place = OcelliRanked { class_index: class, logit, probability };
        last = next;
        count += 1;
    }
    count
}

/// Writes the probability of each class times 65,536, at most 65,535. `len` is the number of classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_probabilities(
    output: *const OcelliOutput,
    probabilities: *mut u16,
    len: usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let probabilities = unsafe { memory::slice_mut(probabilities, len) }?;
        if len != output.logits().len() {
            return Err(Status::ArrayLength);
        }
        probabilities.iter_mut().zip(output.probabilities()).for_each(|(to, from)| *to = from);
        Ok(())
    };
    write().into()
}

/// Writes what each token adds to the logit of a class: a map of the evidence in the image, row by row.
///
/// The sum of the map and the bias of the class is the logit, exactly. A positive value is evidence for the
/// class, a negative one is evidence against it. `len` is the number of tokens. `map` is unchanged after an
/// error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_evidence(
    output: *const OcelliOutput,
    class_index: usize,
    map: *mut i32,
    len: usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let map = unsafe { memory::slice_mut(map, len) }?;
        output.evidence(class_index, map).map_err(Status::from)
    };
    write().into()
}

/// Writes what each token adds to the logit of a class minus the logit of another class. A positive value is
/// evidence for the first class rather than the other. Otherwise as `ocelli_evidence`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_difference(
    output: *const OcelliOutput,
    class_index: usize,
    other_index: usize,
    map: *mut i32,
    len: usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let map = unsafe { memory::slice_mut(map, len) }?;
        output.difference(class_index, other_index, map).map_err(Status::from)
    };
    write().into()
}
