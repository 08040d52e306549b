//! SM4 with GFNI on 512-bit vectors: up to 96 blocks at a time, with every mode that works on many blocks
//! at once done while they are in registers. See `aes_domain` for the algebra.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

pub(super) mod ccm;

use std::arch::{asm, x86_64::*};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Block, Chain,
    aes_domain::{ENTER, KEY_CONSTANT, KEY_INPUTS, KEY_START, LEAVE, Q, RoundKeys, Schedule, W},
    dword_sliced::{GATHER, LEFT_8, LEFT_16, LEFT_24, SCATTER, dword_sliced, hurried_rounds},
    gfni::{enter, key_terms, leave, xor3},
    lanes::{LANES, Lane},
    one_block::{chain, chained_round, key_schedule, rounds_of_block},
    vectors::{kept_apart, load, store},
    xts::Order,
};
use crate::primitives::cpu;

/// The groups of 16 blocks that the registers hold: four vectors each, and room to compute.
const WIDE: usize = 6;

/// The groups of the kernel below it.
const MIDDLE: usize = 4;

/// The groups between the two: a kibibyte and one block more, as GCM needs for a message of that length.
const KIBIBYTE: usize = 5;

/// Four rows of four blocks, or the four words of as many.
type Group = [__m512i; 4];

/// What is done with blocks, beside taking each through the cipher.
enum Work<'a> {
    /// Nothing.
    Whole,
    /// The counters from this one on go through the cipher, and what comes out is added to the blocks.
    Counters(u128),
    /// The block before, of which this is the first, is added afterwards.
    CbcDecrypt(&'a Block),
    /// The block before, of which this is the first, goes through the cipher and is added to the block.
    CfbDecrypt(&'a Block),
    /// One of these is added before and after.
    Xts(&'a [Block; 16 * WIDE]),
}

/// Encrypts or decrypts every block.
pub(super) fn crypt(_: cpu::Avx512Gfni, schedule: &Schedule, blocks: &mut [Block]) {
    for batch in blocks.chunks_mut(16 * WIDE) {
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { crypt_batch(schedule, &Work::Whole, batch.as_flattened_mut()) };
    }
}

/// The round keys of `key`.
pub(super) fn expand(_: cpu::Avx512Gfni, key: &Block) -> RoundKeys {
    let mut keys = Zeroizing::new([0; 32]);
    // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
    unsafe { key_schedule(key, &mut keys) };
    RoundKeys::new(&keys)
}

/// Takes steps of many chains; see `RoundKeys::cbc_encrypt_lanes`.
pub(super) fn cbc_encrypt_lanes(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    lanes: &mut [Lane<'_>],
    steps: usize,
) {
    // SAFETY: a `cpu::Avx512Gfni` exists only where the features of these functions are.
    unsafe {
        if lanes.len() <= 16 {
            chains::<1, 16>(schedule, lanes, steps);
        } else {
            chains::<MIDDLE, LANES>(schedule, lanes, steps);
        }
    }
}

/// Adds E(counter) ‖ E(counter + 1) ‖ … to `data`.
pub(super) fn xor_keystream(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    mut counter: u128,
    data: &mut [u8],
) {
    for batch in data.chunks_mut(256 * WIDE) {
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { crypt_batch(schedule, &Work::Counters(counter), batch) };
        counter = counter.wrapping_add(16 * WIDE as u128);
    }
}

/// Decrypts a chain of CBC; see `RoundKeys::cbc_decrypt`.
pub(super) fn cbc_decrypt(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    state: &mut Block,
    blocks: &mut [Block],
) {
    for batch in blocks.chunks_mut(16 * WIDE) {
        let last = batch.last().copied();
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { crypt_batch(schedule, &Work::CbcDecrypt(state), batch.as_flattened_mut()) };
        *state = last.unwrap_or(*state);
    }
}

/// Decrypts a chain of CFB; see `RoundKeys::cfb_decrypt`.
pub(super) fn cfb_decrypt(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    state: &mut Block,
    blocks: &mut [Block],
) {
    for batch in blocks.chunks_mut(16 * WIDE) {
        let last = batch.last().copied();
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { crypt_batch(schedule, &Work::CfbDecrypt(state), batch.as_flattened_mut()) };
        *state = last.unwrap_or(*state);
    }
}

/// Encrypts or decrypts blocks of XTS; see `RoundKeys::xts`.
pub(super) fn xts(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    order: Order,
    tweak: &mut Block,
    blocks: &mut [Block],
) {
    let mut tweaks = [[0; 16]; 16 * WIDE];
    for batch in blocks.chunks_mut(16 * WIDE) {
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of these functions are.
        unsafe {
            let after = fill_tweaks(order, tweak, &mut tweaks);
            *tweak = *tweaks.get(batch.len()).unwrap_or(&after);
            crypt_batch(schedule, &Work::Xts(&tweaks), batch.as_flattened_mut());
        }
    }
    tweaks.as_flattened_mut().zeroize();
}

/// At most 96 blocks, the last of which may be cut short.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn crypt_batch(schedule: &Schedule, work: &Work<'_>, data: &mut [u8]) {
    match data.len().div_ceil(16) {
        0 => {}
        1..=16 => crypt_padded::<1, 16>(schedule, work, data),
        17..=64 => crypt_padded::<MIDDLE, 64>(schedule, work, data),
        65..=80 => crypt_padded::<KIBIBYTE, 80>(schedule, work, data),
        _ => crypt_padded::<WIDE, 96>(schedule, work, data),
    }
}

/// At most `N` = 16·`G` blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn crypt_padded<const G: usize, const N: usize>(
    schedule: &Schedule,
    work: &Work<'_>,
    data: &mut [u8],
) {
    if let (blocks, []) = data.as_chunks_mut()
        && let Ok(blocks) = blocks.try_into()
    {
        return kernel::<G, N>(schedule, work, blocks);
    }
    let mut padded = [[0; 16]; N];
    padded.as_flattened_mut()[..data.len()].copy_from_slice(data);
    kernel::<G, N>(schedule, work, &mut padded);
    data.copy_from_slice(&padded.as_flattened()[..data.len()]);
    padded.as_flattened_mut().zeroize();
}

/// `N` = 16·`G` blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn kernel<const G: usize, const N: usize>(
    schedule: &Schedule,
    work: &Work<'_>,
    blocks: &mut [Block; N],
) {
    let states = match *work {
        Work::Whole | Work::CbcDecrypt(_) => entered(schedule, rows::<G>(blocks)),
        Work::Counters(first) if first as u32 <= u32::MAX - (N as u32 - 1) => {
            entered_counters::<G>(schedule, first)
        }
        Work::Counters(first) => entered(schedule, rows::<G>(&counters::<N>(first))),
        Work::CfbDecrypt(before) => entered(schedule, rows_before::<G>(before, blocks)),
        Work::Xts(tweaks) => entered(schedule, add::<G>(rows::<G>(blocks), rows::<G>(tweaks))),
    };
    let states =
        if G <= MIDDLE { wide_hurried(schedule, states) } else { rounds(schedule, states) };
    let out = left(schedule, states);
    let out = match *work {
        Work::Whole => out,
        Work::Counters(_) | Work::CfbDecrypt(_) => add::<G>(out, rows::<G>(blocks)),
        Work::CbcDecrypt(before) => add::<G>(out, rows_before::<G>(before, blocks)),
        Work::Xts(tweaks) => add::<G>(out, rows::<G>(tweaks)),
    };
    store_rows::<G>(out, blocks);
}

