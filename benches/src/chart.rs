//! The record as a chart: an SVG of bars on a logarithmic scale, ours and those of the peers most used.

use std::fmt::Write as _;

use crate::rows::{Key, Record};

/// Bars of a group: whose, in which colour.
struct Bar {
    label: &'static str,
    colour: &'static str,
    of: fn(&Key) -> bool,
}

const BARS: &[Bar] = &[
    Bar { label: "yinxin, batch 批量", colour: "#08306b", of: |key| ours(key) && key.batch > 1 },
    Bar { label: "yinxin", colour: "#2171b5", of: |key| ours(key) && key.batch == 1 },
    Bar { label: "yinxin, no AVX-512", colour: "#6baed6", of: |key| single(key, &NO_AVX512) },
    Bar {
        label: "yinxin, portable 可移植",
        colour: "#9ecae1",
        of: |key| single(key, &NO_AVX512[..1]),
    },
    Bar { label: "gmsm (Go)", colour: "#d94801", of: |key| key.implementation.starts_with("gmsm") },
    Bar { label: "OpenSSL 4", colour: "#a63603", of: |key| peer(key, "OpenSSL 4") },
    Bar { label: "libgcrypt", colour: "#807dba", of: |key| peer(key, "libgcrypt") },
    Bar { label: "Botan", colour: "#6a51a3", of: |key| peer(key, "Botan") },
    Bar { label: "RustCrypto", colour: "#238b45", of: |key| peer(key, "RustCrypto") },
    Bar { label: "gmssl (Python)", colour: "#969696", of: |key| peer(key, "gmssl") },
];

/// The backends of ours that need neither AVX-512 nor GFNI, portable first.
const NO_AVX512: [&str; 3] = ["portable", "avx2", "aes"];

fn ours(key: &Key) -> bool {
    key.is_ours()
}

fn single(key: &Key, backends: &[&str]) -> bool {
    ours(key) && key.batch == 1 && backends.contains(&key.backend.as_str())
}

fn peer(key: &Key, name: &str) -> bool {
    key.implementation.starts_with(name)
}

/// Operation, size of a message, title.
type Group = (&'static str, u32, &'static str);

const KIB_16: u32 = 16 * 1024;

/// Side by side: title, unit, decades of the scale (first, last), groups.
const PANELS: [(&str, [u32; 2], &[Group]); 2] = [
    (
        "SM2: operations a second 次/秒",
        [2, 6],
        &[
            ("sm2-sign", 0, "sign 签名"),
            ("sm2-verify", 0, "verify 验签"),
            ("sm2-verify-prepared", 0, "verify, prepared key 验签（预计算公钥）"),
            ("sm2-keygen", 0, "key pair 密钥生成"),
            ("sm2-encrypt", 0, "encrypt 32 B 加密"),
            ("sm2-encrypt-prepared", 0, "encrypt, prepared key 加密（预计算公钥）"),
            ("sm2-decrypt", 0, "decrypt 32 B 解密"),
        ],
    ),
    (
        "SM3, SM4: MB a second, messages of 16 KiB",
        [0, 4],
        &[
            ("sm3", KIB_16, "SM3"),
            ("sm4-ecb", KIB_16, "SM4-ECB"),
            ("sm4-cbc-encrypt", KIB_16, "SM4-CBC encrypt 加密"),
            ("sm4-cbc-decrypt", KIB_16, "SM4-CBC decrypt 解密"),
            ("sm4-ctr", KIB_16, "SM4-CTR"),
            ("sm4-gcm", KIB_16, "SM4-GCM"),
            ("sm4-ccm", KIB_16, "SM4-CCM"),
            ("sm4-xts", KIB_16, "SM4-XTS"),
        ],
    ),
];

const PANEL_WIDTH: f64 = 560.0;
/// Where bars begin, and how long the longest is.
const BAR_LEFT: f64 = 150.0;
const BAR_WIDTH: f64 = 330.0;
const BAR_HEIGHT: f64 = 13.0;
const TOP: f64 = 50.0;

/// The chart of a record; `title` says of which.
pub(crate) fn draw(record: &Record, title: &str) -> String {
    let panels = PANELS.map(|(title, decades, groups)| panel(record, title, decades, groups));
    let height = panels.iter().map(|panel| panel.1).fold(0.0, f64::max) + 10.0;
    let width = 2.0 * PANEL_WIDTH;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    for (index, (panel, _)) in panels.into_iter().enumerate() {
        let left = if index == 0 { 0.0 } else { PANEL_WIDTH };
        let _ = write!(svg, "<g transform=\"translate({left} 0)\">\n{panel}</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// The drawing, and how far down it reaches.
fn panel(record: &Record, title: &str, decades: [u32; 2], groups: &[Group]) -> (String, f64) {
    let mut bars = String::new();
    let mut y = TOP;
    for (op, size, name) in groups.iter().filter(|group| record.of(group.0, group.1).count() > 0) {
        let _ =
            writeln!(bars, "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{name}</text>", y + 15.0);
        y += 20.0;
        for bar in BARS {
            let scale = if *size == 0 { 1.0 } else { f64::from(*size) / 1e6 };
            let rates = record.of(op, *size).filter(|(key, _)| (bar.of)(key)).map(|(_, rate)| rate);
            if let Some(rate) = rates.max_by(f64::total_cmp) {
                draw_bar(&mut bars, bar, y, rate * scale, decades);
                y += BAR_HEIGHT;
            }
        }
        y += 6.0;
    }
    let mut svg = format!("<text x=\"10\" y=\"40\" font-size=\"13\">{title}</text>\n");
    let [first, last] = decades;
    for decade in first..=last {
        let x = BAR_LEFT + BAR_WIDTH * f64::from(decade - first) / f64::from(last - first);
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{y}\" stroke=\"#ddd\"/>\
             <text x=\"{x}\" y=\"{TOP}\" text-anchor=\"middle\" fill=\"#666\">{}</text>",
            thousands(f64::from(10_u32.pow(decade)))
        );
    }
    svg.push_str(&bars);
    (svg, y)
}

fn draw_bar(svg: &mut String, bar: &Bar, y: f64, rate: f64, [first, last]: [u32; 2]) {
    let Bar { label, colour, .. } = bar;
    let part = (rate.log10() - f64::from(first)) / f64::from(last - first);
    let (width, text) = (BAR_WIDTH * part.clamp(0.005, 1.1), y + 10.0);
    let (left, end) = (BAR_LEFT - 5.0, BAR_LEFT + width + 4.0);
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{text}\" text-anchor=\"end\">{label}</text>\
         <rect x=\"{BAR_LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"11\" fill=\"{colour}\"/>\
         <text x=\"{end:.1}\" y=\"{text}\">{}</text>",
        thousands(rate)
    );
}

/// Three digits that tell, and a comma between thousands.
fn thousands(rate: f64) -> String {
    if rate < 100.0 && rate.fract() > 0.0 {
        return format!("{rate:.1}");
    }
    let digits = format!("{rate:.0}");
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
