//! Known answers for the self-tests of SM2.

use zeroize::Zeroizing;

use super::{
    Backend, Ciphertext, Claim, DistId, PreparedPublicKey, PrivateKey, PublicKey, Signature,
    encrypt,
    exchange::{Exchange, Peer, Role},
    key::message_digest,
    point::Affine,
    scalar::Scalar,
};
use crate::{
    error::{Code, Error},
    primitives::selftest::{self, SelfTested, Test, agrees},
};

impl SelfTested for Backend {
    const ALGORITHM: &'static str = "sm2";
    const NUMBER: u32 = 2;
    const TESTS: &'static [Test<Self>] = &[
        ("key generation", "密钥生成", generates),
        ("signing", "签名", |backend| signs(backend).unwrap_or(false)),
        ("verification", "验签", |backend| verifies(backend).unwrap_or(false)),
        ("encryption", "加密", |backend| encrypts(backend).unwrap_or(false)),
        ("decryption", "解密", |backend| decrypts(backend).unwrap_or(false)),
        ("key exchange", "密钥交换", |backend| exchanges(backend).unwrap_or(false)),
    ];

    fn number(self) -> u32 {
        match self {
            Self::Portable => 0,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(_) => 1,
            #[cfg(target_arch = "x86_64")]
            Self::IfmaFour(_) => 2,
        }
    }

    fn name(self) -> &'static str {
        self.name()
    }
}

impl Backend {
    /// Whether this backend may serve, after its self-tests if this is the first use.
    pub(super) fn ready(self) -> Result<(), Error> {
        selftest::ready(self)
    }

    /// As [`Self::ready`], with a refusal for each of `count` items.
    pub(super) fn ready_for<T>(self, count: usize) -> Result<(), Vec<Result<T, Error>>> {
        self.ready().map_err(|error| (0..count).map(|_| Err(error.clone())).collect())
    }
}

/// The private key of GB/T 32918.5-2017, A.2 and A.4.
const D: [u8; 32] = *b"\
    \x39\x45\x20\x8f\x7b\x21\x44\xb1\x3f\x36\xe3\x8a\xc6\xd3\x9f\x95\
    \x88\x93\x93\x69\x28\x60\xb5\x1a\x42\xfb\x81\xef\x4d\xf7\xc5\xb8";
/// Its public key.
const PUBLIC: [u8; 65] = *b"\
    \x04\x09\xf9\xdf\x31\x1e\x54\x21\xa1\x50\xdd\x7d\x16\x1e\x4b\xc5\
    \xc6\x72\x17\x9f\xad\x18\x33\xfc\x07\x6b\xb0\x8f\xf3\x56\xf3\x50\
    \x20\xcc\xea\x49\x0c\xe2\x67\x75\xa5\x2d\xc6\xea\x71\x8c\xc1\xaa\
    \x60\x0a\xed\x05\xfb\xf3\x5e\x08\x4a\x66\x32\xf6\x07\x2d\xa9\xad\
    \x13";
/// The nonce of A.2 and A.4.
const K: [u8; 32] = *b"\
    \x59\x27\x6e\x27\xd5\x06\x86\x1a\x16\x68\x0f\x3a\xd9\xc0\x2d\xcc\
    \xef\x3c\xc1\xfa\x3c\xdb\xe4\xce\x6d\x54\xb8\x0d\xea\xc1\xbc\x21";
/// The message of A.2.
const MESSAGE: &[u8] = b"message digest";
/// The signature of A.2: r ‖ s.
const SIGNATURE: [u8; 64] = *b"\
    \xf5\xa0\x3b\x06\x48\xd2\xc4\x63\x0e\xea\xc5\x13\xe1\xbb\x81\xa1\
    \x59\x44\xda\x38\x27\xd5\xb7\x41\x43\xac\x7e\xac\xee\xe7\x20\xb3\
    \xb1\xb6\xaa\x29\xdf\x21\x2f\xd8\x76\x31\x82\xbc\x0d\x42\x1c\xa1\
    \xbb\x90\x38\xfd\x1f\x7f\x42\xd4\x84\x0b\x69\xc4\x85\xbb\xc1\xaa";
