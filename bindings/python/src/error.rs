//! Errors of the core as an exception that carries the code, both texts and the place.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pyo3::{create_exception, exceptions::PyException, prelude::*};
use yinxin::primitives::selftest;

create_exception!(
    yinxin,
    Error,
    PyException,
    "The call could not do its work. `code` is stable; `en` and `zh` are for readers."
);

/// Runs `call` without the lock of the interpreter; its error becomes an exception. So does the panic
/// by which what returns no error refuses its service after a failed self-test.
pub(crate) fn serve<T: Send>(
    py: Python<'_>,
    call: impl FnOnce() -> Result<T, yinxin::Error> + Send,
) -> PyResult<T> {
    // What `call` captures is not used again after a panic.
    let result = py.detach(|| catch_unwind(AssertUnwindSafe(call)));
    let result = result.or_else(|panic| match selftest::in_service() {
        Err(error) => Ok(Err(error)),
        Ok(()) => Err(panic),
    });
    match result {
        Ok(result) => result.map_err(|error| raise(py, &error)),
        Err(panic) => resume_unwind(panic),
    }
}

/// The exception for `error`.
fn raise(py: Python<'_>, error: &yinxin::Error) -> PyErr {
    let exception = Error::new_err(error.to_string());
    match describe(exception.value(py), error) {
        Ok(()) => exception,
        Err(fault) => fault,
    }
}

fn describe(exception: &Bound<'_, PyAny>, error: &yinxin::Error) -> PyResult<()> {
    exception.setattr("code", error.code().name())?;
    exception.setattr("number", error.code().number())?;
    exception.setattr("en", error.text_en())?;
    exception.setattr("zh", error.text_zh())?;
    exception.setattr("field", error.field_name())?;
    exception.setattr("file", error.file())?;
    exception.setattr("offset", error.offset())
}

/// For tests: lets the self-tests of `algorithm` find false answers from now on.
#[pyfunction]
#[pyo3(name = "_alter_answers", signature = (algorithm, /))]
pub(crate) fn alter_answers(algorithm: &str) {
    selftest::alter_answers(algorithm);
}
