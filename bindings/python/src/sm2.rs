//! Verification of SM2 signatures.

use pyo3::{exceptions::PyValueError, prelude::*};
use yinxin::{
    Code, Error,
    primitives::sm2::{DistId, PublicKey, Signature},
};

use crate::{bytes::Bytes, error::serve};

/// An SM2 public key: 04 and x and y (65 bytes), or 02 or 03 and x (33 bytes).
#[pyclass(frozen, module = "yinxin")]
pub(crate) struct Sm2PublicKey(PublicKey);

#[pymethods]
impl Sm2PublicKey {
    #[new]
    #[pyo3(signature = (sec1, /))]
    fn new(py: Python<'_>, sec1: Bytes) -> PyResult<Self> {
        serve(py, || PublicKey::from_sec1(&sec1)).map(Self)
    }

    /// 04 and x and y: 65 bytes.
    fn sec1(&self) -> [u8; 65] {
        self.0.to_sec1()
    }

    /// Raise `Error` unless `signature` over `message` is valid (GB/T 32918.2-2016, clause 7).
    ///
    /// `id` is the signer's distinguishing identifier, almost always `SM2_DEFAULT_ID`. `form` says
    /// how the signature is written, `der` or `raw` (r and s, 32 bytes each); it is never guessed.
    #[pyo3(signature = (message, signature, *, id, form))]
    fn verify(
        &self,
        py: Python<'_>,
        message: Bytes,
        signature: Bytes,
        id: Bytes,
        form: &str,
    ) -> PyResult<()> {
        let signature = match form {
            "der" => Signature::from_der(&signature),
            "raw" => (*signature)
                .try_into()
                .map_err(|_| Error::new(Code::BadSignatureEncoding))
                .and_then(Signature::from_bytes),
            _ => return Err(PyValueError::new_err("form must be 'der' or 'raw'")),
        };
        serve(py, || self.0.verify(&message, &signature?, &DistId::new(&id)?))
    }
}
