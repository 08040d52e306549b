//! What every function of the C interface shares: pointers in, handles, results out, no panic past
//! it.
#![allow(unsafe_code, reason = "this is where C's pointers become references")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
};

use yinxin::{Code, Error, primitives::selftest};

use crate::error::{self, YINXIN_OK, yinxin_status};

/// Why a call from C did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The core said so.
    Core(Error),
    /// The argument of this name is NULL.
    Null(&'static str),
    /// The core panicked: a bug in it.
    Panic,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::Core(code.into())
    }
}

/// Runs `call` and turns its result into a status. A failure is kept for `yinxin_last_error`.
pub(crate) fn boundary(call: impl FnOnce() -> Result<(), Failure>) -> yinxin_status {
    // What `call` captures is either shared and immutable or not used again after a panic.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => YINXIN_OK,
        Ok(Err(failure)) => error::keep(failure),
        Err(_) => error::keep(panicked()),
    }
}

/// What a panic was: a bug, unless a self-test has failed. What returns no error refuses its service
/// so.
fn panicked() -> Failure {
    selftest::in_service().map_or_else(Failure::Core, |()| Failure::Panic)
}

/// Runs `call`, which answers with a plain value; `otherwise` if it has none or panics.
pub(crate) fn answer<T>(otherwise: T, call: impl FnOnce() -> Option<T>) -> T {
    catch_unwind(AssertUnwindSafe(call)).ok().flatten().unwrap_or(otherwise)
}

/// The caller's bytes. NULL is allowed only where `len` is 0.
///
/// # Safety
/// `pointer` has `len` bytes, which nobody writes to during `'a`.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &'static str,
) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::Null(name));
    }
    if isize::try_from(len).is_err() {
        return Err(Error::new(Code::BadArgument).field(name).into());
    }
    // SAFETY: not NULL, at most isize::MAX bytes, and the caller keeps the contract above.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// What the caller's pointer shows.
///
/// # Safety
/// `pointer` is NULL or shows a live `T`, which nobody changes during `'a`.
pub(crate) unsafe fn shown<'a, T>(pointer: *const T, name: &'static str) -> Result<&'a T, Failure> {
    // SAFETY: the caller keeps the contract above.
    unsafe { pointer.as_ref() }.ok_or(Failure::Null(name))
}

/// What the caller's pointer shows, to be changed.
///
/// # Safety
/// `pointer` is NULL or shows a live `T`, which nobody else uses during `'a`.
pub(crate) unsafe fn altered<'a, T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<&'a mut T, Failure> {
    // SAFETY: the caller keeps the contract above.
    unsafe { pointer.as_mut() }.ok_or(Failure::Null(name))
}

/// A place that a result goes to, known not to be NULL before the work begins.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `pointer` is NULL or has room for a `T`, which nobody else uses during the call.
    pub(crate) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Self, Failure> {
        if pointer.is_null() { Err(Failure::Null(name)) } else { Ok(Self(pointer)) }
    }

    /// Writes the result. What was there is not dropped: C never initialised it.
    pub(crate) fn put(self, value: T) {
        // SAFETY: the pointer is not NULL, and whoever called `new` keeps its contract.
        unsafe { self.0.write(value) }
    }
}

/// Gives `value` to the caller, who gives it back to [`free`].
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes back what [`give`] gave. NULL is fine. A panic while dropping stays inside.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not given back yet.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: not NULL, and the caller keeps the contract above.
        drop(unsafe { Box::from_raw(pointer) });
    }));
    if dropped.is_err() {
        error::keep(Failure::Panic);
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::error::{YINXIN_NULL_POINTER, YINXIN_PANIC};

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(boundary(|| panic!("on purpose")), YINXIN_PANIC);
        assert_eq!(answer(7, || panic!("on purpose")), 7);
        assert_eq!(boundary(|| Ok(())), YINXIN_OK);
    }

    #[test]
    fn null_is_named_and_an_empty_input_may_be_null() {
        // SAFETY: NULL is what these functions are to find.
        unsafe {
            assert_eq!(bytes(ptr::null(), 0, "msg").unwrap(), b"");
            assert!(matches!(bytes(ptr::null(), 1, "msg"), Err(Failure::Null("msg"))));
            assert!(matches!(shown::<u8>(ptr::null(), "key"), Err(Failure::Null("key"))));
            assert!(matches!(Out::<u8>::new(ptr::null_mut(), "out"), Err(Failure::Null("out"))));
            free::<String>(ptr::null_mut());
        }
        assert_eq!(boundary(|| Err(Failure::Null("msg"))), YINXIN_NULL_POINTER);
    }

    #[test]
    fn a_length_beyond_memory_is_refused_before_it_is_used() {
        let byte = 0u8;
        // SAFETY: the length is refused before the pointer is followed.
        let result = unsafe { bytes(&raw const byte, usize::MAX, "msg") };
        assert!(matches!(result, Err(Failure::Core(error)) if error.code() == Code::BadArgument));
    }

    #[test]
    fn a_panic_while_freeing_stays_inside() {
        struct Loud;
        impl Drop for Loud {
            fn drop(&mut self) {
                panic!("on purpose");
            }
        }
        // SAFETY: it came from `give` just now.
        unsafe { free(give(Loud)) };
    }
}
