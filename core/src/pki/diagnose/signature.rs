//! The search for what explains a signature that does not verify.

use std::collections::BTreeMap;

use super::{
    Diagnosis, Finding, Subject,
    budget::Budget,
    conclude,
    data::{self, DataRow},
    deviation::Part,
    procedure::{self, ProcedureRow},
    reading::{self, Reading},
};
use crate::{
    error::Error,
    limits,
    pki::algorithm::SignatureForm,
    primitives::{
        sm2::{DistId, PublicKey, Signature, hazmat},
        sm3::Digest,
    },
    report::Text,
};

/// What was expected of a signature.
#[derive(Clone, Copy, Debug)]
pub struct SignatureQuestion<'a> {
    /// The key that should have signed.
    pub key: &'a PublicKey,
    /// What should have been signed.
    pub data: &'a [u8],
    /// The signature as it came: bytes or a text.
    pub signature: &'a [u8],
    /// The form in which it should have come.
    pub form: SignatureForm,
    /// The signer's identifier that should have been used.
    pub id: &'a DistId,
    /// Other identifiers that may have been used, with their names: the subject, an account.
    pub other_ids: &'a [(&'a str, DistId)],
    /// Other keys that may have been used, with their names.
    pub other_keys: &'a [(&'a str, &'a PublicKey)],
}

/// Looks for what explains that a signature does not verify: first in how the signature is written,
/// then with one deviation more in key, identifier, data or digest, then with two.
///
/// At most [`limits::DIAGNOSIS_VERIFICATIONS_MAX`] verifications are made and
/// [`limits::DIAGNOSIS_HASHED_BYTES_MAX`] bytes hashed; where that is not enough, the diagnosis says so.
/// Variable time: all inputs are public.
///
/// # Errors
/// [`Code::LimitReached`](crate::Code::LimitReached) past [`limits::DIAGNOSIS_DATA_BYTES_MAX`],
/// [`limits::DIAGNOSIS_VALUE_BYTES_MAX`] or [`limits::DIAGNOSIS_CANDIDATES_MAX`].
pub fn signature(question: &SignatureQuestion<'_>) -> Result<Diagnosis, Error> {
    if question.data.len() > limits::DIAGNOSIS_DATA_BYTES_MAX {
        return Err(Error::limit("DIAGNOSIS_DATA_BYTES_MAX"));
    }
    if question.signature.len() > limits::DIAGNOSIS_VALUE_BYTES_MAX {
        return Err(Error::limit("DIAGNOSIS_VALUE_BYTES_MAX"));
    }
    let candidates = question.other_ids.len().max(question.other_keys.len());
    if candidates > limits::DIAGNOSIS_CANDIDATES_MAX {
        return Err(Error::limit("DIAGNOSIS_CANDIDATES_MAX"));
    }
    let (readings, complete) = reading::readings(question.signature, question.form);
    let mut search = Search::new(question, &readings);
    if !complete {
        search.budget.exhaust();
    }
    // The form of a signature is seen, the rest is guessed: with other deviations the most probable
    // reading comes first, and pairs are tried with that one only.
    let (probable, others) = readings.split_at(readings.len().min(1));
    for (readings, count) in [(&readings[..], 0), (probable, 1), (others, 1), (probable, 2)] {
        let findings = search.with_deviations(count, readings);
        if findings.iter().any(|finding| finding.parts.is_empty()) {
            return Ok(Diagnosis::NothingToExplain);
        }
        if !findings.is_empty() {
            return Ok(search.conclude(findings));
        }
    }
    Ok(search.conclude(Vec::new()))
}

/// What may deviate besides the form of the signature; 0 is what was expected.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Variant {
    data: usize,
    procedure: usize,
    id: usize,
    key: usize,
}

struct Search<'a> {
    question: &'a SignatureQuestion<'a>,
    readings: &'a [Reading],
    /// The identifiers, the expected one first, and what it means if it is another.
    ids: Vec<(DistId, Option<Part>)>,
    keys: Vec<(&'a PublicKey, Option<Part>)>,
    budget: Budget,
}

impl<'a> Search<'a> {
    fn new(question: &'a SignatureQuestion<'a>, readings: &'a [Reading]) -> Self {
        let mut ids = vec![(question.id.clone(), None)];
        let known = procedure::IDS
            .iter()
            .filter_map(|row| (row.id)(question.id).map(|id| (id, Some(Part::of(&row.deviation)))));
        let given = question
            .other_ids
            .iter()
            .map(|(name, id)| (id.clone(), Some(Part::named(&procedure::ID_CANDIDATE, name))));
        for (id, part) in known.chain(given) {
            if ids.iter().all(|(other, _)| *other != id) {
                ids.push((id, part));
            }
        }
        let mut keys = vec![(question.key, None)];
        for (name, key) in question.other_keys {
            if keys.iter().all(|(other, _)| other != key) {
                keys.push((*key, Some(Part::named(&procedure::OTHER_KEY, name))));
            }
        }
        Self { question, readings, ids, keys, budget: Budget::new() }
    }

