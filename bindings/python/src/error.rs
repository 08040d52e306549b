//! Errors of the core as an exception that carries the code, both texts and the place.

use pyo3::{create_exception, exceptions::PyException, prelude::*};

create_exception!(
    yinxin,
    Error,
    PyException,
    "The call could not do its work. `code` is stable; `en` and `zh` are for readers."
);

/// The exception for `error`.
pub(crate) fn raise(py: Python<'_>, error: &yinxin::Error) -> PyErr {
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
