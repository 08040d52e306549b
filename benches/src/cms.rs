//! Signed and enveloped data of 1 GiB in constant memory, beside the kernels that do the work.
//!
//! The data comes from one buffer over and over, so does the ciphertext that is opened, and what is
//! written is thrown away: what is measured is the streaming, not the memory of the machine. A row of
//! `raw-` does with the kernel alone what the row of CMS below it does.

use std::{
    io::{self, Read, Seek, SeekFrom},
    time::Instant,
};

use yinxin::{
    UnixTime,
    pki::{
        cms::{
            ContentCipher, EnvelopOptions, Family, OpenWith, Placement, RecipientInfo, RecipientIs,
            SignOptions, SignWith, VerifyOptions,
            stream::{Opener, Sealer, Signer, Verifier, open_twice},
        },
        x509::{
            Certificate,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::{
        sm2::{Ciphertext, PrivateKey},
        sm3,
        sm4::{
            Backend, Sm4,
            gcm::{Authenticator, Decryptor, Encryptor, Gcm},
        },
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
    let gcm = gcm(&[7; 16]);
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
    let with = OpenWith { key, recipient: RecipientIs::Certificate(certificate) };
    let mut envelope = Envelope::new(bytes, key, recipients, &gcm)?;
    let mut source = Source::new(bytes);
    let mut piece = vec![0; PIECE];
    row("raw-sm4-gcm-decrypt", bytes, || {
        let mut decryptor = Decryptor::unverified(envelope.gcm(), &envelope.nonce, &[])?;
        while let count @ 1.. = source.read(&mut piece)? {
            decryptor.decrypt_in_place(piece.get_mut(..count).unwrap_or_default())?;
        }
        Ok(decryptor.finish(&envelope.tag)?)
    })?;
    row("cms-open-sm4-gcm", bytes, || {
        envelope.rewind()?;
        Opener::new(&mut envelope)?.open_unverified(&with, &mut io::sink())?;
        Ok(())
    })?;
    row("raw-sm4-gcm-check-decrypt", bytes, || {
        let mut check = Authenticator::new(envelope.gcm(), &envelope.nonce, &[])?;
        let mut source = Source::new(bytes);
        while let count @ 1.. = source.read(&mut piece)? {
            check.update(piece.get(..count).unwrap_or_default())?;
        }
        let mut decryptor = check.finish(&envelope.tag)?;
        let mut source = Source::new(bytes);
        while let count @ 1.. = source.read(&mut piece)? {
            decryptor.decrypt_in_place(piece.get_mut(..count).unwrap_or_default())?;
        }
        Ok(decryptor.finish(&envelope.tag)?)
    })?;
    row("cms-open-sm4-gcm-twice", bytes, || {
        envelope.rewind()?;
        open_twice(&mut envelope, &with, &mut io::sink())?;
        Ok(())
    })
}

/// An AuthEnvelopedData whose ciphertext is one buffer over and over: nobody knows what it says, and its
/// tag is right.
struct Envelope {
    head: Vec<u8>,
    ciphertext: Source,
    bytes: usize,
    key: [u8; 16],
    nonce: Vec<u8>,
    tag: [u8; 16],
    trailer: Vec<u8>,
    at: usize,
}

impl Envelope {
    fn new(
        bytes: usize,
        key: &PrivateKey,
        recipients: &[Certificate],
        options: &EnvelopOptions,
    ) -> Result<Self, Failure> {
        let mut head = Vec::new();
        // A sealer writes everything before the ciphertext at once.
        drop(Sealer::new(&mut head, recipients, options, Some(u64::try_from(bytes)?))?);
        let opener = Opener::new(&head[..])?;
        let [RecipientInfo::KeyTransport { encrypted_key, .. }] = opener.recipients() else {
            return Err("a recipient by key transport".into());
        };
        let key = key.decrypt(&Ciphertext::from_der(encrypted_key)?)?;
        drop(opener);
        let key = <[u8; 16]>::try_from(key.as_slice())?;
        // GCMParameters: a SEQUENCE of 17 bytes, a nonce of 12.
        let parameters = head.windows(4).rposition(|header| header == [0x30, 17, 4, 12]);
        let nonce = parameters.map(|at| at + 4..at + 16).and_then(|place| head.get(place));
        let nonce = nonce.ok_or("a nonce")?.to_vec();
        let mut encryptor = Encryptor::new(gcm(&key), &nonce, &[])?;
        let mut piece = vec![0; PIECE];
        let mut source = Source::new(bytes);
        // The tag over a ciphertext is that over its decryption's encryption.
        let mut decryptor = Decryptor::unverified(gcm(&key), &nonce, &[])?;
        while let count @ 1.. = source.read(&mut piece)? {
            let piece = piece.get_mut(..count).unwrap_or_default();
            decryptor.decrypt_in_place(piece)?;
            encryptor.encrypt_in_place(piece)?;
        }
        let tag = encryptor.finish();
        let trailer = [&[4, 16], &tag[..]].concat();
        Ok(Self { head, ciphertext: Source::new(bytes), bytes, key, nonce, tag, trailer, at: 0 })
    }

    fn gcm(&self) -> Gcm {
        gcm(&self.key)
    }
}

impl Read for Envelope {
    /// As a file is read: what comes does not begin where the ciphertext does.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(place) = out.get_mut(filled..).filter(|place| !place.is_empty()) {
            let head = self.head.len();
            let mut fixed = if self.at < head {
                self.head.get(self.at..).unwrap_or_default()
            } else if self.ciphertext.left > 0 {
                filled += self.ciphertext.read(place)?;
                continue;
            } else {
                self.trailer.get(self.at - head..).unwrap_or_default()
            };
            match fixed.read(place)? {
                0 => break,
                count => (self.at, filled) = (self.at + count, filled + count),
            }
        }
        Ok(filled)
    }
}

impl Seek for Envelope {
    /// To the start only, or nowhere.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(0) => {
                self.at = 0;
                self.ciphertext = Source::new(self.bytes);
                Ok(0)
            }
            SeekFrom::Current(0) if self.at == 0 => Ok(0),
            SeekFrom::Start(_) | SeekFrom::Current(_) | SeekFrom::End(_) => {
                Err(io::Error::other("an envelope is read from its start"))
            }
        }
    }
}

fn gcm(key: &[u8; 16]) -> Gcm {
    Gcm::with_cipher(Sm4::with_backend(key, Backend::default()))
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
