//! A run on an image that is in memory, at once or in parts.

use crate::memory::{self, Span};
use crate::model::OcelliModel;
use crate::object::{self, Kind, Object, fits};
use crate::output::{self, OcelliOutput};
use crate::status::Status;
use runtime::{Model, Step};

/// Says which part of a run is next. Begin with zeros: `ocelli_step_state step = {0};`.
#[repr(C)]
pub struct OcelliStepState {
    private_: [usize; 2],
}

const _: () = assert!(fits::<Step, OcelliStepState>());

impl Kind for Step {
    const MARK: u32 = u32::from_le_bytes(*b"OcSt");
}

/// What a run reads and writes.
struct Inputs {
    model: &'static Model<'static>,
    image: &'static [u8],
    arena: &'static mut [u8],
}

/// Checks the arguments of a run. The output holds no result until the run is at its end.
///
/// # Safety
/// The rules of the header.
unsafe fn inputs(
    model: *const OcelliModel,
    (image, image_len): (*const u8, usize),
    (arena, arena_len): (*mut u8, usize),
    output: *mut OcelliOutput,
) -> Result<Inputs, Status> {
    // SAFETY: the rules of the header.
    unsafe { output::clear(output) }?;
    let written = Span::new(arena, arena_len)?;
    let others = [Span::new(model, 1)?, Span::new(image, image_len)?, Span::new(output, 1)?];
    written.apart(&others)?;
    Ok(Inputs {
        // SAFETY: the rules of the header.
        model: unsafe { crate::model::model(model) }?,
        // SAFETY: the rules of the header.
        image: unsafe { memory::slice(image, image_len) }?,
        // SAFETY: the rules of the header, and nothing else that the call uses overlaps with the arena.
        arena: unsafe { memory::slice_mut(arena, arena_len) }?,
    })
}

/// Classifies an image.
///
/// `image` has the red, green and blue byte of each pixel, row by row. `arena` has `ocelli_arena_len` bytes or
/// more, at any alignment; its contents before the call do not matter. After an error, `*output` holds no
/// result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_run(
    model: *const OcelliModel,
    image: *const u8,
    image_len: usize,
    arena: *mut u8,
    arena_len: usize,
    output: *mut OcelliOutput,
) -> Status {
    let run = || {
        // SAFETY: the rules of the header.
        let inputs = unsafe { inputs(model, (image, image_len), (arena, arena_len), output) }?;
        let found = inputs.model.run(inputs.image, inputs.arena)?;
        // SAFETY: the rules of the header.
        unsafe { output::set(output, found) }
    };
    run().into()
}

/// Runs the next part of `ocelli_run`, for a program that has other work between two parts.
///
/// Call it with the same arguments as long as it returns `OCELLI_STATUS_MORE`. After the last part it returns
/// `OCELLI_STATUS_OK`. The result is that of `ocelli_run`. Fill `*step` with zeros before the first call; after
/// the last call it is ready for the next run. Do not change the arena between two calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_step(
    model: *const OcelliModel,
    image: *const u8,
    image_len: usize,
    arena: *mut u8,
    arena_len: usize,
    step: *mut OcelliStepState,
    output: *mut OcelliOutput,
) -> Status {
    let run = || {
        let place = step.cast::<Object<Step>>();
        Span::new(arena, arena_len)?.apart(&[Span::new(step, 1)?])?;
        // SAFETY: the rules of the header.
        let inputs = unsafe { inputs(model, (image, image_len), (arena, arena_len), output) }?;
        // SAFETY: the rules of the header; the object fits.
        let mut next = unsafe { object::get(place.cast_const()) }.copied().unwrap_or_default();
        match inputs.model.run_step(inputs.image, inputs.arena, &mut next)? {
            Some(found) => {
                // SAFETY: the rules of the header.
                unsafe { object::clear(place) }?;
                // SAFETY: the rules of the header.
                unsafe { output::set(output, found) }
            }
            None => {
                // SAFETY: the rules of the header.
                unsafe { object::set(place, next) }?;
                Err(Status::More)
            }
        }
    };
    run().into()
}