    /// Each of the readings with this many deviations beside it.
    fn with_deviations(&mut self, count: usize, readings: &[Reading]) -> Vec<Finding> {
        let mut seen: BTreeMap<(usize, Digest), Variant> = BTreeMap::new();
        let mut data: Option<(usize, Option<Vec<u8>>)> = None;
        // In the order of the data, so that each form of it is made once and forgotten.
        for variant in self.variants(count) {
            if data.as_ref().is_none_or(|(at, _)| *at != variant.data) {
                data = Some((variant.data, self.data(variant.data)));
            }
            let Some((_, Some(bytes))) = &data else { continue };
            // Z, the identifier and the last block come on top of the data.
            if !self.budget.hash(bytes.len().saturating_add(64)) {
                break;
            }
            let (Some((id, _)), Some((key, _))) =
                (self.ids.get(variant.id), self.keys.get(variant.key))
            else {
                continue;
            };
            let e = match variant.procedure.checked_sub(1).and_then(|at| procedure::ROWS.get(at)) {
                None => Some(procedure::standard(key, id, bytes)),
                Some(ProcedureRow { e, .. }) => e(key, id, bytes),
            };
            if let Some(e) = e {
                seen.entry((variant.key, e)).or_insert(variant);
            }
        }
        self.verify(readings, &seen)
    }

    /// Verifies each reading over each digest, as far as the ceiling allows.
    fn verify(
        &mut self,
        readings: &[Reading],
        digests: &BTreeMap<(usize, Digest), Variant>,
    ) -> Vec<Finding> {
        let mut claims: Vec<(&PublicKey, Digest, &Signature)> = Vec::new();
        let mut meanings = Vec::new();
        'all: for reading in readings {
            for ((key, e), variant) in digests {
                if let Some((key, _)) = self.keys.get(*key) {
                    if !self.budget.verify() {
                        break 'all;
                    }
                    claims.push((*key, *e, &reading.signature));
                    meanings.push((reading, *variant));
                }
            }
        }
        let results = hazmat::verify_digests(&claims);
        let explained = results.iter().zip(&meanings).filter(|(result, _)| result.is_ok());
        explained.map(|(_, (reading, variant))| self.finding(reading, *variant)).collect()
    }

    /// Every choice of exactly `count` deviations.
    fn variants(&self, count: usize) -> Vec<Variant> {
        let mut variants = Vec::new();
        for data in 0..=data::ROWS.len() {
            for procedure in 0..=procedure::ROWS.len() {
                for id in 0..self.ids.len() {
                    for key in 0..self.keys.len() {
                        let choice = [data, procedure, id, key];
                        if choice.iter().filter(|&&it| it > 0).count() == count {
                            variants.push(Variant { data, procedure, id, key });
                        }
                    }
                }
            }
        }
        variants
    }

    /// The data of a row, unless it is the data that was given.
    fn data(&self, at: usize) -> Option<Vec<u8>> {
        let given = self.question.data;
        match at.checked_sub(1).and_then(|at| data::ROWS.get(at)) {
            None => Some(given.to_vec()),
            Some(DataRow { signed, .. }) => signed(given).filter(|data| data != given),
        }
    }

    fn finding(&self, reading: &Reading, variant: Variant) -> Finding {
        let mut parts = reading.parts.clone();
        let row = |at: usize| at.checked_sub(1);
        let data = row(variant.data).and_then(|at| data::ROWS.get(at));
        parts.extend(data.map(|row| Part::of(&row.deviation)));
        let procedure = row(variant.procedure).and_then(|at| procedure::ROWS.get(at));
        parts.extend(procedure.map(|row| Part::of(&row.deviation)));
        parts.extend(self.ids.get(variant.id).and_then(|(_, part)| part.clone()));
        parts.extend(self.keys.get(variant.key).and_then(|(_, part)| part.clone()));
        Finding { parts }
    }

    fn conclude(&self, findings: Vec<Finding>) -> Diagnosis {
        let mut observations = Vec::new();
        if self.readings.is_empty() {
            let length = self.question.signature.len();
            observations.push(Text {
                en: format!(
                    "the {length} bytes are no signature in any form that is known here, or its r \
                     or s is 0 or not below n"
                )
                .into(),
                zh: format!("这 {length} 字节不是任何已知格式的签名，或 r、s 为 0 或不小于 n")
                    .into(),
            });
        }
        let (tried, complete) = (self.budget.verified(), self.budget.was_enough());
        conclude(Subject::Signature, findings, tried, complete, observations)
    }
}
