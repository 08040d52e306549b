//! The Python module `yinxin`: it converts arguments and results, and holds no logic of its own.
//!
//! What a reader of Python sees is `python/yinxin/__init__.pyi`.

mod bytes;
mod error;
mod report;
mod sm2;
mod sm3;
mod verify;

use pyo3::{prelude::*, types::PyBytes};
use yinxin::primitives::sm2::DistId;

#[pymodule(gil_used = false)]
fn _yinxin(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", module.py().get_type::<error::Error>())?;
    module.add("SM2_DEFAULT_ID", PyBytes::new(module.py(), DistId::DEFAULT.as_bytes()))?;
    module.add_class::<report::Check>()?;
    module.add_class::<report::Report>()?;
    module.add_class::<sm2::Sm2PublicKey>()?;
    module.add_class::<verify::Verifier>()?;
    module.add_function(wrap_pyfunction!(sm3::sm3, module)?)?;
    module.add_function(wrap_pyfunction!(error::alter_answers, module)?)
}
