//! What a verification found.
#![allow(unsafe_code, reason = "exported names and C's pointers")]

use std::{
    ffi::{CString, c_char},
    ptr,
    sync::OnceLock,
};

use yinxin::{
    licence::verify::Report,
    report::{Indication, Language},
};

use crate::{
    boundary::{Out, answer, free, shown},
    error::{YINXIN_CHINESE, YINXIN_ENGLISH, c_text, yinxin_language},
};

/// The overall answer. No value but YINXIN_PASSED means that a licence is good.
pub type yinxin_indication = i32;

/// There is no report: the handle is NULL.
pub const YINXIN_NO_INDICATION: yinxin_indication = 0;
/// Every required check passed.
pub const YINXIN_PASSED: yinxin_indication = 1;
/// A required check failed.
pub const YINXIN_FAILED: yinxin_indication = 2;
/// No required check failed, but one could not be decided with what was given.
pub const YINXIN_INDETERMINATE: yinxin_indication = 3;

/// What a verification found. Immutable: threads may share it. All texts are its own, UTF-8, end
/// with NUL, and are valid until it is freed.
pub struct yinxin_report {
    report: Report,
    sub_indication: Option<CString>,
    json: OnceLock<CString>,
    text: [OnceLock<CString>; 2],
    html: [OnceLock<CString>; 2],
}

impl yinxin_report {
    pub(crate) fn new(report: Report) -> Self {
        let sub_indication = report.sub_indication.map(|sub| c_text(sub.name()));
        let (json, text, html) = Default::default();
        Self { report, sub_indication, json, text, html }
    }
}

/// Frees a report. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_free(report: *mut yinxin_report) {
    // SAFETY: the caller got it from `yinxin_verifier_verify` and frees it once.
    unsafe { free(report) }
}

/// The overall answer; YINXIN_NO_INDICATION if `report` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_indication(
    report: *const yinxin_report,
) -> yinxin_indication {
    answer(YINXIN_NO_INDICATION, || {
        // SAFETY: the caller's report is alive or NULL.
        let report = unsafe { shown(report, "report") }.ok()?;
        Some(match report.report.indication {
            Indication::Passed => YINXIN_PASSED,
            Indication::Failed => YINXIN_FAILED,
            Indication::Indeterminate => YINXIN_INDETERMINATE,
        })
    })
}

/// Why the answer is not YINXIN_PASSED, in the words of EN 319 102-1, such as "HASH_FAILURE"; NULL
/// if it is, or if `report` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_sub_indication(
    report: *const yinxin_report,
) -> *const c_char {
    answer(ptr::null(), || {
        // SAFETY: the caller's report is alive or NULL.
        let report = unsafe { shown(report, "report") }.ok()?;
        Some(report.sub_indication.as_ref()?.as_ptr())
    })
}

/// Everything, as JSON with both languages. Writes its length in bytes, without the NUL, to `*len`
/// unless `len` is NULL. NULL, and `*len` untouched, if `report` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_json(
    report: *const yinxin_report,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller's report is alive or NULL, and `len` has room for a number or is NULL.
    unsafe {
        text_of(report, len, |report| {
            Some(report.json.get_or_init(|| c_text(report.report.to_json())))
        })
    }
}

/// As plain text for a reader. Length and NULL as with yinxin_report_json; NULL also if the
/// language is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_text(
    report: *const yinxin_report,
    language: yinxin_language,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller's report is alive or NULL, and `len` has room for a number or is NULL.
    unsafe {
        text_of(report, len, |report| {
            let (language, place) = in_language(language, &report.text)?;
            Some(place.get_or_init(|| c_text(report.report.to_text(language))))
        })
    }
}

/// As a whole HTML page without script or outside reference. Length and NULL as with
/// yinxin_report_text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_report_html(
    report: *const yinxin_report,
    language: yinxin_language,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller's report is alive or NULL, and `len` has room for a number or is NULL.
    unsafe {
        text_of(report, len, |report| {
            let (language, place) = in_language(language, &report.html)?;
            Some(place.get_or_init(|| c_text(report.report.to_html(language))))
        })
    }
}

fn in_language(
    language: yinxin_language,
    [english, chinese]: &[OnceLock<CString>; 2],
) -> Option<(Language, &OnceLock<CString>)> {
    match language {
        YINXIN_ENGLISH => Some((Language::English, english)),
        YINXIN_CHINESE => Some((Language::Chinese, chinese)),
        _ => None,
    }
}

/// Hands out a text that the report keeps.
///
/// # Safety
/// `report` is NULL or shows a live report; `len` is NULL or has room for a number.
unsafe fn text_of(
    report: *const yinxin_report,
    len: *mut usize,
    text: impl FnOnce(&yinxin_report) -> Option<&CString>,
) -> *const c_char {
    answer(ptr::null(), || {
        // SAFETY: the caller keeps the contract above.
        let (report, len) = unsafe { (shown(report, "report").ok()?, Out::new(len, "len").ok()) };
        let text = text(report)?;
        if let Some(len) = len {
            len.put(text.as_bytes().len());
        }
        Some(text.as_ptr())
    })
}
