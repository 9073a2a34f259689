//! Rust objects in memory of the caller, each with a mark that says whether an object is there.

use crate::memory::Span;
use crate::status::Status;
use core::mem::MaybeUninit;

/// An object in memory of the caller. Memory of zeros holds none.
#[repr(C)]
pub(crate) struct Object<T> {
    mark: u32,
    value: MaybeUninit<T>,
}

/// A type of objects. Objects are not dropped, because these types own nothing.
pub(crate) trait Kind {
    /// The mark of a place that holds such an object.
    const MARK: u32;
}

/// Whether a C type is large enough for an object, and has its alignment.
pub(crate) const fn fits<T, Place>() -> bool {
    size_of::<Object<T>>() <= size_of::<Place>() && align_of::<Object<T>>() <= align_of::<Place>()
}

/// The object at a place.
///
/// # Safety
/// If `at` is neither null nor misaligned, it is memory for an object, which is initialised and which nothing
/// changes during `'a`. What the object borrows is still there.
pub(crate) unsafe fn get<'a, T: Kind>(at: *const Object<T>) -> Result<&'a T, Status> {
    Span::new(at, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    let object = unsafe { &*at };
    if object.mark != T::MARK {
        return Err(Status::NotMade);
    }
    // SAFETY: only `set` and `make` write the mark of this type, together with the value.
    Ok(unsafe { object.value.assume_init_ref() })
}

/// As [`get`], but takes the object out. Then the place holds no object.
///
/// # Safety
/// As [`get`], and nothing else uses the place meanwhile.
pub(crate) unsafe fn take<T: Kind>(at: *mut Object<T>) -> Result<T, Status> {
    // SAFETY: the caller's promise.
    let value: *const T = unsafe { get(at.cast_const()) }?;
    // SAFETY: a reference to an initialised value.
    let value = unsafe { value.read() };
    // SAFETY: the caller's promise.
    unsafe { clear(at) }?;
    Ok(value)
}

/// As [`get`], for a change of the object.
///
/// # Safety
/// As [`get`], and nothing else uses the place during `'a`.
pub(crate) unsafe fn get_mut<'a, T: Kind>(at: *mut Object<T>) -> Result<&'a mut T, Status> {
    Span::new(at, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    let object = unsafe { &mut *at };
    if object.mark != T::MARK {
        return Err(Status::NotMade);
    }
    // SAFETY: only `set` and `make` write the mark of this type, together with the value.
    Ok(unsafe { object.value.assume_init_mut() })
}

/// Leaves no object at a place.
///
/// # Safety
/// If `at` is neither null nor misaligned, it is memory for an object, which nothing else uses.
pub(crate) unsafe fn clear<T>(at: *mut Object<T>) -> Result<(), Status> {
    Span::new(at, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    let mark = unsafe { &raw mut (*at).mark };
    // SAFETY: as above.
    unsafe { mark.write(0) };
    Ok(())
}

/// Puts an object at a place.
///
/// # Safety
/// As [`clear`].
pub(crate) unsafe fn set<T: Kind>(at: *mut Object<T>, value: T) -> Result<(), Status> {
    Span::new(at, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    unsafe { at.write(Object { mark: T::MARK, value: MaybeUninit::new(value) }) };
    Ok(())
}

/// Makes an optional object in place. There is none if `make` fails.
///
/// # Safety
/// As [`clear`].
pub(crate) unsafe fn make<T>(
    at: *mut Object<Option<T>>,
    make: impl FnOnce(&mut Option<T>) -> Result<(), Status>,
) -> Result<(), Status>
where
    Option<T>: Kind,
{
    Span::new(at, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    let value = unsafe { (&raw mut (*at).value).cast::<Option<T>>() };
    // Not `set`: its argument would be built on the stack, and a model is kilobytes.
    // SAFETY: as above.
    unsafe { value.write(None) };
    // SAFETY: the value has just been written.
    let made = make(unsafe { &mut *value });
    // SAFETY: not null, aligned; the rest is the caller's promise.
    let mark = unsafe { &raw mut (*at).mark };
    // SAFETY: as above.
    unsafe { mark.write(if made.is_ok() { Option::<T>::MARK } else { 0 }) };
    made
}
