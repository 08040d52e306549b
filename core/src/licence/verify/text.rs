//! A licence report as plain text: for a terminal, a log or a mail.

use super::report::{Report, SignatureReport};
use crate::report::{Check, Language, headline};

pub(super) fn render(report: &Report, language: Language) -> String {
    let file = report.file.as_deref().unwrap_or("-");
    let mut lines = vec![headline(file, report.indication, report.sub_indication, language)];
    if let Some(check) = report.decisive_check() {
        lines.push(format!("  {} [{}]", language.of(&check.text), check.id));
    }
    if let Some((certificate, check)) = report.decisive_certificate() {
        let text = language.of(&check.text);
        lines.push(format!("  {}: {text} [{}]", certificate.subject, check.id));
    }
    let title = report.document.title.as_deref().unwrap_or("-");
    lines.push(format!("  {}: {title}", language.pick("title", "标题")));
    if let Some(identifier) = &report.licence.identifier {
        lines.push(format!("  {}: {identifier}", language.pick("identifier", "证照标识")));
    }
    lines.push(format!("  {}: {}", language.pick("verified at", "验证时间"), report.validated_at));
    section(&mut lines, language.pick("document", "文档"), &report.document.checks, language);
    for signature in &report.signatures {
        signature_lines(&mut lines, signature, language);
    }
    section(&mut lines, language.pick("licence", "证照"), &report.licence.checks, language);
    lines.push(String::new());
    lines.join("\n")
}

fn signature_lines(lines: &mut Vec<String>, signature: &SignatureReport, language: Language) {
    let title =
        format!("{} {} ({})", language.pick("signature", "签名"), signature.id, signature.kind);
    let head = headline(&title, signature.indication, signature.sub_indication, language);
    section(lines, &head, &signature.checks, language);
    for path in &signature.certificates {
        let role = match path.role {
            "signer" => language.pick("signer's path", "签章人证书链"),
            _ => language.pick("seal maker's path", "制章人证书链"),
        };
        for certificate in &path.certificates {
            let title = format!("{role}: {}", certificate.subject);
            section(lines, &title, &certificate.checks, language);
        }
    }
}

fn section(lines: &mut Vec<String>, title: &str, checks: &[Check], language: Language) {
    lines.push(format!("  {title}"));
    lines.extend(checks.iter().map(|check| format!("    {}", check.line(language))));
}
