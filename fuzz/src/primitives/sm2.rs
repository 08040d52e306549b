//! Keys, signatures, encryption and key exchange of SM2, one by one, many at a time and with prepared keys.

use libsmx::sm2::key_exchange::{EphemeralKey, exchange_a, exchange_b};
use signature::{Verifier as _, hazmat::PrehashVerifier as _};
use yinxin::primitives::sm2::{
    self, Backend, Ciphertext, Claim, DistId, PreparedPublicKey, PrivateKey, Signature, exchange,
};

use super::{Input, flip, formula};

/// The same private key in all three implementations.
struct Keys {
    ours: PrivateKey,
    rustcrypto: ::sm2::SecretKey,
    libsmx: libsmx::sm2::PrivateKey,
}

impl Keys {
    /// From d; all or none of the implementations accept it, but for n - 1, which only signing excludes.
    fn new(d: &[u8; 32]) -> Option<Self> {
        PrivateKey::from_bytes(d).ok().map(Self::of)
    }

    fn of(ours: PrivateKey) -> Self {
        let d = ours.expose_bytes();
        let rustcrypto = ::sm2::SecretKey::from_slice(d).expect("RustCrypto takes the key");
        let libsmx = libsmx::sm2::PrivateKey::from_bytes(d).expect("libsmx takes the key");
        assert_eq!(ours.public().to_sec1(), libsmx.public_key());
        let theirs = rustcrypto.public_key().to_sec1_bytes();
        assert_eq!(ours.public().to_sec1()[..], *theirs);
        Self { ours, rustcrypto, libsmx }
    }

    fn on(&self, backend: Backend) -> PrivateKey {
        PrivateKey::from_bytes(self.ours.expose_bytes()).expect("the key once more").on(backend)
    }

    /// Whether both peers accept the signature r ‖ s of `message` under the default identifier.
    fn peers_accept(&self, message: &[u8], raw: &[u8; 64]) -> bool {
        let public = self.libsmx.public_key();
        let libsmx = libsmx::sm2::verify_message(message, ID.as_bytes(), &public, raw).is_ok();
        let signature = ::sm2::dsa::Signature::from_bytes(raw.into());
        let rustcrypto = signature.is_ok_and(|it| self.verifier().verify(message, &it).is_ok());
        assert_eq!(libsmx, rustcrypto, "the peers differ");
        libsmx
    }

    fn verifier(&self) -> ::sm2::dsa::VerifyingKey {
        ::sm2::dsa::VerifyingKey::new(ID, self.rustcrypto.public_key()).expect("an ID")
    }

    /// What both peers decrypt C1 ‖ C3 ‖ C2 to.
    fn peers_decrypt(&self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let libsmx = libsmx::sm2::decrypt(&self.libsmx, ciphertext).ok();
        let scalar = self.rustcrypto.to_nonzero_scalar();
        let mode = ::sm2::pke::Mode::C1C3C2;
        let key = ::sm2::pke::DecryptingKey::new_with_mode(scalar, mode);
        // It gives a message of no bytes back, which has no key stream that is not all 0.
        let rustcrypto = key.decrypt(ciphertext).ok().filter(|message| !message.is_empty());
        assert_eq!(rustcrypto, libsmx, "the peers differ");
        libsmx
    }
}

/// d, e, then a signature (r, s) or a nonce to sign with, and what to change in the signature.
pub(crate) fn sm2_verify(data: &[u8]) {
    let mut input = Input(data);
    let choice = input.byte();
    let Some(keys) = Keys::new(&input.array()) else { return };
    let (e, bit) = (input.array(), input.number());
    let mut raw = input.array::<64>();
    let signed = choice & 1 == 1;
    if signed {
        let k = libsmx_number(&raw);
        let Ok(signature) = libsmx::sm2::sign_with_k(&e, &keys.libsmx, &k) else { return };
        raw = signature;
    }
    let changed = choice & 2 == 2;
    if changed {
        flip(&mut raw, bit % 512);
    }

    let libsmx = libsmx::sm2::verify(&e, &keys.libsmx.public_key(), &raw).is_ok();
    let rustcrypto = ::sm2::dsa::Signature::from_bytes(&raw.into());
    let rustcrypto = rustcrypto.is_ok_and(|it| keys.verifier().verify_prehash(&e, &it).is_ok());
    assert_eq!(libsmx, rustcrypto, "the peers differ");
    assert!(libsmx || !signed || changed, "what libsmx signs it accepts");

    let Ok(ours) = Signature::from_bytes(&raw) else {
        assert!(!libsmx, "r or s is out of range");
        return;
    };
    for backend in Backend::runnable() {
        let key = keys.ours.public().clone().on(backend);
        let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT);
        let alone = sm2::hazmat::verify_digest(&key, &e, &ours);
        assert_eq!(alone.is_ok(), libsmx, "{backend:?}");
        let alone = sm2::hazmat::verify_digest_prepared(&prepared, &e, &ours);
        assert_eq!(alone.is_ok(), libsmx, "{backend:?} prepared");
    }
    let claims = [(keys.ours.public(), e, &ours); 3];
    let many = sm2::hazmat::verify_digests(&claims);
    assert!(many.iter().all(|verdict| verdict.is_ok() == libsmx), "many: {many:?}");
}

