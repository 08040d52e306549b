//! Signed and enveloped data of 1 GiB in constant memory, beside the kernels that do the work.
//!
//! The data comes from one buffer over and over, and what is written is thrown away: what is measured
//! is the streaming.

use std::{
    io::{self, Read},
    time::Instant,
};

use yinxin::{
    UnixTime,
    pki::{
        cms::{
            ContentCipher, EnvelopOptions, Family, OpenWith, Placement, RecipientIs, SignOptions,
            SignWith, VerifyOptions,
            stream::{Opener, Sealer, Signer, Verifier},
        },
        x509::{
            Certificate,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::{
        sm2::PrivateKey,
        sm3,
        sm4::{Backend, Sm4, gcm::Gcm},
    },
};

use crate::{memory::Watch, rows::Failure};

/// Memory in use beyond that before a row begins: buffers, and no part of what is streamed.
const MORE_KIB_MAX: u64 = 8 << 10;
/// What a service reads at a time.
const PIECE: usize = 64 << 10;

/// Gives `left` bytes out of one buffer.
struct Source {
    buffer: Vec<u8>,
    left: usize,
}

impl Source {
    fn new(bytes: usize) -> Self {
        Self { buffer: vec![0x5a; PIECE], left: bytes }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.left).min(self.buffer.len());
        let (Some(out), Some(bytes)) = (out.get_mut(..count), self.buffer.get(..count)) else {
            return Ok(0);
        };
        out.copy_from_slice(bytes);
        self.left -= count;
        Ok(count)
    }
}

/// Prints a row for each way through 1 GiB, or fewer `megabytes`, and for the kernels.
///
/// # Errors
/// If anything that was written cannot be read.
pub(crate) fn run(megabytes: &str) -> Result<(), Failure> {
    let bytes = megabytes.parse::<usize>()? << 20;
    let length = Some(u64::try_from(bytes)?);
    let (key, certificate) = key_and_certificate()?;

    let mut piece = vec![0x5a; PIECE];
    row("sm3-in-pieces", bytes, || {
        use digest::Digest as _;
        let mut hash = sm3::Sm3::new();
        (0..bytes / PIECE).for_each(|_| hash.update(&piece));
        std::hint::black_box(hash.finalize());
        Ok(())
    })?;
    let gcm = Gcm::with_cipher(Sm4::with_backend(&[7; 16], Backend::default()));
    row("sm4-gcm-in-pieces", bytes, || {
        for _ in 0..bytes / PIECE {
            std::hint::black_box(gcm.seal_in_place(&[0; 12], &[], &mut piece)?);
        }
        Ok(())
    })?;

    let signers = [SignWith { certificate: &certificate, key: &key }];
    for (name, placement) in
        [("cms-sign-attached", Placement::Attached), ("cms-sign-detached", Placement::Detached)]
    {
        let options = SignOptions { placement, ..SignOptions::default() };
        row(name, bytes, || {
            let mut signer = Signer::new(io::sink(), &signers, &options, length)?;
            signer.update_from(&mut Source::new(bytes))?;
            signer.finish()?;
            Ok(())
        })?;
    }
    let detached = {
        let mut signer = Signer::new(Vec::new(), &signers, &SignOptions::default(), None)?;
        signer.update_from(&mut Source::new(bytes))?;
        signer.finish()?
    };
    row("cms-verify-detached", bytes, || {
        let mut verifier = Verifier::new(&detached, VerifyOptions::default())?;
        let mut source = Source::new(bytes);
        let mut piece = vec![0; PIECE];
        while let count @ 1.. = source.read(&mut piece)? {
            verifier.update(piece.get(..count).unwrap_or_default());
        }
        if verifier.finish().passed() { Ok(()) } else { Err("the signature fails".into()) }
    })?;
    envelopes(bytes, &key, &certificate)
}

fn envelopes(bytes: usize, key: &PrivateKey, certificate: &Certificate) -> Result<(), Failure> {
    let length = Some(u64::try_from(bytes)?);
    let recipients = std::slice::from_ref(certificate);
    let (family, cipher) = (Family::Pkcs7, ContentCipher::Sm4Gcm);
    let gcm = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
    for (name, options) in
        [("cms-seal-sm4-gcm", gcm), ("cms-seal-sm4-cbc", EnvelopOptions::default())]
    {
        row(name, bytes, || {
            let mut sealer = Sealer::new(io::sink(), recipients, &options, length)?;
            sealer.update_from(&mut Source::new(bytes))?;
            sealer.finish()?;
            Ok(())
        })?;
    }
    // What is opened has to be in memory: a quarter of it.
    let sealed = {
        let mut sealer =
            Sealer::new(Vec::new(), recipients, &gcm, Some(u64::try_from(bytes / 4)?))?;
        sealer.update_from(&mut Source::new(bytes / 4))?;
        sealer.finish()?
    };
    let with = OpenWith { key, recipient: RecipientIs::Certificate(certificate) };
    row("cms-open-sm4-gcm", bytes / 4, || {
        Opener::new(&sealed[..])?.open_unverified(&with, &mut io::sink())?;
        Ok(())
    })
}

fn row(name: &str, bytes: usize, job: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let watch = Watch::begin();
    let start = Instant::now();
    job()?;
    let seconds = start.elapsed().as_secs_f64();
    let mib = bytes >> 20;
    let megabytes = f64::from(u32::try_from(mib)?) * 1.048_576;
    println!("{name},yinxin,,1,{bytes},{:.6},{:.1}", 1.0 / seconds, megabytes / seconds);
    match watch.and_then(|watch| watch.more_kib()) {
        None => eprintln!("{name}: {mib} MiB; the system does not tell the memory"),
        Some(kib) if kib > MORE_KIB_MAX => {
            return Err(format!("{name}: {mib} MiB took {kib} KiB more").into());
        }
        Some(kib) => eprintln!("{name}: {mib} MiB with {kib} KiB more in use"),
    }
    Ok(())
}

fn key_and_certificate() -> Result<(PrivateKey, Certificate), Failure> {
    let key = PrivateKey::generate()?;
    let request = CertificateRequest {
        subject: Subject { common_name: "bench".to_owned(), ..Subject::default() },
        profile: Profile::Root,
        public_key: key.public().clone(),
        not_before: UnixTime::parse_rfc3339("2026-01-01T00:00:00Z")?,
        not_after: UnixTime::parse_rfc3339("2036-01-01T00:00:00Z")?,
        serial: None,
    };
    let certificate = issue(&request, None, &key)?;
    Ok((key, certificate))
}
