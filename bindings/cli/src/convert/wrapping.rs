//! `yinxin convert wrapping`: PEM into DER and back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::pki::{cms, crl::Crl, csr::Csr, pem, x509::Certificate};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs,
    output::{Access, OutFile, Output},
};

#[derive(Debug, Args)]
pub(crate) struct WrappingArguments {
    /// A certificate, a request, a revocation list, or signed or enveloped data; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The wrapping wanted. DER holds one structure, PEM any number.
    #[arg(long, value_enum)]
    to: Wrapping,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wrapping {
    Pem,
    Der,
}

pub(super) fn convert(arguments: &WrappingArguments, output: &Output) -> Result<Ending, Failure> {
    let WrappingArguments { file, to, out } = arguments;
    let written = if *to == Wrapping::Pem { Written::Text } else { Written::Binary };
    out.check(written, Access::New)?;
    let (name, bytes) = (inputs::name(file), Zeroizing::new(inputs::small_file(file)?));
    let all = if pem::is_pem(&bytes) {
        let blocks = pem::blocks(&bytes).map_err(|error| Failure::core(&name, error))?;
        blocks.into_iter().map(|block| block.der).collect()
    } else {
        vec![bytes]
    };
    let labels: Vec<_> = all.iter().filter_map(|der| label(der)).collect();
    if labels.len() != all.len() {
        return Err(Failure::usage(
            format!(
                "{name}: not a certificate, request, revocation list, or signed or enveloped data \
                 alone; keys: `yinxin convert key`"
            ),
            format!(
                "{name}：不是（或不只是）证书、证书请求、撤销列表、签名或加密数据；密钥请用 yinxin convert key"
            ),
        ));
    }
    let converted = match (to, all.as_slice()) {
        (Wrapping::Der, [one]) => one.to_vec(),
        (Wrapping::Der, _) => {
            let count = all.len();
            return Err(Failure::usage(
                format!("{name}: {count} structures, and DER holds one"),
                format!("{name}：共有 {count} 个结构，而 DER 只能容纳一个"),
            ));
        }
        (Wrapping::Pem, _) => {
            let blocks = all.iter().zip(&labels).map(|(der, label)| pem::encode(label, der));
            blocks.collect::<String>().into_bytes()
        }
    };
    let facts = json!({ "source": name, "found": labels });
    out.deliver("structure", &converted, written, Access::New, facts, output)
}

/// What stands behind BEGIN where this is inside, by what it is.
fn label(der: &[u8]) -> Option<&'static str> {
    if Certificate::parse(der).is_ok() {
        Some("CERTIFICATE")
    } else if Csr::parse(der).is_ok() {
        Some("CERTIFICATE REQUEST")
    } else if Crl::parse(der).is_ok() {
        Some("X509 CRL")
    } else {
        cms::kind(der).is_ok().then_some("CMS")
    }
}