/// A number in [1, 2^256) from the first half.
fn libsmx_number(bytes: &[u8; 64]) -> crypto_bigint_06::U256 {
    let (first, _) = bytes.split_at(32);
    crypto_bigint_06::U256::from_be_slice(first)
}

const ID: &str = "1234567812345678";

/// A pattern, a bit to change, how many claims and new keys, d, then a message: signed in every way by every
/// backend, for both peers to verify; and verified in batches, of which the pattern says which claims are
/// changed.
pub(crate) fn sm2_sign(data: &[u8]) {
    let mut input = Input(data);
    let (pattern, bit, counts) = (input.array::<9>(), input.number(), input.byte());
    let (count, new) = (usize::from(counts % 70), usize::from(counts / 70));
    let Some(keys) = Keys::new(&input.array()) else { return };
    let message = input.0;
    let messages = [message, message.split_at(message.len() / 2).0, b""];
    let mut signed = Vec::new();
    for backend in Backend::runnable() {
        let ours = keys.on(backend);
        let alone = ours.sign(message, &DistId::DEFAULT).expect("a signature");
        let many = ours.sign_many(&messages, &DistId::DEFAULT).expect("signatures");
        assert_eq!(many.len(), messages.len());
        for (message, signature) in messages.into_iter().zip(many).chain([(message, alone)]) {
            let accepted = keys.peers_accept(message, &signature.to_bytes());
            assert!(accepted, "{backend:?}: the peers refuse our signature");
            signed.push((message, signature));
        }
        let made = backend.keygen_many(new).expect("keys");
        assert_eq!(made.len(), new);
        for keys in made.into_iter().map(Keys::of) {
            let signature = keys.ours.sign(message, &DistId::DEFAULT).expect("a signature");
            let accepted = keys.peers_accept(message, &signature.to_bytes());
            assert!(accepted, "{backend:?}: the peers refuse the signature of a new key");
        }
    }
    // The last one changed, and what the peers say of that.
    let Some((_, good)) = signed.last() else { return };
    let mut raw = good.to_bytes();
    flip(&mut raw, bit % 512);
    let Ok(bad) = Signature::from_bytes(&raw) else { return };
    let verdict = keys.peers_accept(message, &raw);
    let good_at = |i: usize| pattern.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1);
    let mut claims: Vec<(&[u8], &Signature)> = Vec::new();
    for (i, (message, good)) in signed.iter().cycle().take(count).enumerate() {
        claims.push(if good_at(i) { (message, good) } else { (messages[0], &bad) });
    }
    for backend in Backend::runnable() {
        let key = keys.ours.public().clone().on(backend);
        let claim =
            |(message, signature)| Claim { key: &key, message, signature, id: &DistId::DEFAULT };
        let many = backend.verify_many(&claims.iter().copied().map(claim).collect::<Vec<_>>());
        let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT).verify_many(&claims);
        for results in [many, prepared] {
            assert_eq!(results.len(), count);
            for (i, result) in results.iter().enumerate() {
                let expected = good_at(i) || verdict;
                assert_eq!(result.is_ok(), expected, "{backend:?}: {i} of {count}");
            }
        }
    }
}

/// How a ciphertext comes about and how many there are at a time, a bit of it to change, d; then the
/// ciphertext C1 ‖ C3 ‖ C2, or a plaintext, with or without the nonce before it.
pub(crate) fn sm2_decrypt(data: &[u8]) {
    const OURS: u8 = 1;
    let mut input = Input(data);
    let (choice, bit) = (input.byte(), input.number());
    let Some(keys) = Keys::new(&input.array()) else { return };
    let mut ciphertexts = match choice & 5 {
        0 => vec![input.0.to_vec()],
        OURS => sealed_by_us(&keys, input.0, usize::from(choice >> 4)),
        _ => {
            let Ok(k) = ::sm2::NonZeroScalar::try_from(&input.array::<32>()[..]) else { return };
            vec![formula::sm2_encrypt(&keys.rustcrypto.public_key(), &k, input.0)]
        }
    };
    // One is changed, and stands among the others.
    let mut changed = None;
    if choice & 2 == 2
        && let Some(mut ciphertext) = ciphertexts.first().cloned()
    {
        let bits = 8 * ciphertext.len().max(1);
        flip(&mut ciphertext, bit % bits);
        let place = bit % ciphertexts.len();
        ciphertexts.insert(place, ciphertext);
        changed = Some(place);
    }
    let (mut parsed, mut expected) = (Vec::new(), Vec::new());
    for (i, ciphertext) in ciphertexts.iter().enumerate() {
        let opened = keys.peers_decrypt(ciphertext);
        if choice & 5 == OURS && changed != Some(i) {
            assert_eq!(opened.as_deref(), Some(input.0), "the peers refuse our ciphertext");
        }
        match Ciphertext::from_c1c3c2(ciphertext) {
            Ok(ciphertext) => {
                parsed.push(ciphertext);
                expected.push(opened);
            }
            Err(_) => assert_eq!(opened, None, "the peers read what we do not"),
        }
    }
    for backend in Backend::runnable() {
        let key = keys.on(backend);
        let alone: Vec<_> = parsed.iter().map(|ciphertext| key.decrypt(ciphertext)).collect();
        let many = key.decrypt_many(&parsed.iter().collect::<Vec<_>>());
        for opened in [alone, many] {
            let opened = opened.into_iter().map(|opened| opened.ok().map(|it| it.to_vec()));
            assert_eq!(opened.collect::<Vec<_>>(), expected, "{backend:?}");
        }
    }
}

