//! Version, status numbers, their texts, and the last failure of a thread.
#![allow(unsafe_code, reason = "exported names")]

use std::{
    cell::RefCell,
    ffi::{CStr, CString, c_char},
    ptr,
    sync::LazyLock,
};

use yinxin::Code;

use crate::boundary::{Failure, answer};

/// What a call returned: YINXIN_OK or the number of an error. Numbers are stable and never reused.
pub type yinxin_status = i32;

/// The call did its work.
pub const YINXIN_OK: yinxin_status = 0;
/// A pointer that must not be NULL is NULL.
pub const YINXIN_NULL_POINTER: yinxin_status = 901;
/// The library panicked, which is a bug in it. Nothing was written; handles can be freed, not used.
pub const YINXIN_PANIC: yinxin_status = 902;

/// The language of a text.
pub type yinxin_language = i32;

/// English.
pub const YINXIN_ENGLISH: yinxin_language = 0;
/// 中文。
pub const YINXIN_CHINESE: yinxin_language = 1;

/// The version of the library, such as "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn yinxin_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    CStr::from_bytes_with_nul(VERSION.as_bytes()).unwrap_or_default().as_ptr()
}

/// The stable name of a status, such as "BAD_DER". Static; NULL for a number that no version knows.
#[unsafe(no_mangle)]
pub extern "C" fn yinxin_status_name(status: yinxin_status) -> *const c_char {
    answer(ptr::null(), || Some(row(status)?.name.as_ptr()))
}

/// What a status means. Static, UTF-8; NULL for an unknown status or language.
#[unsafe(no_mangle)]
pub extern "C" fn yinxin_status_text(
    status: yinxin_status,
    language: yinxin_language,
) -> *const c_char {
    answer(ptr::null(), || Some(row(status)?.text.in_language(language)?.as_ptr()))
}

/// What failed last on this thread, with the place (field, file inside the package, byte offset).
///
/// UTF-8; NULL if nothing failed yet or the language is unknown. It is valid until the next failure
/// on this thread, or its end; a call that succeeds leaves it alone.
#[unsafe(no_mangle)]
pub extern "C" fn yinxin_last_error(language: yinxin_language) -> *const c_char {
    answer(ptr::null(), || {
        // While a thread ends its last failure may be gone already: `try_with` then gives `None`.
        LAST.try_with(|last| {
            let last = last.borrow();
            Some(last.as_ref()?.in_language(language)?.as_ptr())
        })
        .ok()?
    })
}

/// Every status with its name and meaning in English and Chinese: those of the core and our own.
pub fn statuses() -> impl Iterator<Item = (yinxin_status, &'static str, &'static str, &'static str)>
{
    let core = Code::ALL
        .iter()
        .map(|code| (i32::from(code.number()), code.name(), code.text_en(), code.text_zh()));
    let own = [
        (YINXIN_OK, "OK", "the call did its work", "调用成功"),
        (YINXIN_NULL_POINTER, "NULL_POINTER", "a pointer is NULL", "指针为空"),
        (YINXIN_PANIC, "PANIC", "the library panicked", "程序库内部错误"),
    ];
    core.chain(own)
}

/// Keeps `failure` for [`yinxin_last_error`] and returns its status.
pub(crate) fn keep(failure: Failure) -> yinxin_status {
    let (status, text) = match failure {
        Failure::Core(error) => (
            i32::from(error.code().number()),
            Text { en: c_text(error.text_en()), zh: c_text(error.text_zh()) },
        ),
        Failure::Null(name) => (
            YINXIN_NULL_POINTER,
            Text {
                en: c_text(format!("a pointer is NULL ({name})")),
                zh: c_text(format!("指针为空（{name}）")),
            },
        ),
        Failure::Panic => (
            YINXIN_PANIC,
            Text { en: c_text("the library panicked"), zh: c_text("程序库内部错误") },
        ),
    };
    // While a thread ends there is nobody left to ask.
    let _ = LAST.try_with(|last| last.replace(Some(text)));
    status
}

thread_local! {
    static LAST: RefCell<Option<Text>> = const { RefCell::new(None) };
}

struct Text {
    en: CString,
    zh: CString,
}

impl Text {
    const fn in_language(&self, language: yinxin_language) -> Option<&CString> {
        match language {
            YINXIN_ENGLISH => Some(&self.en),
            YINXIN_CHINESE => Some(&self.zh),
            _ => None,
        }
    }
}

struct Row {
    status: yinxin_status,
    name: CString,
    text: Text,
}

fn row(status: yinxin_status) -> Option<&'static Row> {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        statuses()
            .map(|(status, name, en, zh)| Row {
                status,
                name: c_text(name),
                text: Text { en: c_text(en), zh: c_text(zh) },
            })
            .collect()
    });
    ROWS.iter().find(|row| row.status == status)
}

/// A text for C. The name of a hostile file may have a NUL in it, which is shown as U+FFFD.
pub(crate) fn c_text(text: impl Into<String>) -> CString {
    CString::new(text.into().replace('\0', "\u{fffd}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use yinxin::Error;

    use super::*;

    fn read(pointer: *const c_char) -> Option<&'static str> {
        // SAFETY: every text of this module ends with NUL and outlives the test.
        (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap())
    }

    #[test]
    fn every_status_has_a_name_and_two_texts() {
        for (status, name, en, zh) in statuses() {
            assert_eq!(read(yinxin_status_name(status)), Some(name));
            assert_eq!(read(yinxin_status_text(status, YINXIN_ENGLISH)), Some(en));
            assert_eq!(read(yinxin_status_text(status, YINXIN_CHINESE)), Some(zh));
            assert_eq!(statuses().filter(|other| other.0 == status || other.1 == name).count(), 1);
        }
        for unknown in [-1, 1, 65_536, i32::MAX, i32::MIN] {
            assert_eq!(read(yinxin_status_name(unknown)), None);
        }
        assert_eq!(read(yinxin_status_text(YINXIN_OK, 2)), None);
    }

    #[test]
    fn the_last_failure_is_kept_for_its_thread_with_its_place() {
        assert_eq!(read(yinxin_last_error(YINXIN_ENGLISH)), None);
        let error = Error::new(Code::BadDer).in_file("a\0b").at(17);
        assert_eq!(keep(error.into()), 103);
        let text = "the DER is malformed (in a\u{fffd}b, byte 17)";
        assert_eq!(read(yinxin_last_error(YINXIN_ENGLISH)), Some(text));
        assert!(read(yinxin_last_error(YINXIN_CHINESE)).unwrap().starts_with("DER 编码有误"));
        assert_eq!(read(yinxin_last_error(9)), None);
        std::thread::spawn(|| assert_eq!(read(yinxin_last_error(YINXIN_ENGLISH)), None))
            .join()
            .unwrap();
    }
}