/// Takes `steps` blocks of at most `N` = 16·`G` chains of CBC.
///
/// As in a single chain, what leaves enters the next step without changing its basis, c(35) to c(32) and
/// all; `entered` adds c(3) each time.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn chains<const G: usize, const N: usize>(
    schedule: &Schedule,
    lanes: &mut [Lane<'_>],
    steps: usize,
) {
    let first = wide_repeat(&schedule.enter);
    let last = [[wide_repeat(&schedule.leave); 4]; G];
    let mut blocks = [[0; 16]; N];
    for (block, lane) in blocks.iter_mut().zip(&*lanes) {
        *block = lane.state;
    }
    let mut kept = entered(schedule, add::<G>(rows::<G>(&blocks), last));
    for group in &mut kept {
        group[3] = _mm512_xor_si512(group[3], first);
    }
    for step in 0..steps {
        for (block, lane) in blocks.iter_mut().zip(&*lanes) {
            *block = lane.rest[step];
        }
        let input = entered(schedule, add::<G>(rows::<G>(&blocks), last));
        let states = add::<G>(kept, input);
        kept = if G == 1 { wide_hurried(schedule, states) } else { rounds(schedule, states) };
        store_rows::<G>(left(schedule, kept), &mut blocks);
        for (block, lane) in blocks.iter().zip(&mut *lanes) {
            lane.rest[step] = *block;
        }
        for group in &mut kept {
            *group = [group[3], group[2], group[1], group[0]];
        }
    }
}

/// The first 16·`G` blocks, four in a row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn rows<const G: usize>(blocks: &[Block]) -> [Group; G] {
    let (rows, _) = blocks.as_chunks();
    let mut out = [[_mm512_setzero_si512(); 4]; G];
    for g in 0..G {
        for r in 0..4 {
            out[g][r] = wide_load(&rows[4 * g + r]);
        }
    }
    out
}

