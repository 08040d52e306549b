//! Why does it not verify, decrypt or load? The deviations that are known from practice are tried one
//! by one and two by two, and what explains the failure is named.
//!
//! In: a key, data, a signature (or a ciphertext, or the file of a key) and what was expected of them.
//! Out: a [`Diagnosis`]. It is no verification: a signature that it explains is a signature that does
//! not verify. Some explanations accept what anybody can make (a digest in place of the message), so
//! that nothing may be concluded from one but what to repair. Variable time: for the public values of
//! signatures, and for ciphertexts and keys that one's own side is at a loss with.
//!
//! The deviations are rows of tables: `reading` (how the value is written), `data` (what was signed),
//! `procedure` (how it was hashed), `ciphertext` and `key`.

mod budget;
mod ciphertext;
mod data;
mod deviation;
mod key;
mod layer;
mod procedure;
mod reading;
mod signature;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use self::{
    ciphertext::{CiphertextQuestion, ciphertext},
    deviation::{Deviation, Part},
    key::{KeyQuestion, key},
    signature::{SignatureQuestion, signature},
};
use crate::report::{Language, Text};

/// What a diagnosis found. It never says that anything was verified.
#[must_use = "a diagnosis that nobody reads changes nothing"]
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "conclusion", rename_all = "snake_case")]
pub enum Diagnosis {
    /// There was nothing to explain: the strict function accepts it as it is. Whoever wants to rely on
    /// that calls the strict function.
    NothingToExplain,
    /// It is refused, and would be accepted if what one of the findings names were otherwise.
    Explained {
        /// What is at fault.
        subject: Subject,
        /// Each explains the failure by itself; the one with the fewest deviations first.
        findings: Vec<Finding>,
        /// How many variants were tried.
        tried: usize,
    },
    /// It is refused, and nothing that is known explains it.
    Unexplained {
        /// What is at fault.
        subject: Subject,
        /// How many variants were tried.
        tried: usize,
        /// Whether all known variants were tried; else a ceiling was reached.
        complete: bool,
        /// What was seen in the input.
        observations: Vec<Text>,
    },
}

/// What is diagnosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A signature.
    Signature,
    /// A ciphertext.
    Ciphertext,
    /// The file of a key.
    Key,
}

/// Deviations that explain a failure together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In the order in which a reader undoes them.
    pub parts: Vec<Part>,
}

impl Diagnosis {
    /// The diagnosis for readers. It says in every case what it is not.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        match self {
            Self::NothingToExplain => language
                .pick(
                    "There is nothing to explain: the strict check accepts it. \
                     This is no verification; run the check itself.",
                    "没有需要解释的问题：严格检查可以接受。本结果不是验证结论，请运行相应的检查。",
                )
                .to_owned(),
            Self::Explained { subject, findings, .. } => {
                let mut lines = vec![subject.refused(language).to_owned()];
                for finding in findings {
                    lines.push(subject.accepted_if(language).to_owned());
                    lines.extend(finding.parts.iter().map(|part| part.line(language)));
                }
                lines.join("\n")
            }
            Self::Unexplained { subject, tried, complete, observations } => {
                let mut lines = vec![subject.refused(language).to_owned()];
                lines.push(match language {
                    Language::English => format!("Nothing known explains it ({tried} tried)."),
                    Language::Chinese => format!("已知的偏差都不能解释（共尝试 {tried} 种）。"),
                });
                if !complete {
                    let text = language.pick(
                        "A ceiling was reached: not all combinations were tried.",
                        "已达上限，未尝试全部组合。",
                    );
                    lines.push(text.to_owned());
                }
                lines.extend(observations.iter().map(|text| format!("- {}", language.of(text))));
                lines.join("\n")
            }
        }
    }
}

impl Subject {
    const fn refused(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Signature, Language::English) => "The signature does not verify.",
            (Self::Signature, Language::Chinese) => "签名验证不通过。",
            (Self::Ciphertext, Language::English) => "The ciphertext does not decrypt.",
            (Self::Ciphertext, Language::Chinese) => "密文不能解密。",
            (Self::Key, Language::English) => "The key is not what was expected.",
            (Self::Key, Language::Chinese) => "密钥不符合预期。",
        }
    }

    const fn accepted_if(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Signature, Language::English) => "It would verify if this were otherwise:",
            (Self::Ciphertext, Language::English) => "It would decrypt if this were otherwise:",
            (Self::Key, Language::English) => "It would be read if this were otherwise:",
            (Self::Signature, Language::Chinese) => "若排除以下偏差，则可以验证：",
            (Self::Ciphertext, Language::Chinese) => "若排除以下偏差，则可以解密：",
            (Self::Key, Language::Chinese) => "若排除以下偏差，则可以读取：",
        }
    }
}

/// The findings of a search, or that there are none.
fn conclude(
    subject: Subject,
    mut findings: Vec<Finding>,
    tried: usize,
    complete: bool,
    observations: Vec<Text>,
) -> Diagnosis {
    if findings.is_empty() {
        return Diagnosis::Unexplained { subject, tried, complete, observations };
    }
    findings.sort_by_key(|finding| finding.parts.len());
    Diagnosis::Explained { subject, findings, tried }
}
