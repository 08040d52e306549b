//! Every backend against RustCrypto and the textbook on many inputs: every length, every number of
//! messages, and every way in which short and long ones can share the lanes.

use yinxin_vectors::random::{Stream, rounds, tell};

use super::*;

/// Messages of all lengths up to this.
const LONGEST: usize = 600;
/// Batches of all sizes up to this: eight times the most lanes, and some.
const MOST: usize = 130;

fn rustcrypto(message: &[u8]) -> Digest {
    ::sm3::Sm3::digest(message).into()
}

/// A length at which padding takes another form, or any.
fn length(stream: &mut Stream) -> usize {
    match stream.below(3) {
        0 => 64 * stream.below(9) + stream.pick(&[0, 1, 54, 55, 56, 57, 63]),
        1 => stream.below(64),
        _ => stream.below(LONGEST + 1),
    }
}

fn together(what: &str, messages: &[&[u8]], expected: &[Digest]) {
    for backend in Backend::runnable() {
        let digests = backend.hash_many(messages);
        assert_eq!(digests.len(), expected.len(), "{what} {backend:?}");
        for (i, (got, expected)) in digests.iter().zip(expected).enumerate() {
            let (length, count) = (messages[i].len(), messages.len());
            assert_eq!(got, expected, "{what} {backend:?}: {i} of {count}, {length} bytes");
        }
    }
}

#[test]
fn any_lengths_together() {
    let mut stream = Stream::new(100);
    let batches = rounds(300);
    let mut count = 0;
    for i in 0..batches {
        let mut message = || {
            let length = length(&mut stream);
            stream.bytes(length)
        };
        let messages: Vec<_> = (0..i % (MOST + 1)).map(|_| message()).collect();
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let expected: Vec<_> = slices.iter().map(|message| rustcrypto(message)).collect();
        together("any", &slices, &expected);
        count += slices.len();
        if let Some(first) = slices.first() {
            assert_eq!(textbook(first), expected[0]);
        }
    }
    tell(&format!("sm3: {count} messages of 0 to {LONGEST} bytes in {batches} batches"));
}

#[test]
fn every_number_of_messages() {
    let bytes = pattern(LONGEST + MOST);
    for count in 0..=MOST {
        // All of one length; ever longer; ever shorter.
        let equal: Vec<&[u8]> = (0..count).map(|i| &bytes[i..i + 4 * count]).collect();
        let longer: Vec<&[u8]> = (0..count).map(|i| &bytes[i..5 * i]).collect();
        let shorter: Vec<&[u8]> = longer.iter().rev().copied().collect();
        for messages in [equal, longer, shorter] {
            let expected: Vec<_> = messages.iter().map(|message| rustcrypto(message)).collect();
            together("count", &messages, &expected);
        }
    }
    // One long message among short ones, at each place: a lane that goes on while others end.
    for place in 0..MOST {
        let length = |i: usize| if i == place { LONGEST } else { i % 70 };
        let messages: Vec<&[u8]> = (0..MOST).map(|i| &bytes[i..i + length(i)]).collect();
        let expected: Vec<_> = messages.iter().map(|message| rustcrypto(message)).collect();
        together("one long", &messages, &expected);
    }
    tell(&format!("sm3: batches of 0 to {MOST}, equal, growing, shrinking and with one long one"));
}

#[test]
fn every_length_in_every_place() {
    let bytes = pattern(LONGEST + 64);
    let places = 34;
    for length in 0..=LONGEST {
        let expected = rustcrypto(&bytes[..length]);
        // The others are short, so that this one meets lanes at every stage; or just as long.
        for other in [3, length] {
            for place in [length % places, (length * 7 + 5) % places] {
                let mut messages: Vec<&[u8]> = vec![&bytes[5..5 + other]; places];
                messages[place] = &bytes[..length];
                for backend in Backend::runnable() {
                    let digests = backend.hash_many(&messages);
                    assert_eq!(digests[place], expected, "{backend:?} {length} at {place}");
                }
            }
        }
    }
}

#[test]
fn every_number_of_blocks_in_one_stream() {
    let bytes = pattern(64 * 70 + 64);
    let mut count = 0;
    for blocks in 0..=70 {
        for rest in [0, 1, 55, 56, 63] {
            let message = &bytes[..64 * blocks + rest];
            let expected = rustcrypto(message);
            for backend in Backend::runnable() {
                assert_eq!(backend.hash(message), expected, "{backend:?} {}", message.len());
                // Where a piece ends inside a block, or at its border.
                for cut in [rest, 64 * (blocks / 2), 64 * (blocks / 2) + rest, 64 * blocks] {
                    let mut state = Sm3::with_backend(backend);
                    Update::update(&mut state, &message[..cut.min(message.len())]);
                    Update::update(&mut state, &message[cut.min(message.len())..]);
                    assert_eq!(state.finalize()[..], expected, "{backend:?} cut at {cut}");
                    count += 1;
                }
            }
        }
    }
    tell(&format!("sm3: {count} streams of 0 to 70 blocks, whole and in pieces"));
}

