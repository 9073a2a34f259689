//! A run that also makes a fingerprint of the image.

use crate::memory::{self, Span};
use crate::model::{OcelliModel, model};
use crate::object::{self, Kind, Object, fits};
use crate::output::{self, OcelliOutput};
use crate::status::Status;
use runtime::search::{Fingerprint, Likeness, Part};
use runtime::{Described, Descriptor};

/// Makes fingerprints with a model. It uses the model, which must stay where it is.
#[repr(C)]
pub struct OcelliDescriptor {
    private_: [usize; 64],
}

const _: () = assert!(fits::<Descriptor<'static, 'static>, OcelliDescriptor>());

impl Kind for Descriptor<'static, 'static> {
    const MARK: u32 = u32::from_le_bytes(*b"OcDe");
}

/// One part of a fingerprint.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliPart {
    /// 64 bits. The more bits of two codes are equal, the more alike the images.
    pub code: u64,
    /// `len` values. The nearer two vectors, the more alike the images.
    pub vector: *const i8,
    /// Number of values of the vector, 1 to 128.
    pub len: usize,
}

/// Describes an image. The vectors lie in the arena of the run that made them, or in the index.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliFingerprint {
    /// What the image shows, as far as the network was taught.
    pub class_part: OcelliPart,
    /// What the image looks like.
    pub appearance_part: OcelliPart,
    /// The network that made the fingerprint: CRC-32 in the prelude of its blob.
    pub network: u32,
    /// Weight of the class part in `OCELLI_LIKENESS_MIXED`, in 256ths. `ocelli_describe` sets it: the nearer
    /// the image is to the classes that the network was taught, the larger.
    pub class_weight: u8,
}

/// Which parts of two fingerprints are compared.
#[repr(i32)]
#[derive(Clone, Copy)]
pub enum OcelliLikeness {
    /// Both parts, weighted by the `class_weight` of the fingerprint.
    Mixed = 0,
    /// The class parts.
    Class = 1,
    /// The appearance parts.
    Appearance = 2,
}

impl OcelliFingerprint {
    pub(crate) fn new(fingerprint: &Fingerprint<'_>, class_weight: u8) -> Self {
        let part = |part: Part<'_>| OcelliPart {
            code: part.code,
            vector: part.vector.as_ptr(),
            len: part.vector.len(),
        };
        Self {
            class_part: part(fingerprint.class),
            appearance_part: part(fingerprint.appearance),
            network: fingerprint.network,
            class_weight,
        }
    }

    /// The fingerprint with its vectors.
    ///
    /// # Safety
    /// The rules of the header, for the pointers in the fingerprint.
    pub(crate) unsafe fn borrow(&self) -> Result<Fingerprint<'_>, Status> {
        let OcelliPart { code, vector, len } = self.class_part;
        // SAFETY: the rules of the header.
        let class = Part { vector: unsafe { memory::slice(vector, len) }?, code };
        let OcelliPart { code, vector, len } = self.appearance_part;
        // SAFETY: the rules of the header.
        let appearance = Part { vector: unsafe { memory::slice(vector, len) }?, code };
        Ok(Fingerprint { network: self.network, class, appearance })
    }

    /// The likeness that a number of [`OcelliLikeness`] means. A number of C, because any other number than
    /// those of the enum would be undefined behaviour.
    pub(crate) fn likeness(&self, likeness: i32) -> Result<Likeness, Status> {
        const MIXED: i32 = OcelliLikeness::Mixed as i32;
        const CLASS: i32 = OcelliLikeness::Class as i32;
        const APPEARANCE: i32 = OcelliLikeness::Appearance as i32;
        match likeness {
            MIXED => Ok(Likeness::Mixed { class: self.class_weight }),
            CLASS => Ok(Likeness::Class),
            APPEARANCE => Ok(Likeness::Appearance),
            _ => Err(Status::Number),
        }
    }
}

/// The descriptor at a pointer.
///
/// # Safety
/// The rules of the header.
unsafe fn descriptor(
    at: *const OcelliDescriptor,
) -> Result<&'static Descriptor<'static, 'static>, Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::get(at.cast::<Object<Descriptor<'static, 'static>>>()) }
}

/// Checks the descriptor in the blob of a model. `OCELLI_STATUS_ABSENT` if the blob has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_descriptor_parse(
    model: *const OcelliModel,
    descriptor: *mut OcelliDescriptor,
) -> Status {
    let parse = || {
        let place = descriptor.cast::<Object<Descriptor<'static, 'static>>>();
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::clear(place) }?;
        // SAFETY: the rules of the header.
        let model = unsafe { self::model(model) }?;
        let found = Descriptor::parse(model)?.ok_or(Status::Absent)?;
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::set(place, found) }
    };
    parse().into()
}

/// Bytes of arena that `ocelli_describe` needs, at any alignment; 0 if there is no descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_descriptor_arena_len(descriptor: *const OcelliDescriptor) -> usize {
    // SAFETY: the rules of the header.
    unsafe { self::descriptor(descriptor) }.map_or(0, Descriptor::arena_len)
}

/// Classifies an image as `ocelli_run` does, and makes its fingerprint. `arena` has
/// `ocelli_descriptor_arena_len` bytes or more. Use `*fingerprint` only after `OCELLI_STATUS_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_describe(
    descriptor: *const OcelliDescriptor,
    image: *const u8,
    image_len: usize,
    arena: *mut u8,
    arena_len: usize,
    output: *mut OcelliOutput,
    fingerprint: *mut OcelliFingerprint,
) -> Status {
    let run = || {
        // SAFETY: the rules of the header.
        unsafe { output::clear(output) }?;
        let others = [
            Span::new(descriptor, 1)?,
            Span::new(image, image_len)?,
            Span::new(output, 1)?,
            Span::new(fingerprint, 1)?,
        ];
        Span::new(arena, arena_len)?.apart(&others)?;
        // SAFETY: the rules of the header.
        let descriptor = unsafe { self::descriptor(descriptor) }?;
        // SAFETY: the rules of the header.
        let image = unsafe { memory::slice(image, image_len) }?;
        // SAFETY: the rules of the header, and nothing else that the call uses overlaps with the arena.
        let arena = unsafe { memory::slice_mut(arena, arena_len) }?;
        let Described { output: found, fingerprint: made, likeness, .. } =
            descriptor.run(image, arena)?;
        let class_weight = match likeness {
            Likeness::Mixed { class } => class,
            Likeness::Class => u8::MAX,
            Likeness::Appearance => 0,
        };
        // SAFETY: the rules of the header.
        unsafe { memory::write(fingerprint, OcelliFingerprint::new(&made, class_weight)) }?;
        // SAFETY: the rules of the header.
        unsafe { output::set(output, found) }
    };
    run().into()
}
