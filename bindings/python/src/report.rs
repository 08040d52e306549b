//! What a verification found.

use std::collections::BTreeMap;

use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use yinxin::{
    licence::verify as core,
    report::{self, Indication, Language, Level, Outcome},
};

/// What a verification found: the answer, and every check that was made.
#[pyclass(frozen, module = "yinxin")]
pub(crate) struct Report(pub(crate) core::Report);

#[pymethods]
impl Report {
    /// The answer: `passed`, `failed` or `indeterminate`.
    #[getter]
    const fn indication(&self) -> &'static str {
        match self.0.indication {
            Indication::Passed => "passed",
            Indication::Failed => "failed",
            Indication::Indeterminate => "indeterminate",
        }
    }

    /// Why the answer is not `passed`, in the words of EN 319 102-1, such as `HASH_FAILURE`.
    #[getter]
    fn sub_indication(&self) -> Option<String> {
        self.0.sub_indication.map(report::SubIndication::name)
    }

    /// Every check that makes the answer, in the order in which it was made.
    #[getter]
    fn checks(&self) -> Vec<Check> {
        self.0.checks().cloned().map(Check).collect()
    }

    /// Everything, as JSON with both languages.
    fn json(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.to_json())
    }

    /// Everything, as a dictionary.
    fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let value = py.import("json")?.call_method1("loads", (self.json(py),))?;
        Ok(value.cast_into::<PyDict>()?)
    }

    /// As plain text for a reader, in `en` or `zh`.
    #[pyo3(signature = (language, /))]
    fn text(&self, py: Python<'_>, language: &str) -> PyResult<String> {
        let language = language_of(language)?;
        Ok(py.detach(|| self.0.to_text(language)))
    }

    /// As a whole HTML page without script or outside reference, in `en` or `zh`.
    #[pyo3(signature = (language, /))]
    fn html(&self, py: Python<'_>, language: &str) -> PyResult<String> {
        let language = language_of(language)?;
        Ok(py.detach(|| self.0.to_html(language)))
    }

    fn __repr__(&self) -> String {
        let sub = self.sub_indication().map(|sub| format!(" {sub}")).unwrap_or_default();
        format!("<yinxin.Report {}{sub}>", self.indication())
    }
}

/// One check: what was looked at, by which clause, and what was found.
#[pyclass(frozen, module = "yinxin")]
pub(crate) struct Check(report::Check);

#[pymethods]
impl Check {
    /// Stable, lower case, dotted: `signature.value`.
    #[getter]
    const fn id(&self) -> &'static str {
        self.0.id
    }

    /// How it ended: `passed`, `failed`, `indeterminate` or `skipped`.
    #[getter]
    const fn outcome(&self) -> &'static str {
        match self.0.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Indeterminate => "indeterminate",
            Outcome::Skipped => "skipped",
        }
    }

    /// How much it counts: `required`, `warning` or `information`.
    #[getter]
    const fn level(&self) -> &'static str {
        match self.0.level {
            Level::Required => "required",
            Level::Warning => "warning",
            Level::Information => "information",
        }
    }

    /// What it contributes to the verdict when it did not pass.
    #[getter]
    fn sub_indication(&self) -> Option<String> {
        self.0.sub_indication.map(report::SubIndication::name)
    }

    /// The standard and its clause.
    #[getter]
    const fn clause(&self) -> &'static str {
        self.0.clause
    }

    /// Values compared, times, names.
    #[getter]
    fn evidence(&self) -> BTreeMap<&'static str, &str> {
        self.0.evidence.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// What was found, in English.
    #[getter]
    fn en(&self) -> &str {
        &self.0.text.en
    }

    /// What was found, in Chinese.
    #[getter]
    fn zh(&self) -> &str {
        &self.0.text.zh
    }

    fn __repr__(&self) -> String {
        format!("<yinxin.Check {} {}>", self.0.id, self.outcome())
    }
}

fn language_of(name: &str) -> PyResult<Language> {
    match name {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        _ => Err(PyValueError::new_err("language must be 'en' or 'zh'")),
    }
}