/// The message of A.4.
const PLAINTEXT: &[u8] = b"encryption standard";
/// The ciphertext of A.4, C1 ‖ C3 ‖ C2, of which C1 is [k]G.
const CIPHERTEXT: [u8; 116] = *b"\
    \x04\x04\xeb\xfc\x71\x8e\x8d\x17\x98\x62\x04\x32\x26\x8e\x77\xfe\
    \xb6\x41\x5e\x2e\xde\x0e\x07\x3c\x0f\x4f\x64\x0e\xcd\x2e\x14\x9a\
    \x73\xe8\x58\xf9\xd8\x1e\x54\x30\xa5\x7b\x36\xda\xab\x8f\x95\x0a\
    \x3c\x64\xe6\xee\x6a\x63\x09\x4d\x99\x28\x3a\xff\x76\x7e\x12\x4d\
    \xf0\x59\x98\x3c\x18\xf8\x09\xe2\x62\x92\x3c\x53\xae\xc2\x95\xd3\
    \x03\x83\xb5\x4e\x39\xd6\x09\xd1\x60\xaf\xcb\x19\x08\xd0\xbd\x87\
    \x66\x21\x88\x6c\xa9\x89\xca\x9c\x7d\x58\x08\x73\x07\xca\x93\x09\
    \x2d\x65\x1e\xfa";
/// The private keys of A and B in GB/T 32918.5-2017, A.3, both with the default identifier.
const D_A: [u8; 32] = *b"\
    \x81\xeb\x26\xe9\x41\xbb\x5a\xf1\x6d\xf1\x16\x49\x5f\x90\x69\x52\
    \x72\xae\x2c\xd6\x3d\x6c\x4a\xe1\x67\x84\x18\xbe\x48\x23\x00\x29";
/// See [`D_A`].
const D_B: [u8; 32] = *b"\
    \x78\x51\x29\x91\x7d\x45\xa9\xea\x54\x37\xa5\x93\x56\xb8\x23\x38\
    \xea\xad\xda\x6c\xeb\x19\x90\x88\xf1\x4a\xe1\x0d\xef\xa2\x29\xb5";
/// Their ephemeral keys.
const R_A: [u8; 32] = *b"\
    \xd4\xde\x15\x47\x4d\xb7\x4d\x06\x49\x1c\x44\x0d\x30\x5e\x01\x24\
    \x00\x99\x0f\x3e\x39\x0c\x7e\x87\x15\x3c\x12\xdb\x2e\xa6\x0b\xb3";
/// See [`R_A`].
const R_B: [u8; 32] = *b"\
    \x7e\x07\x12\x48\x14\xb3\x09\x48\x91\x25\xea\xed\x10\x11\x13\x16\
    \x4e\xbf\x0f\x34\x58\xc5\xbd\x88\x33\x5c\x1f\x9d\x59\x62\x43\xd6";
/// Their shared key.
const SHARED: [u8; 16] = *b"\
    \x6c\x89\x34\x73\x54\xde\x24\x84\xc6\x0b\x4a\xb1\xfd\xe4\xc6\xe5";
/// The confirmation of A, and that of B.
const S_A: [u8; 32] = *b"\
    \x18\xc7\x89\x4b\x38\x16\xdf\x16\xcf\x07\xb0\x5c\x5e\xc0\xbe\xf5\
    \xd6\x55\xd5\x8f\x77\x9c\xc1\xb4\x00\xa4\xf3\x88\x46\x44\xdb\x88";
/// See [`S_A`].
const S_B: [u8; 32] = *b"\
    \xd3\xa0\xfe\x15\xde\xe1\x85\xce\xae\x90\x7a\x6b\x59\x5c\xc3\x2a\
    \x26\x6e\xd7\xb3\x36\x7e\x99\x83\xa8\x96\xdc\x32\xfa\x20\xf8\xeb";

/// One more than any kernel has lanes.
const MANY: usize = 9;

fn nonce(bytes: &[u8; 32]) -> Result<Zeroizing<Scalar>, Error> {
    Scalar::from_bytes_nonzero(bytes).map(Zeroizing::new).ok_or(Error::new(Code::SelfTestFailed))
}

fn key(backend: Backend) -> Result<PrivateKey, Error> {
    Ok(PrivateKey::from_bytes(&D)?.on(backend))
}

/// [d]G and [k]G, alone and side by side in turn.
fn generates(backend: Backend) -> bool {
    let scalars = [D, K].map(|bytes| Scalar::from_bytes_reduced(&bytes));
    let known = [&PUBLIC, &CIPHERTEXT[..65]];
    let is_known = |(point, known): (&Affine, &[u8])| {
        agrees(&point.x.to_bytes(), &known[1..33]) && agrees(&point.y.to_bytes(), &known[33..])
    };
    let alone = scalars.map(|scalar| backend.multiply_base(&scalar));
    let turns: [Scalar; MANY] = std::array::from_fn(|i| scalars[i % 2]);
    let together = backend.multiply_base_all(&turns);
    alone.iter().zip(known).all(is_known)
        && together.len() == MANY
        && together.iter().zip(known.into_iter().cycle()).all(is_known)
}

