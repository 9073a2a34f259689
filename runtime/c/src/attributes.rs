//! The attributes of an image.

use crate::memory;
use crate::model::{OcelliModel, model};
use crate::object::{self, Kind, Object, fits};
use crate::output::{OcelliOutput, output};
use crate::status::Status;
use crate::text::OcelliText;
use runtime::Attributes;

/// The attributes that a network was taught. They use the bytes of the blob.
#[repr(C)]
pub struct OcelliAttributes {
    private_: [usize; 20],
}

const _: () = assert!(fits::<Attributes<'static>, OcelliAttributes>());

impl Kind for Attributes<'static> {
    const MARK: u32 = u32::from_le_bytes(*b"OcAt");
}

/// One attribute of an image.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliAttribute {
    /// Positive if the image more likely has the attribute than not. Logits of different attributes have
    /// different scales.
    pub logit: i32,
    /// Its probability times 65,536, at most 65,535.
    pub probability: u16,
}

/// The attributes at a pointer.
///
/// # Safety
/// The rules of the header.
unsafe fn attributes(at: *const OcelliAttributes) -> Result<&'static Attributes<'static>, Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::get(at.cast::<Object<Attributes<'static>>>()) }
}

/// Checks the attributes in the blob of a model. `OCELLI_STATUS_ABSENT` if the blob has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_attributes_parse(
    model: *const OcelliModel,
    attributes: *mut OcelliAttributes,
) -> Status {
    let parse = || {
        let place = attributes.cast::<Object<Attributes<'static>>>();
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::clear(place) }?;
        // SAFETY: the rules of the header.
        let model = unsafe { self::model(model) }?;
        let found = Attributes::parse(model)?.ok_or(Status::Absent)?;
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::set(place, found) }
    };
    parse().into()
}

/// Number of attributes, 1 to 256; 0 if the pointer has no attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_attributes_len(attributes: *const OcelliAttributes) -> usize {
    // SAFETY: the rules of the header.
    unsafe { self::attributes(attributes) }.map_or(0, Attributes::len)
}

/// Writes the name of an attribute. `OCELLI_STATUS_ATTRIBUTE` if there is no such attribute.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_attribute_name(
    attributes: *const OcelliAttributes,
    attribute: usize,
    name: *mut OcelliText,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let found = unsafe { self::attributes(attributes) }?.name(attribute);
        // SAFETY: the rules of the header.
        unsafe { memory::write(name, found.into()) }?;
        found.map(|_| ()).ok_or(Status::Attribute)
    };
    write().into()
}

/// Writes the values of all attributes for an image. `len` is the number of attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_attributes_of(
    output: *const OcelliOutput,
    attributes: *const OcelliAttributes,
    values: *mut OcelliAttribute,
    len: usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let attributes = unsafe { self::attributes(attributes) }?;
        // SAFETY: the rules of the header.
        let values = unsafe { memory::slice_mut(values, len) }?;
        if len != attributes.len() {
            return Err(Status::ArrayLength);
        }
        for (value, found) in values.iter_mut().zip(output.attributes(attributes)?) {
            *value = OcelliAttribute { logit: found.logit, probability: found.probability };
        }
        Ok(())
    };
    write().into()
}

/// Writes what each token adds to the logit of an attribute, as `ocelli_evidence` does for a class.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_attribute_evidence(
    output: *const OcelliOutput,
    attributes: *const OcelliAttributes,
    attribute: usize,
    map: *mut i32,
    len: usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let output = unsafe { self::output(output) }?;
        // SAFETY: the rules of the header.
        let attributes = unsafe { self::attributes(attributes) }?;
        // SAFETY: the rules of the header.
        let map = unsafe { memory::slice_mut(map, len) }?;
        output.attribute_evidence(attributes, attribute, map).map_err(Status::from)
    };
    write().into()
}
