//! RustCrypto: `yinxin-interop-rustcrypto OURS TASKS OUT`; vectors/interop/README.md describes the
//! protocol. The version that it tells is that of crate `sm2`.

mod certificates;
mod keys;
mod messages;
mod online;
mod stores;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// What the peer said.
pub(crate) type Refusal = Box<dyn std::error::Error>;
pub(crate) type End = Result<(), Refusal>;

type Take = fn(&Folder) -> End;
type Make = fn(&Folder, &Folder) -> End;

const CELLS: &[(&str, Take, Make)] = &[
    ("signature", keys::verify, keys::sign),
    ("ciphertext", keys::decrypt, keys::encrypt),
    ("pkcs8", keys::take_pkcs8, keys::make_pkcs8),
    ("sec1", keys::take_sec1, keys::make_sec1),
    ("spki", keys::take_spki, keys::make_spki),
    ("encrypted-key", keys::take_encrypted, keys::make_encrypted),
    ("certificate", certificates::take, certificates::make),
    ("csr", certificates::take_request, certificates::make_request),
    ("crl", certificates::take_list, certificates::make_list),
    ("ocsp-request", online::take_ocsp_request, online::make_ocsp_request),
    ("ocsp-response", online::take_ocsp_response, online::make_ocsp_response),
    ("time-stamp-request", online::take_stamp_request, online::make_stamp_request),
    ("time-stamp-response", online::take_stamp, online::make_stamp),
    ("cms-signed", messages::take_signed, messages::make_signed),
    ("cms-enveloped", messages::take_enveloped, messages::make_enveloped),
    ("cms-encrypted", messages::take_encrypted, messages::make_encrypted),
    ("pkcs12", stores::take, stores::make),
];

/// The files of a case.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One of that name, which need not exist.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.into())
    }

    pub(crate) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }

    pub(crate) fn bytes(&self, file: &str) -> Result<Vec<u8>, Refusal> {
        Ok(fs::read(self.0.join(file))?)
    }

    pub(crate) fn text(&self, file: &str) -> Result<String, Refusal> {
        Ok(fs::read_to_string(self.0.join(file))?)
    }

    pub(crate) fn put(&self, file: &str, bytes: impl AsRef<[u8]>) -> End {
        Ok(fs::write(self.0.join(file), bytes)?)
    }
}

pub(crate) fn demand(condition: bool, text: &str) -> End {
    if condition { Ok(()) } else { Err(text.into()) }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ours, tasks, out] = &arguments[..] else { panic!("usage: OURS TASKS OUT") };
    let version = include_str!("../Cargo.lock").split("name = \"sm2\"\nversion = \"").nth(1);
    let version = version.and_then(|rest| rest.split('"').next()).expect("a lock with sm2");
    let mut answers = vec![json!({ "version": version })];
    for (cell, take, make) in CELLS {
        for case in cases(&Path::new(ours).join(cell)) {
            answers.push(answer("to", cell, &case, take(&case)));
        }
        for task in cases(&Path::new(tasks).join(cell)) {
            let made = Folder(Path::new(out).join(cell).join(task.name()));
            fs::create_dir_all(&made.0).expect("a folder");
            answers.push(answer("from", cell, &task, make(&task, &made)));
        }
    }
    let lines: String = answers.iter().map(|line| format!("{line}\n")).collect();
    fs::write(Path::new(out).join("answers.jsonl"), lines).expect("answers");
}

fn answer(direction: &str, cell: &str, case: &Folder, end: End) -> Value {
    let note = end.as_ref().err().map(ToString::to_string).unwrap_or_default();
    json!({
        "direction": direction, "cell": cell, "case": case.name(), "ok": end.is_ok(), "note": note
    })
}

fn cases(folder: &Path) -> Vec<Folder> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(Folder).collect()
}