/// SM3(Z ‖ 1) ‖ SM3(Z ‖ 2) ‖ …
#[test]
fn key_derivation_of_every_length() {
    let mut stream = Stream::new(101);
    let cases = rounds(300);
    for i in 0..cases {
        let z = stream.bytes(i % 201);
        let mut key = vec![0; (i * 37) % (32 * 70)];
        kdf(&[&z], &mut key);
        let digest = |counter: u32| rustcrypto(&[&z[..], &counter.to_be_bytes()].concat());
        let expected: Vec<u8> = (1..).flat_map(digest).take(key.len()).collect();
        assert_eq!(key, expected, "{} {}", z.len(), key.len());
    }
    tell(&format!("sm3: {cases} derived keys of 0 to {} bytes", 32 * 70));
}

/// H((K + opad) ‖ H((K + ipad) ‖ M)) (GB/T 15852.2-2012, clause 7).
#[test]
fn hmac_of_every_length() {
    let mut stream = Stream::new(102);
    let cases = rounds(300);
    for i in 0..cases {
        let (key, message) = (stream.bytes(i % 201), length(&mut stream));
        let message = stream.bytes(message);
        let mut padded = if key.len() > 64 { rustcrypto(&key).to_vec() } else { key.clone() };
        padded.resize(64, 0);
        let keyed = |pad: u8, rest: &[u8]| {
            let start: Vec<u8> = padded.iter().map(|byte| byte ^ pad).collect();
            rustcrypto(&[&start, rest].concat())
        };
        let expected = keyed(0x5c, &keyed(0x36, &message));
        let mac = HmacSm3::new_from_slice(&key).unwrap().chain_update(&message);
        assert_eq!(mac.finalize().into_bytes()[..], expected, "{} {}", key.len(), message.len());
        for backend in Backend::runnable() {
            let case = format!("{backend:?} {} {}", key.len(), message.len());
            let prepared = HmacKey::with_backend(backend, &key);
            let (first, rest) = message.split_at(stream.below(message.len() + 1));
            assert_eq!(*prepared.mac(&[first, &[], rest]), expected, "{case}");
            let others: Vec<&[u8]> =
                (0..i % 70).map(|j| &message[..message.len().min(j)]).collect();
            let messages = [&others[..], &[&message]].concat();
            let many = prepared.mac_many(&messages);
            assert_eq!(many.len(), messages.len(), "{case}");
            assert_eq!(many.last(), Some(&expected), "{case} together");
            for (message, tag) in others.iter().zip(many.iter()) {
                assert_eq!(*tag, keyed(0x5c, &keyed(0x36, message)), "{case} together");
            }
        }
    }
    tell(&format!("sm3: {cases} HMACs with keys of 0 to 200 bytes, alone and together"));
}

/// Messages that begin alike, and messages in two parts, of which none is where blocks begin.
#[test]
fn prefixes_and_pairs() {
    let mut stream = Stream::new(103);
    let cases = rounds(100);
    for i in 0..cases {
        let prefix = stream.bytes(i % 201);
        let text = stream.bytes(2 * LONGEST);
        let mut part = || {
            let length = length(&mut stream);
            &text[length / 2..length / 2 + length]
        };
        let parts: Vec<(&[u8], &[u8])> = (0..i % (MOST + 1)).map(|_| (part(), part())).collect();
        let seconds: Vec<&[u8]> = parts.iter().map(|(_, second)| *second).collect();
        for backend in Backend::runnable() {
            let case = format!("{backend:?} {i}");
            let prefixed = backend.hash_many_with_prefix(&prefix, &seconds);
            let pairs = backend.hash_many_pairs(&parts);
            assert_eq!((prefixed.len(), pairs.len()), (parts.len(), parts.len()), "{case}");
            for (j, (first, second)) in parts.iter().enumerate() {
                let expected = rustcrypto(&[&prefix, *second].concat());
                assert_eq!(prefixed[j], expected, "{case} {j} prefix {}", prefix.len());
                assert_eq!(pairs[j], rustcrypto(&[*first, *second].concat()), "{case} {j}");
                let whole = backend.hash_parts(&[&prefix, first, &[], second]);
                let expected = rustcrypto(&[&prefix, *first, *second].concat());
                assert_eq!(whole, expected, "{case} {j} in parts");
            }
        }
    }
    tell(&format!("sm3: {cases} batches of messages with a prefix, and of messages in two parts"));
}
