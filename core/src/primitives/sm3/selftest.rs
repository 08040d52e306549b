//! Known answers for the self-tests of SM3.

use super::{Backend, Digest, HmacKey};
use crate::primitives::selftest::{SelfTested, Test, agrees};

impl SelfTested for Backend {
    const ALGORITHM: &'static str = "sm3";
    const NUMBER: u32 = 0;
    const TESTS: &'static [Test<Self>] = &[
        ("digest", "杂凑", digest),
        ("digests side by side", "多消息并行杂凑", many),
        ("two digests side by side", "两消息并行杂凑", two),
        ("HMAC", "HMAC", hmac),
        ("KDF", "密钥派生", kdf),
        ("PBKDF2", "PBKDF2", pbkdf2),
    ];

    fn number(self) -> u32 {
        match self {
            Self::Portable => 0,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => 1,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 2,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => 1,
            #[cfg(target_arch = "aarch64")]
            Self::Sm3(_) => 2,
        }
    }

    fn name(self) -> &'static str {
        self.name()
    }
}

/// GB/T 32905-2016, A.1.
const SHORT: (&[u8], Digest) = (
    b"abc",
    *b"\x66\xc7\xf0\xf4\x62\xee\xed\xd9\xd1\xf2\xd4\x6b\xdc\x10\xe4\xe2\
       \x41\x67\xc4\x87\x5c\xf2\xf7\xa2\x29\x7d\xa0\x2b\x8f\x4b\xa8\xe0",
);

/// No bytes. The digest was computed with OpenSSL 3.0.
const EMPTY: (&[u8], Digest) = (
    b"",
    *b"\x1a\xb2\x1d\x83\x55\xcf\xa1\x7f\x8e\x61\x19\x48\x31\xe8\x1a\x8f\
       \x22\xbe\xc8\xc7\x28\xfe\xfb\x74\x7e\xd0\x35\xeb\x50\x82\xaa\x2b",
);

/// GB/T 32905-2016, A.2.
const BLOCK: (&[u8], Digest) = (
    b"abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
    *b"\xde\xbe\x9f\xf9\x22\x75\xb8\xa1\x38\x60\x48\x89\xc1\x8e\x5a\x4d\
       \x6f\xdb\x70\xe5\x38\x7e\x57\x65\x29\x3d\xcb\xa3\x9c\x0c\x57\x32",
);

/// 2000 bytes, 0 to 250 again and again: 31 blocks and a half, none like another.
/// The digest was computed with OpenSSL 3.0.
const LONG: ([u8; 2000], Digest) = (
    {
        let mut message = [0; 2000];
        let mut i = 0;
        while i < message.len() {
            message[i] = (i % 251) as u8;
            i += 1;
        }
        message
    },
    *b"\xc9\xb6\xb7\x7e\x5b\xfd\x0e\x5e\x25\x3a\x89\xd2\x85\xd8\x55\xc8\
       \xc5\xef\x6c\x68\x8d\x46\x7c\xd4\x71\xa6\xd4\x6b\x8c\xff\xfc\x25",
);

/// GM/T 0042-2015, D.3: the message is taken twice.
const HMAC: (&[u8], &[u8], Digest) = (
    b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\
      \x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    *b"\xca\x05\xe1\x44\xed\x05\xd1\x85\x78\x40\xd1\xf3\x18\xa4\xa8\x66\
       \x9e\x55\x9f\xc8\x39\x1f\x41\x44\x85\xbf\xdf\x7b\xb4\x08\x96\x3a",
);

/// SM3 of the first 539 bytes, 17 digests but for five, of KDF over [`LONG`]. Computed with OpenSSL 3.0.
const KDF_DIGEST: [u8; 32] = *b"\
    \x60\x64\xf8\x02\x55\xc7\x37\x10\x07\x58\x01\xdd\x7a\x56\xa2\xae\
    \x3c\x47\xbc\xdc\x72\x7a\x96\xaf\x6b\xa9\xbd\x8f\x75\x48\xf9\x0f";

/// PBKDF2 of `password` and `salt` in three steps. Computed with OpenSSL 3.0.
const PBKDF2: [u8; 128] = *b"\
    \xf2\xa0\x75\xc8\x88\xa5\x18\x88\x92\xc4\x86\x0f\x9b\x33\xad\x24\
    \xa7\xfd\x5c\x56\x85\xb6\xf7\xa6\xbc\x12\xf7\x6e\x2c\xd7\x32\xe2\
    \x6b\x04\x24\x38\x40\x24\x26\x93\xc9\x44\x6a\xc9\xf8\x0c\x3f\x07\
    \xcf\x31\xf0\x35\xc4\xf0\x12\x0a\xe5\x5f\x8f\xaa\xae\x54\x76\x28\
    \xc6\xf8\xa5\xb0\xa4\x7a\xa2\x74\xdc\xc2\x3c\x91\x66\x0e\x15\x7b\
    \x5f\xae\xe9\x32\x6c\x31\x14\xb4\x53\x32\x6a\xb4\xfc\x4c\xe6\xd2\
    \x50\xc6\x33\xe2\x29\x6a\x5b\xd7\x69\xcb\x19\x8a\x33\x8a\xd8\x4b\
    \x8b\xb7\x5a\xf4\x53\x94\x49\x75\x1c\x12\xfe\xb8\xf6\x2d\xab\x6b";

fn digest(backend: Backend) -> bool {
    let is_right = |(message, digest): (&[u8], Digest)| agrees(&backend.hash(message), &digest);
    is_right(SHORT) && is_right(BLOCK) && is_right((&LONG.0, LONG.1))
}

/// One message more than any kernel has lanes, of three lengths in turn.
fn many(backend: Backend) -> bool {
    let known: [(&[u8], Digest); 3] = [SHORT, (&LONG.0, LONG.1), BLOCK];
    let cases: [_; 17] = std::array::from_fn(|i| known[i % 3]);
    let digests = backend.hash_many(&cases.map(|(message, _)| message));
    agrees(digests.as_flattened(), cases.map(|(_, digest)| digest).as_flattened())
}

/// Of one block each, and of two.
fn two(backend: Backend) -> bool {
    [[SHORT, EMPTY], [BLOCK, BLOCK]].into_iter().all(|cases| {
        let mut digests = [[0; 32]; 2];
        backend.hash_two([&[cases[0].0], &[cases[1].0]], &mut digests);
        agrees(digests.as_flattened(), cases.map(|(_, digest)| digest).as_flattened())
    })
}

/// Alone and side by side.
fn hmac(backend: Backend) -> bool {
    let (key, message, tag) = HMAC;
    let key = HmacKey::with_backend(backend, key);
    let many = key.mac_many(&[&[message, message].concat()[..]; 17]);
    agrees(&*key.mac(&[message, message]), &tag)
        && agrees(many.as_flattened(), [tag; 17].as_flattened())
}

fn kdf(backend: Backend) -> bool {
    let mut out = [0; 17 * 32 - 5];
    backend.kdf(&[&LONG.0], &mut out);
    agrees(&backend.hash(&out), &KDF_DIGEST)
}

/// Of one digest, and of four.
fn pbkdf2(backend: Backend) -> bool {
    [32, 128].into_iter().all(|length| {
        let mut out = vec![0; length];
        backend.pbkdf2(b"password", b"salt", 3, &mut out);
        agrees(&out, &PBKDF2[..length])
    })
}
