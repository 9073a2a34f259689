//! Parses a blob into memory of the caller, and gives its sizes and names.

use crate::memory::{self, Span};
use crate::object::{self, Kind, Object};
use crate::status::Status;
use crate::text::OcelliText;
use core::ffi::c_void;
use runtime::Model;

/// Bytes of memory for a model.
#[cfg(target_pointer_width = "32")]
pub const OCELLI_MODEL_SIZE: usize = 5120;
/// Bytes of memory for a model.
#[cfg(target_pointer_width = "64")]
pub const OCELLI_MODEL_SIZE: usize = 9728;

/// Alignment of the memory for a model. An array of `uint64_t` has it.
pub const OCELLI_MODEL_ALIGN: usize = 8;

const _: () = assert!(size_of::<OcelliModel>() <= OCELLI_MODEL_SIZE);
const _: () = assert!(align_of::<OcelliModel>() <= OCELLI_MODEL_ALIGN);

/// A network, in memory of the caller. It uses the bytes of its blob, which must stay where they are. Several
/// threads may use one model, each with an arena of its own.
pub struct OcelliModel(
    #[expect(dead_code, reason = "pointers to a model are cast to pointers to the object")]
    Object<Option<Model<'static>>>,
);

impl Kind for Option<Model<'static>> {
    const MARK: u32 = u32::from_le_bytes(*b"OcMo");
}

/// Sizes of a model.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliInfo {
    /// Width of the image in pixels.
    pub width: usize,
    /// Height of the image in pixels.
    pub height: usize,
    /// Bytes of an image: `height * width * 3`.
    pub image_len: usize,
    /// Number of classes.
    pub classes: usize,
    /// Number of tokens, which is the length of a map of evidence.
    pub tokens: usize,
    /// Rows of tokens in the map; 0 if the tokens form no grid.
    pub token_rows: usize,
    /// Tokens in a row of the map; 0 if the tokens form no grid.
    pub token_columns: usize,
    /// Bytes of arena that a run needs.
    pub arena_len: usize,
    /// Bytes of arena with which a run is fastest on a computer.
    pub arena_len_fast: usize,
}

/// The model at a pointer.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn model(at: *const OcelliModel) -> Result<&'static Model<'static>, Status> {
    // SAFETY: the rules of the header; `OcelliModel` is nothing but this object.
    let model = unsafe { object::get(at.cast::<Object<Option<Model<'static>>>>()) }?;
    model.as_ref().ok_or(Status::NotMade)
}

/// Checks a blob completely, and makes a model of it in `memory`.
///
/// `blob` is what `export` writes, at any alignment. `memory` has `OCELLI_MODEL_SIZE` bytes or more, at a
/// multiple of `OCELLI_MODEL_ALIGN`. `*model` becomes a pointer into it, or null after an error. After this,
/// nothing in the blob can make a run fail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_parse(
    blob: *const u8,
    blob_len: usize,
    memory: *mut c_void,
    memory_len: usize,
    model: *mut *const OcelliModel,
) -> Status {
    let parse = || {
        // SAFETY: the rules of the header.
        unsafe { memory::write(model, core::ptr::null()) }?;
        // SAFETY: the rules of the header.
        let blob: &'static [u8] = unsafe { memory::slice(blob, blob_len) }?;
        let place = memory.cast::<Object<Option<Model<'static>>>>();
        let written = Span::new(place.cast::<u64>(), memory_len / size_of::<u64>())?;
        if memory_len < OCELLI_MODEL_SIZE {
            return Err(Status::Short);
        }
        written.apart(&[Span::new(blob.as_ptr(), blob_len)?, Span::new(model, 1)?])?;
        let parse = |place: &mut Option<Model<'static>>| {
            Model::parse_into(blob, place).map(|_| ()).map_err(Status::from)
        };
        // SAFETY: the memory is long enough, and aligned; the rest are the rules of the header.
        unsafe { object::make(place, parse) }?;
        // SAFETY: the rules of the header.
        unsafe { memory::write(model, place.cast_const().cast::<OcelliModel>()) }
    };
    parse().into()
}

/// Bytes of arena that `ocelli_run` needs, at any alignment; 0 if there is no model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_arena_len(model: *const OcelliModel) -> usize {
    // SAFETY: the rules of the header.
    unsafe { self::model(model) }.map_or(0, Model::arena_len)
}

/// Writes the sizes of a model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_model_info(
    model: *const OcelliModel,
    info: *mut OcelliInfo,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let model = unsafe { self::model(model) }?;
        let config = model.config();
        let image = config.image();
        let [token_rows, token_columns] =
            config.token_grid().map_or([0; 2], |grid| [grid.height, grid.width]);
        let sizes = OcelliInfo {
            width: image.width,
            height: image.height,
            image_len: image.len(),
            classes: config.classes(),
            tokens: config.tokens(),
            token_rows,
            token_columns,
            arena_len: model.arena_len(),
            arena_len_fast: model.arena_len_fast(),
        };
        // SAFETY: the rules of the header.
        unsafe { memory::write(info, sizes) }
    };
    write().into()
}

/// Writes the name of a class. `OCELLI_STATUS_ABSENT` if the blob has no names, or no such class.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_class_name(
    model: *const OcelliModel,
    class_index: usize,
    name: *mut OcelliText,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let found = unsafe { self::model(model) }?.class_name(class_index);
        // SAFETY: the rules of the header.
        unsafe { memory::write(name, found.into()) }?;
        found.map(|_| ()).ok_or(Status::Absent)
    };
    write().into()
}