fn signs(backend: Backend) -> Result<bool, Error> {
    let key = key(backend)?;
    let e = message_digest(&key.z(&DistId::DEFAULT), MESSAGE);
    Ok(agrees(&key.sign_with_nonces(&e, || nonce(&K))?.to_bytes(), &SIGNATURE))
}

/// Alone, prepared and side by side; the signature is accepted, and not for another message.
fn verifies(backend: Backend) -> Result<bool, Error> {
    let (key, id) = (PublicKey::from_sec1(&PUBLIC)?.on(backend), &DistId::DEFAULT);
    let signature = &Signature::from_bytes(&SIGNATURE)?;
    let prepared = PreparedPublicKey::new(&key, id);
    let messages: [&[u8]; MANY] = std::array::from_fn(|i| if i == 4 { PLAINTEXT } else { MESSAGE });
    let claims = messages.map(|message| Claim { key: &key, message, signature, id });
    let results = backend.verify_many(&claims);
    let answers =
        |answer: &dyn Fn(&[u8]) -> bool| [answer(MESSAGE), answer(PLAINTEXT)].map(u8::from);
    let together: Vec<u8> = results.iter().map(|result| u8::from(result.is_ok())).collect();
    Ok(agrees(&answers(&|message| key.verify(message, signature, id).is_ok()), &[1, 0])
        && agrees(&answers(&|message| prepared.verify(message, signature, id).is_ok()), &[1, 0])
        && agrees(&together, &[1, 1, 1, 1, 0, 1, 1, 1, 1]))
}

/// Alone, prepared, and prepared side by side.
fn encrypts(backend: Backend) -> Result<bool, Error> {
    let key = PublicKey::from_sec1(&PUBLIC)?.on(backend);
    let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT);
    let nonce = || nonce(&K);
    let is_known = |ciphertext: &Ciphertext| agrees(&ciphertext.to_c1c3c2(), &CIPHERTEXT);
    let c1 = backend.multiply_base(&*nonce()?);
    let shared = Zeroizing::new(prepared.multiply_all(&[*nonce()?; MANY]));
    let mut together = shared.iter().map(|shared| encrypt::finish(PLAINTEXT, &c1, *shared));
    Ok(is_known(&key.encrypt_with_nonces(PLAINTEXT, nonce)?)
        && is_known(&prepared.encrypt_with_nonces(PLAINTEXT, nonce)?)
        && shared.len() == MANY
        && together.all(|ciphertext| ciphertext.is_some_and(|it| is_known(&it))))
}

fn decrypts(backend: Backend) -> Result<bool, Error> {
    let ciphertext = Ciphertext::from_c1c3c2(&CIPHERTEXT)?;
    let key = key(backend)?;
    let together =
        key.decrypt_many(&[&ciphertext; MANY]).into_iter().collect::<Result<Vec<_>, _>>()?;
    let alone = agrees(&key.decrypt(&ciphertext)?, PLAINTEXT);
    Ok(alone
        && together.len() == MANY
        && together.iter().all(|plaintext| agrees(plaintext, PLAINTEXT)))
}

/// What both parties send, make and confirm.
fn exchanges(backend: Backend) -> Result<bool, Error> {
    let [d_a, d_b] = [D_A, D_B].map(|d| PrivateKey::from_bytes(&d).map(|key| key.on(backend)));
    let (d_a, d_b, id) = (d_a?, d_b?, &DistId::DEFAULT);
    let a = Exchange::with_ephemeral(Role::Initiator, &d_a, id, nonce(&R_A)?);
    let b = Exchange::with_ephemeral(Role::Responder, &d_b, id, nonce(&R_B)?);
    let (from_a, from_b) = (a.message(), b.message());
    let a = a.agree(&Peer { key: d_b.public(), id }, &from_b, SHARED.len())?;
    let b = b.agree(&Peer { key: d_a.public(), id }, &from_a, SHARED.len())?;
    Ok(agrees(a.confirmation(), &S_A)
        && agrees(b.confirmation(), &S_B)
        && agrees(&a.confirm(&S_B)?, &SHARED)
        && agrees(&b.confirm(&S_A)?, &SHARED))
}
