//! Verification of sealed licences.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
};
use yinxin::{
    Error, UnixTime,
    licence::verify::{self as core, Policy},
    pki::{
        crl::Crl,
        x509::{Certificate, Evidence, Revocation, TrustStore},
    },
};

use crate::{bytes::Bytes, error::serve, report::Report};

/// Verifies sealed licences against trust anchors, certificates, revocation lists and a policy.
///
/// `roots` are the trusted certificates (PEM, one or more); `certificates` (PEM) may help to build
/// a path without being trusted; `crls` are revocation lists, each PEM or DER;
/// `signer_certificates` (PEM) belong to signatures that carry none. `revocation` is `required` (a
/// certificate without a fresh list leaves the answer indeterminate) or `not_checked`.
///
/// It remembers what it verified, so one should serve many licences. Threads may share it.
#[pyclass(frozen, module = "yinxin")]
pub(crate) struct Verifier(core::Verifier);

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (
        roots, *, certificates=None, crls=Vec::new(), signer_certificates=None,
        revocation="required"
    ))]
    fn new(
        py: Python<'_>,
        roots: Bytes,
        certificates: Option<Bytes>,
        crls: Vec<Bytes>,
        signer_certificates: Option<Bytes>,
        revocation: &str,
    ) -> PyResult<Self> {
        let revocation = match revocation {
            "required" => Revocation::Required,
            "not_checked" => Revocation::NotChecked,
            _ => {
                let text = "revocation must be 'required' or 'not_checked'";
                return Err(PyValueError::new_err(text));
            }
        };
        let bundle = |pem: Option<Bytes>| {
            pem.map_or(Ok(Vec::new()), |pem| Certificate::parse_pem_bundle(&pem))
        };
        let build = || {
            let trust = TrustStore::new(Certificate::parse_pem_bundle(&roots)?);
            let crls = crls.iter().map(|crl| Crl::parse_pem_or_der(crl));
            let crls = crls.collect::<Result<_, Error>>()?;
            Ok(core::Verifier::new(trust)
                .with_evidence(Evidence::new(bundle(certificates)?, crls))
                .with_signer_certificates(bundle(signer_certificates)?)
                .with_policy(Policy { revocation, ..Policy::default() }))
        };
        serve(py, build).map(Self)
    }

    /// Verify the OFD package `data` and return the report, whatever the answer is.
    ///
    /// `file` is the name that the report carries. `at` is the time at which to judge: seconds
    /// since 1970, or a `datetime` with a time zone; the time now if it is left out. Raise `Error`
    /// if the package cannot be read.
    #[pyo3(signature = (data, /, *, file=None, at=None))]
    fn verify(
        &self,
        py: Python<'_>,
        data: Bytes,
        file: Option<&str>,
        at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Report> {
        let seconds = at.map_or_else(now, seconds)?;
        serve(py, || self.0.report(&*data, file, UnixTime::from_unix_s(seconds)?)).map(Report)
    }
}

fn now() -> PyResult<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.ok_or_else(|| PyValueError::new_err("the clock of this machine is wrong"))
}

fn seconds(at: &Bound<'_, PyAny>) -> PyResult<i64> {
    if let Ok(seconds) = at.extract() {
        return Ok(seconds);
    }
    // The stable interface of 3.9 has no datetime: what matters is asked for by name.
    let Ok(zone) = at.getattr("tzinfo") else {
        return Err(PyTypeError::new_err("at must be an int or a datetime"));
    };
    if zone.is_none() {
        return Err(PyValueError::new_err("at must have a time zone"));
    }
    at.call_method0("timestamp")?.call_method0("__floor__")?.extract()
}
