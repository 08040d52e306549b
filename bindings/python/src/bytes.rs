//! Bytes from Python: `bytes` without a copy, any other bytes-like object with one.

use std::ops::Deref;

use pyo3::{
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyByteArray, PyBytes, PyMemoryView},
};

/// Bytes that stay alive and unchanged while the interpreter lock is released.
pub(crate) struct Bytes(PyBackedBytes);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self(bytes.to_owned().into()));
        }
        if let Ok(bytes) = object.cast::<PyByteArray>() {
            return Ok(Self(bytes.to_owned().into()));
        }
        // The buffer protocol is not in the stable interface of 3.9; a memoryview is, and copies.
        let view = PyMemoryView::from(&object)?;
        Ok(Self(view.call_method0("tobytes")?.cast_into::<PyBytes>()?.into()))
    }
}