/// Stores 16·`G` blocks, four in a row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn store_rows<const G: usize>(rows: [Group; G], blocks: &mut [Block]) {
    let (out, _) = blocks.as_chunks_mut();
    for g in 0..G {
        for r in 0..4 {
            wide_store(&mut out[4 * g + r], rows[g][r]);
        }
    }
}

/// For each block the one before it, `before` for the first.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn rows_before<const G: usize>(before: &Block, blocks: &[Block]) -> [Group; G] {
    let rows = rows::<G>(blocks);
    let mut last = wide_repeat(before);
    let mut out = rows;
    for g in 0..G {
        for r in 0..4 {
            // Three blocks of this row after the last of the row before.
            out[g][r] = _mm512_alignr_epi64::<6>(rows[g][r], last);
            last = rows[g][r];
        }
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn add<const G: usize>(mut left: [Group; G], right: [Group; G]) -> [Group; G] {
    for g in 0..G {
        for r in 0..4 {
            left[g][r] = _mm512_xor_si512(left[g][r], right[g][r]);
        }
    }
    left
}

/// The states of 16·`G` counters of which only the last word differs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn entered_counters<const G: usize>(schedule: &Schedule, first: u128) -> [Group; G] {
    let block = wide_repeat(&first.to_be_bytes());
    // Byte i of a word four times in dword i; and byte i of four numbers in dword i.
    let word = _mm512_broadcast_i32x4(_mm_set_epi32(0, 0x0101_0101, 0x0202_0202, 0x0303_0303));
    let gather =
        _mm512_broadcast_i32x4(_mm_set_epi32(0x0f0b_0703, 0x0e0a_0602, 0x0d09_0501, 0x0c08_0400));
    let four = _mm512_set1_epi8(4);
    let a = wide_enter(_mm512_shuffle_epi8(block, word));
    let b = wide_enter(_mm512_shuffle_epi8(block, _mm512_add_epi8(word, four)));
    let c = wide_enter(_mm512_shuffle_epi8(block, _mm512_add_epi8(word, _mm512_set1_epi8(8))));
    // Dword r of lane l stands for block 4r + l, as after the transposition of rows.
    let places = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    let mut last = _mm512_add_epi32(places, _mm512_set1_epi32(first as i32));
    let mut states = [[a, b, c, a]; G];
    for state in &mut states {
        let d = wide_enter(_mm512_shuffle_epi8(last, gather));
        state[3] = _mm512_xor_si512(d, wide_repeat(&schedule.enter));
        last = _mm512_add_epi32(last, _mm512_set1_epi32(16));
    }
    states
}

/// Counters written out.
fn counters<const N: usize>(first: u128) -> [Block; N] {
    let mut counters = [[0; 16]; N];
    for (block, skip) in counters.iter_mut().zip(0..) {
        *block = first.wrapping_add(skip).to_be_bytes();
    }
    counters
}

/// The tweaks of XTS from `first` on, and the one after them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn fill_tweaks(order: Order, first: &Block, tweaks: &mut [Block; 16 * WIDE]) -> Block {
    // Within the order of IEEE 1619, which has the bits of a byte the other way round.
    let turn = match order {
        Order::Ieee1619 => _mm512_set1_epi64(0x0102_0408_1020_4080),
        Order::Gbt17964 => _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64),
    };
    let first = _mm512_gf2p8affine_epi64_epi8::<0>(wide_repeat(first), turn);
    let mut power = _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0);
    let mut next = [first; 4];
    for row in &mut next {
        *row = times_x(first, power);
        power = _mm512_add_epi64(power, _mm512_set1_epi64(4));
    }
    for rows in tweaks.as_chunks_mut::<4>().0.as_chunks_mut::<4>().0 {
        for r in 0..4 {
            wide_store(&mut rows[r], _mm512_gf2p8affine_epi64_epi8::<0>(next[r], turn));
            next[r] = times_x(next[r], _mm512_set1_epi64(16));
        }
    }
    let mut after = [[0; 16]; 4];
    wide_store(&mut after, _mm512_gf2p8affine_epi64_epi8::<0>(next[0], turn));
    let [after, beyond @ ..] = &mut after;
    beyond.as_flattened_mut().zeroize();
    std::mem::take(after)
}

