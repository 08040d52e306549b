//! Verification of sealed licences.
#![allow(unsafe_code, reason = "exported names and C's pointers")]

use std::{
    ffi::{CStr, c_char},
    mem,
};

use yinxin::{
    Code, Error, UnixTime,
    licence::verify::{Policy, Verifier},
    pki::{
        crl::Crl,
        x509::{Certificate, Evidence, Revocation, TrustStore},
    },
};

use crate::{
    boundary::{Failure, Out, altered, boundary, bytes, free, give, shown},
    error::yinxin_status,
    report::yinxin_report,
};

/// Whether revocation lists are demanded.
pub type yinxin_revocation = i32;

/// Each certificate needs a fresh list; without one the answer is indeterminate. The default.
pub const YINXIN_REVOCATION_REQUIRED: yinxin_revocation = 0;
/// Revocation is not looked at; the report shows it as skipped.
pub const YINXIN_REVOCATION_NOT_CHECKED: yinxin_revocation = 1;

/// Trust anchors, certificates, revocation lists and policy.
///
/// It remembers seals and certificates that it verified, so one should serve many licences. Threads
/// may verify with it at once; what changes it (the functions that take it without const) must have
/// ended before.
pub struct yinxin_verifier {
    verifier: Verifier,
    intermediates: Vec<Certificate>,
    crls: Vec<Crl>,
    signers: Vec<Certificate>,
}

/// Makes a verifier that trusts the certificates in `roots_pem` (PEM, one or more).
///
/// On success `*verifier` is to be freed with yinxin_verifier_free. Otherwise YINXIN_BAD_PEM,
/// YINXIN_BAD_CERTIFICATE, YINXIN_LIMIT_REACHED or YINXIN_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_new(
    roots_pem: *const u8,
    roots_pem_len: usize,
    verifier: *mut *mut yinxin_verifier,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the caller has room for a pointer at `verifier`.
        let out = unsafe { Out::new(verifier, "verifier")? };
        // SAFETY: the caller has `roots_pem_len` bytes at `roots_pem`.
        let pem = unsafe { bytes(roots_pem, roots_pem_len, "roots_pem")? };
        let trust = TrustStore::new(Certificate::parse_pem_bundle(pem)?);
        out.put(give(yinxin_verifier {
            verifier: Verifier::new(trust),
            intermediates: Vec::new(),
            crls: Vec::new(),
            signers: Vec::new(),
        }));
        Ok(())
    })
}

/// Frees a verifier. NULL is fine. Its reports stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_free(verifier: *mut yinxin_verifier) {
    // SAFETY: the caller got it from `yinxin_verifier_new` and frees it once.
    unsafe { free(verifier) }
}

/// Adds certificates (PEM, one or more) that may help to build a path. They are not trusted by
/// that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_add_certificates(
    verifier: *mut yinxin_verifier,
    pem: *const u8,
    pem_len: usize,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the verifier is the caller's alone during the call; `pem` has `pem_len` bytes.
        let (verifier, pem) =
            unsafe { (altered(verifier, "verifier")?, bytes(pem, pem_len, "pem")?) };
        verifier.intermediates.extend(Certificate::parse_pem_bundle(pem)?);
        verifier.take_evidence();
        Ok(())
    })
}

/// Adds a revocation list, PEM or DER. Whether its signature and time are good is told by each
/// report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_add_crl(
    verifier: *mut yinxin_verifier,
    crl: *const u8,
    crl_len: usize,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the verifier is the caller's alone during the call; `crl` has `crl_len` bytes.
        let (verifier, crl) =
            unsafe { (altered(verifier, "verifier")?, bytes(crl, crl_len, "crl")?) };
        verifier.crls.push(Crl::parse_pem_or_der(crl)?);
        verifier.take_evidence();
        Ok(())
    })
}

/// Adds certificates (PEM, one or more) of signers whose signatures carry none inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_add_signer_certificates(
    verifier: *mut yinxin_verifier,
    pem: *const u8,
    pem_len: usize,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the verifier is the caller's alone during the call; `pem` has `pem_len` bytes.
        let (verifier, pem) =
            unsafe { (altered(verifier, "verifier")?, bytes(pem, pem_len, "pem")?) };
        verifier.signers.extend(Certificate::parse_pem_bundle(pem)?);
        let signers = verifier.signers.clone();
        verifier.change(|inner| inner.with_signer_certificates(signers));
        Ok(())
    })
}

/// Says whether revocation lists are demanded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_set_revocation(
    verifier: *mut yinxin_verifier,
    revocation: yinxin_revocation,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the verifier is the caller's alone during the call.
        let verifier = unsafe { altered(verifier, "verifier")? };
        let revocation = match revocation {
            YINXIN_REVOCATION_REQUIRED => Revocation::Required,
            YINXIN_REVOCATION_NOT_CHECKED => Revocation::NotChecked,
            _ => return Err(Error::new(Code::BadArgument).field("revocation").into()),
        };
        verifier.change(|inner| inner.with_policy(Policy { revocation, ..Policy::default() }));
        Ok(())
    })
}

/// Verifies a sealed licence, an OFD package of `ofd_len` bytes, as of `at_unix_s`: seconds since
/// 1970-01-01T00:00:00Z, as a rule the time now.
///
/// `file` is the name that the report carries: UTF-8 up to a NUL, or NULL for none. On success,
/// which includes the answers "failed" and "indeterminate", `*report` is to be freed with
/// yinxin_report_free. Otherwise the package cannot be read: YINXIN_BAD_ZIP, YINXIN_BAD_XML,
/// YINXIN_BAD_OFD, YINXIN_BAD_PATH or YINXIN_LIMIT_REACHED; or an argument is wrong:
/// YINXIN_BAD_TIME, YINXIN_BAD_UTF8 or YINXIN_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_verifier_verify(
    verifier: *const yinxin_verifier,
    ofd: *const u8,
    ofd_len: usize,
    file: *const c_char,
    at_unix_s: i64,
    report: *mut *mut yinxin_report,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the caller has room for a pointer at `report`.
        let out = unsafe { Out::new(report, "report")? };
        // SAFETY: nobody changes the verifier during the call, and `ofd` has `ofd_len` bytes.
        let (verifier, ofd) =
            unsafe { (shown(verifier, "verifier")?, bytes(ofd, ofd_len, "ofd")?) };
        // SAFETY: `file` is NULL or ends with NUL.
        let file = unsafe { name(file)? };
        let at = UnixTime::from_unix_s(at_unix_s)?;
        let report = verifier.verifier.report(ofd, file, at)?;
        out.put(give(yinxin_report::new(report)));
        Ok(())
    })
}

impl yinxin_verifier {
    fn take_evidence(&mut self) {
        let evidence = Evidence::new(self.intermediates.clone(), self.crls.clone());
        self.change(|inner| inner.with_evidence(evidence));
    }

    fn change(&mut self, change: impl FnOnce(Verifier) -> Verifier) {
        // If `change` panicked, a verifier that trusts nobody would be left.
        let nobody = Verifier::new(TrustStore::new(Vec::new()));
        self.verifier = change(mem::replace(&mut self.verifier, nobody));
    }
}

/// # Safety
/// `pointer` is NULL or shows a text that ends with NUL and is not changed during `'a`.
unsafe fn name<'a>(pointer: *const c_char) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller keeps the contract above.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| Error::new(Code::BadUtf8).field("file").into())
}

/// What the documentation promises about threads.
const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<yinxin_verifier>();
    shared_by_threads::<yinxin_report>();
};
