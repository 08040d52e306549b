//! Reports as one self-contained HTML page: no script, no outside reference, works from a file.
//!
//! Both languages are in the page; two radio buttons and style rules switch between them.

use super::report::{Report, SignatureReport};
use crate::{
    error::Error,
    limits::{HTML_DETAILED_MAX, HTML_DETAILED_PASSED_MAX},
    pki::x509::CertificateReport,
    report::{Check, Indication, Language, Level, Outcome, SubIndication, Text},
};

/// A page that grows file by file, so that a directory of any size can be reported.
///
/// Every report that did not pass is shown in full up to [`HTML_DETAILED_MAX`], of those that passed
/// the first [`HTML_DETAILED_PASSED_MAX`]; the page says how many were left out.
#[derive(Debug)]
pub struct HtmlReport {
    language: Language,
    rows: String,
    details: String,
    counts: [usize; 4],
    detailed: usize,
    detailed_passed: usize,
    left_out: usize,
}

impl HtmlReport {
    /// An empty page that opens in `language`.
    #[must_use]
    pub const fn new(language: Language) -> Self {
        Self {
            language,
            rows: String::new(),
            details: String::new(),
            counts: [0; 4],
            detailed: 0,
            detailed_passed: 0,
            left_out: 0,
        }
    }

    /// Adds the report of one file.
    pub fn add(&mut self, report: &Report) {
        let number = self.number();
        let passed = report.indication == Indication::Passed;
        let [ok, no, unsure, _] = &mut self.counts;
        match report.indication {
            Indication::Passed => *ok += 1,
            Indication::Failed => *no += 1,
            Indication::Indeterminate => *unsure += 1,
        }
        if self.detailed == HTML_DETAILED_MAX
            || (passed && self.detailed_passed == HTML_DETAILED_PASSED_MAX)
        {
            self.left_out += 1;
            return;
        }
        self.detailed += 1;
        self.detailed_passed += usize::from(passed);
        let mut reason =
            report.decisive_check().map_or_else(String::new, |check| spans(&check.text));
        if let Some((certificate, check)) = report.decisive_certificate() {
            reason.push_str(&format!(
                "<div class=clause>{}: {}</div>",
                escape(&certificate.subject),
                spans(&check.text)
            ));
        }
        self.row(number, report.file.as_deref(), report.indication, &reason);
        self.details.push_str(&details(report, number));
    }

    /// Adds a file that could not be read.
    pub fn add_error(&mut self, file: &str, error: &Error) {
        let number = self.number();
        let [.., unreadable] = &mut self.counts;
        *unreadable += 1;
        if self.detailed == HTML_DETAILED_MAX {
            self.left_out += 1;
            return;
        }
        self.detailed += 1;
        let reason =
            format!("{} {}", error.code().name(), both(&error.text_en(), &error.text_zh()));
        self.rows.push_str(&format!(
            "<tr id=f{number}><td class=file>{}</td><td class=\"word failed\">{}</td><td>{reason}</td></tr>\n",
            escape(file),
            both("UNREADABLE", "无法读取")
        ));
    }

    /// The finished page.
    #[must_use]
    pub fn finish(self) -> String {
        let (zh, en) = match self.language {
            Language::Chinese => (" checked", ""),
            Language::English => ("", " checked"),
        };
        let lang = self.language.pick("en", "zh-CN");
        let title = self.language.pick("Licence verification report", "电子证照验证报告");
        let (head, rows, details) = (self.head(), &self.rows, &self.details);
        let note = if self.left_out == 0 {
            String::new()
        } else {
            let en = format!("{} further files are counted but not listed.", self.left_out);
            let zh = format!("另有 {} 个文件已计入统计，未逐一列出。", self.left_out);
            format!("<p class=note>{}</p>", both(&en, &zh))
        };
        format!(
            "<!DOCTYPE html>\n<html lang={lang}><head><meta charset=utf-8>\
             <meta name=viewport content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head><body>\n\
             <input type=radio name=language id=zh{zh}><label for=zh lang=zh-CN>中文</label>\
             <input type=radio name=language id=en{en}><label for=en lang=en>English</label>\n\
             <main>{head}<table class=files><tr><th class=file>{}</th><th class=answer>{}</th>\
             <th>{}</th></tr>\n{rows}</table>{note}{details}</main></body></html>\n",
            both("File", "文件"),
            both("Answer", "结论"),
            both("Reason", "原因")
        )
    }

    fn number(&self) -> usize {
        self.counts.iter().sum()
    }

