//! SM3 in one call.

use pyo3::prelude::*;
use yinxin::primitives::sm3 as core;

use crate::{bytes::Bytes, error::serve};

/// The SM3 digest (GB/T 32905-2016) of `data`: 32 bytes.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub(crate) fn sm3(py: Python<'_>, data: Bytes) -> PyResult<[u8; 32]> {
    serve(py, || Ok(core::hash(&data)))
}