/// v·x^power in GF(2^128), the powers, at most 48, given for each half of each block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn times_x(v: __m512i, power: __m512i) -> __m512i {
    // What leaves a half goes into the other one: upwards as it is, and around times x^7 + x^2 + x + 1.
    let over = _mm512_srlv_epi64(v, _mm512_sub_epi64(_mm512_set1_epi64(64), power));
    let over = _mm512_shuffle_epi32::<0b01_00_11_10>(over);
    let up = _mm512_maskz_mov_epi64(0b1010_1010, over);
    let around = _mm512_clmulepi64_epi128::<0x00>(over, _mm512_set1_epi64(0x87));
    wide_xor3(_mm512_sllv_epi64(v, power), up, around)
}

key_schedule!("avx2,gfni,avx512f,avx512vl");
chain!("avx2,gfni,avx512f,avx512vl", zero: 0_u32, proof: cpu::Avx512Gfni);
rounds_of_block!("avx2,gfni,avx512f,avx512vl", __m128i, Schedule, xor: _mm_xor_si128, apart: kept_apart);
hurried_rounds!(
    wide_hurried, "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq", __m512i,
    repeat: wide_repeat, xor: _mm512_xor_si512, xor3: wide_xor3,
    bytes: _mm512_shuffle_epi8, substitute: wide_substitute, apart: wide_kept_apart
);
dword_sliced!(
    "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq", __m512i,
    entered: entered, rounds: rounds, left: left,
    repeat: wide_repeat, xor: _mm512_xor_si512, xor3: wide_xor3,
    bytes: _mm512_shuffle_epi8, dwords: _mm512_shuffle_epi32,
    unpack: [
        _mm512_unpacklo_epi32, _mm512_unpackhi_epi32, _mm512_unpacklo_epi64, _mm512_unpackhi_epi64
    ],
    enter: wide_enter, leave: wide_leave, substitute: wide_substitute
);

#[inline]
#[target_feature(enable = "avx512f")]
fn wide_repeat(block: &Block) -> __m512i {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(block.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide_load(row: &[Block; 4]) -> __m512i {
    // SAFETY: a row is 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide_store(row: &mut [Block; 4], value: __m512i) {
    // SAFETY: a row is 64 writable bytes, and this store takes any alignment.
    unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn wide_xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn wide_enter(x: __m512i) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(x, _mm512_set1_epi64(ENTER as i64))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn wide_leave(x: __m512i) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(x, _mm512_set1_epi64(LEAVE as i64))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn wide_substitute(x: __m512i) -> (__m512i, __m512i) {
    (
        _mm512_gf2p8affineinv_epi64_epi8::<0>(x, _mm512_set1_epi64(Q as i64)),
        _mm512_gf2p8affineinv_epi64_epi8::<0>(x, _mm512_set1_epi64(W as i64)),
    )
}

/// As `kept_apart` of `vectors`.
#[inline]
#[target_feature(enable = "avx512f")]
fn wide_kept_apart(mut value: __m512i) -> __m512i {
    // SAFETY: no instruction is executed.
    unsafe {
        asm!("/* {0} */", inout(zmm_reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// Defines the rounds of a chain on vectors of one width.
macro_rules! rounds_of {
    ($class:ident $vector:ty, $key:ty, $repeat:ident) => {
        // L is Q ^ W ^ Q<<<8 ^ Q<<<16 ^ W<<<24. The idle instruction moves others to other pipes.
        chained_round!(
            "avx2,gfni,avx512f,avx512vl", $class $vector, $key,
            [
                "vgf2p8affineinvqb {q}, {x}, {to_q}, 0",
                "hold 19",
                "vgf2p8affineinvqb {w}, {x}, {to_w}, 0",
                "hold 1",
                "vpxor {p}, {x}, {d}",
                ".rept {paced}", "vpor {idle}, {to_q}, {to_w}", ".endr",
                "vpshufd {w_24}, {w}, 0x39",
                "hold 1",
                "vpshufd {q_8}, {q}, 0x93",
                "vpshufd {next}, {q}, 0x4e",
                "vpternlogd {p}, {q}, {w}, 0x96",
                "vpternlogd {next}, {q_8}, {w_24}, 0x96",
            ],
            "vpternlogd {next}, {p}, [{key}], 0x96" or "vpternlogd {next}, {p}, {key}, 0x96",
            ["hold 5",],
            ["vpternlogd {d}, {next}, {before}, 0x96",],
            to_q = in($class) $repeat(Q as i64), to_w = in($class) $repeat(W as i64),
            q = out($class) _, w = out($class) _, q_8 = out($class) _, w_24 = out($class) _,
            idle = out($class) _
        );
    };
}

use rounds_of;

rounds_of!(xmm_reg __m128i, Block, _mm_set1_epi64x);

#[inline]
#[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
fn round_key(schedule: &Schedule, i: usize) -> __m128i {
    load(&schedule.rounds[i])
}