    fn head(&self) -> String {
        let [passed, failed, indeterminate, unreadable] = self.counts;
        let cells = [
            ("passed", spans(&Indication::Passed.text()), passed),
            ("failed", spans(&Indication::Failed.text()), failed),
            ("indeterminate", spans(&Indication::Indeterminate.text()), indeterminate),
            ("failed", both("UNREADABLE", "无法读取"), unreadable),
        ]
        .map(|(class, word, count)| {
            let class = if count == 0 { "skipped" } else { class };
            format!("<td class={class}><b>{count}</b>{word}</td>")
        });
        let title = both("Licence verification report", "电子证照验证报告");
        format!("<h1>{title}</h1><table class=counts><tr>{}</tr></table>", cells.concat())
    }

    fn row(&mut self, number: usize, file: Option<&str>, indication: Indication, reason: &str) {
        self.rows.push_str(&format!(
            "<tr><td class=file><a href=#f{number}>{}</a></td><td class=\"word {}\">{}</td>\
             <td>{reason}</td></tr>\n",
            escape(file.unwrap_or("-")),
            class(indication),
            spans(&indication.text())
        ));
    }
}

const STYLE: &str = "
body{font:15px/1.55 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;\
margin:1.5rem auto;max-width:66rem;padding:0 1rem;color:#1d2329;background:#fafafa}
#zh:checked~main .en,#en:checked~main .zh{display:none}
input{position:absolute;opacity:0}label{display:inline-block;padding:.1rem .8rem;cursor:pointer;\
border:1px solid #c4cbd2;border-radius:1rem;margin-right:.4rem;background:#fff}
input:checked+label{background:#1d2329;color:#fff}input:focus-visible+label{outline:2px solid #0969da}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:.2rem 0;overflow-wrap:anywhere}
h3{font-size:1rem;margin:1rem 0 .3rem}h4{font-size:.95rem;margin:.8rem 0 .2rem;color:#57606a}
table{border-collapse:collapse;width:100%;background:#fff;margin:.5rem 0 1rem;table-layout:fixed}
td,th{border:1px solid #d8dde2;padding:.3rem .5rem;text-align:left;vertical-align:top;\
overflow-wrap:anywhere}th{background:#eef1f4;font-weight:600}
.counts td{text-align:center}.counts b{display:block;font-size:1.6rem;line-height:1.2}
.files .file{width:46%}.files .answer{width:9.5rem}.checks td:first-child{width:9.5rem}
@media(max-width:45rem){body{font-size:13px}.files .file{width:36%}\
.files .answer,.checks td:first-child{width:22%}}
.facts{scroll-margin-top:4rem}
.passed{color:#116329}.failed{color:#b0121d}.indeterminate{color:#8a5a00}.skipped{color:#667}
.word,.outcome{font-weight:600}.clause,.note,dt{color:#57606a}
.clause{font-size:.85em}details{background:#fff;border:1px solid #d8dde2;border-radius:6px;\
padding:.5rem 1rem;margin:.8rem 0}summary{cursor:pointer}dl{display:grid;\
grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.3rem 0}dd{margin:0;\
overflow-wrap:anywhere}dt{max-width:12rem;overflow-wrap:anywhere}
td dl{font-size:.9em}.id{font:.95em ui-monospace,monospace}
@media print{input,label{display:none}body{font-size:11px;margin:0;max-width:none;padding:0;\
background:#fff}details{border:0;padding:0}tr,dl{break-inside:avoid}\
h2,h3,h4,summary{break-after:avoid}a{color:inherit;text-decoration:none}\
td,th{print-color-adjust:exact}}";

fn details(report: &Report, number: usize) -> String {
    let open = if report.indication == Indication::Passed && number > 0 { "" } else { " open" };
    let mut html = format!(
        "<details{open}><summary><h2 style=display:inline>{}</h2> \
         <span class=\"word {}\">{} {}</span></summary>\n",
        escape(report.file.as_deref().unwrap_or("-")),
        class(report.indication),
        spans(&report.indication.text()),
        name(report.sub_indication)
    );
    let mut facts = vec![("Verified at", "验证时间", report.validated_at.to_string())];
    facts.extend(report.document.title.clone().map(|title| ("Title", "标题", title)));
    facts.extend(report.licence.identifier.clone().map(|id| ("Identifier", "证照标识", id)));
    // A link to what stands inside opens the section; one to the section itself would not.
    html.push_str(&format!("<div class=facts id=f{number}>{}</div>", list(&facts)));
    html.push_str(&checks_table(&both("Document", "文档"), &report.document.checks));
    for signature in &report.signatures {
        html.push_str(&signature_section(signature));
    }
    html.push_str(&checks_table(&both("Licence", "证照"), &report.licence.checks));
    if !report.licence.metadata.is_empty() {
        let rows: String = report
            .licence
            .metadata
            .iter()
            .map(|item| {
                format!("<tr><td>{}</td><td>{}</td></tr>", escape(&item.name), escape(&item.value))
            })
            .collect();
        html.push_str(&format!(
            "<h3>{}</h3><table class=checks>{rows}</table>",
            both("Metadata (GB/T 36903)", "元数据（GB/T 36903）")
        ));
    }
    html.push_str("</details>\n");
    html
}

fn signature_section(signature: &SignatureReport) -> String {
    let mut html = format!(
        "<h3>{} {} ({}) <span class=\"word {}\">{} {}</span></h3>",
        both("Signature", "签名"),
        escape(&signature.id),
        signature.kind,
        class(signature.indication),
        spans(&signature.indication.text()),
        name(signature.sub_indication)
    );
    let mut facts = Vec::new();
    if let Some(signer) = &signature.signer {
        facts.push(("Signer", "签章人", signer.subject.clone()));
    }
    if let Some(seal) = &signature.seal {
        facts.push(("Seal", "印章", format!("{} ({}; {})", seal.name, seal.id, seal.standard)));
    }
    facts.extend(signature.signed_at.map(|time| ("Signed at", "签章时间", time.to_string())));
    facts.push(("Files covered", "受保护文件", signature.coverage.covered.len().to_string()));
    html.push_str(&list(&facts));
    html.push_str(&checks_table("", &signature.checks));
    for path in &signature.certificates {
        let title = match path.role {
            "signer" => both("Signer's certificate path", "签章人证书链"),
            _ => both("Seal maker's certificate path", "制章人证书链"),
        };
        html.push_str(&format!("<h4>{title}</h4>"));
        for certificate in &path.certificates {
            html.push_str(&certificate_section(certificate));
        }
    }
    html
}

fn certificate_section(certificate: &CertificateReport) -> String {
    checks_table(&escape(&certificate.subject), &certificate.checks)
}

fn checks_table(title: &str, checks: &[Check]) -> String {
    if checks.is_empty() {
        return String::new();
    }
    let rows: String = checks.iter().map(check_row).collect();
    let head = if title.is_empty() { String::new() } else { format!("<h3>{title}</h3>") };
    format!("{head}<table class=checks>{rows}</table>\n")
}

fn check_row(check: &Check) -> String {
    let colour = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Indeterminate => "indeterminate",
        Outcome::Skipped => "skipped",
    };
    let weight = match check.level {
        Level::Required => String::new(),
        Level::Warning => both(" (warning)", "（提示）"),
        Level::Information => both(" (information)", "（信息）"),
    };
    let evidence: String = check
        .evidence
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)))
        .collect();
    let evidence = if evidence.is_empty() { evidence } else { format!("<dl>{evidence}</dl>") };
    format!(
        "<tr><td class=\"outcome {colour}\">{}{weight}</td><td>{}<div class=clause>{} \
         <span class=id>{}</span></div>{evidence}</td></tr>\n",
        spans(&check.outcome.text()),
        spans(&check.text),
        escape(check.clause),
        check.id
    )
}

fn list(facts: &[(&str, &str, String)]) -> String {
    let rows: String = facts
        .iter()
        .map(|(en, zh, value)| format!("<dt>{}</dt><dd>{}</dd>", both(en, zh), escape(value)))
        .collect();
    format!("<dl>{rows}</dl>")
}

const fn class(indication: Indication) -> &'static str {
    match indication {
        Indication::Passed => "passed",
        Indication::Failed => "failed",
        Indication::Indeterminate => "indeterminate",
    }
}

fn name(sub_indication: Option<SubIndication>) -> String {
    sub_indication.map(SubIndication::name).unwrap_or_default()
}

fn spans(text: &Text) -> String {
    both(&text.en, &text.zh)
}

fn both(en: &str, zh: &str) -> String {
    format!("<span class=en>{}</span><span class=zh>{}</span>", escape(en), escape(zh))
}

/// Escapes text from the document, which is hostile until proved otherwise.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // Controls and direction overrides could make a name look like another.
            c if c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                html.push('\u{fffd}');
            }
            c => html.push(c),
        }
    }
    html
}