/// A plaintext encrypted in every way, by itself and so many times at once.
fn sealed_by_us(keys: &Keys, plaintext: &[u8], count: usize) -> Vec<Vec<u8>> {
    let plaintexts = vec![plaintext; count];
    let mut sealed = Vec::new();
    for backend in Backend::runnable() {
        let key = keys.ours.public().clone().on(backend);
        let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT);
        sealed.extend([key.encrypt(plaintext), prepared.encrypt(plaintext)]);
        sealed.extend(key.encrypt_many(&plaintexts));
        sealed.extend(prepared.encrypt_many(&plaintexts));
    }
    assert_eq!(sealed.len(), Backend::runnable().count() * (2 + 2 * count));
    if plaintext.is_empty() {
        assert!(sealed.iter().all(Result::is_err), "nothing cannot be encrypted");
        return Vec::new();
    }
    sealed.into_iter().map(|sealed| sealed.expect("a ciphertext").to_c1c3c2()).collect()
}

/// Which side begins and whether the confirmation is changed, the length of the key, d of each party, the
/// ephemeral key of the other one, the identifiers of both.
pub(crate) fn sm2_exchange(data: &[u8]) {
    let mut input = Input(data);
    // So long that it is never all zeros, which libsmx refuses.
    let (choice, length) = (input.byte(), 8 + usize::from(input.byte()));
    let (Some(own), Some(other)) = (Keys::new(&input.array()), Keys::new(&input.array())) else {
        return;
    };
    let r: [u8; 32] = input.array();
    let scalar = crypto_bigint_06::U256::from_be_slice(&r);
    let Ok(ephemeral) = EphemeralKey::from_scalar(&scalar) else { return };
    let r = ::sm2::NonZeroScalar::try_from(&r[..]).expect("RustCrypto takes it too");
    let (own_id, other_id) = input.0.split_at(input.0.len() / 2);
    let (Ok(own_id), Ok(other_id)) = (DistId::new(own_id), DistId::new(other_id)) else { return };
    let (own_key, other_key) = (own.libsmx.public_key(), other.libsmx.public_key());
    let we_begin = choice & 1 == 1;
    let role = if we_begin { exchange::Role::Initiator } else { exchange::Role::Responder };
    let peer = exchange::Peer { key: other.ours.public(), id: &other_id };
    // The initiator's come first.
    let mut parties = [(own_id.as_bytes(), own_key), (other_id.as_bytes(), other_key)];
    let side = if we_begin { exchange_b } else { exchange_a };
    if !we_begin {
        parties.reverse();
    }
    let [(id_a, key_a), (id_b, key_b)] = parties;
    for backend in Backend::runnable() {
        let key = own.on(backend);
        let ours = exchange::Exchange::begin(role, &key, &own_id).expect("an ephemeral key");
        let message = ours.message();
        let agreed = ours.agree(&peer, ephemeral.public_key(), length).ok();

        let d = &other.libsmx;
        let libsmx = side(length, id_a, id_b, d, &key_a, &key_b, &ephemeral, &message).ok();
        let rustcrypto = formula::Exchange {
            d: &other.rustcrypto,
            r: &r,
            peer: &own.rustcrypto.public_key(),
            message: &message,
            z: [(id_a, &key_a), (id_b, &key_b)].map(|(id, key)| libsmx::sm2::get_z(id, key)),
            is_initiator: !we_begin,
        };
        let rustcrypto = rustcrypto.agree(length);
        let libsmx = libsmx.map(|it| {
            let own_first = [it.s_self, it.s_peer];
            (it.key, if we_begin { [it.s_peer, it.s_self] } else { own_first })
        });
        assert_eq!(libsmx, rustcrypto, "the peers differ");

        assert_eq!(agreed.is_some(), libsmx.is_some(), "{backend:?}");
        let (Some(agreed), Some((key, [begins, responds]))) = (agreed, libsmx) else { continue };
        let (sent, mut received) = if we_begin { (begins, responds) } else { (responds, begins) };
        assert_eq!(*agreed.confirmation(), sent, "{backend:?}");
        let changed = choice & 2 == 2;
        if changed {
            flip(&mut received, usize::from(choice));
        }
        let confirmed = agreed.confirm(&received).ok();
        let expected = (!changed).then_some(&key);
        assert_eq!(confirmed.as_deref(), expected, "{backend:?}");
    }
}
