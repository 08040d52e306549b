//! Self-tests: known answers before a kernel serves, and a state that refuses every service after one
//! of them has failed (what GB/T 37092-2018 asks of a cryptographic module; no module is certified).
//!
//! A backend of an algorithm is tested when it is first used, in this process, and not before: that
//! takes a few milliseconds at most, and later uses ask one atomic word. Answers are those of the standards
//! where they have one. New key pairs are checked as pairs, too.
//!
//! Once a self-test has failed, whichever it was, no algorithm serves any more until the process
//! starts anew: what returns a `Result` returns [`Code::SelfTestFailed`], and what cannot, such as the
//! end of a digest, panics with that code, because it has no other way not to answer. A caller that
//! does not want to meet the panic asks [`in_service`] or [`all`] first.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU32, Ordering},
};

use super::{sm2, sm3, sm4};
use crate::error::{Code, Error};

/// What was found in this process: a bit for each backend that has passed, or [`FAILED`] alone.
static STATE: AtomicU32 = AtomicU32::new(0);

/// Nothing leads out of this state.
const FAILED: u32 = 1 << 31;

/// The algorithms whose answers are altered, a bit each, so that a test sees what follows.
static ALTERED: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// What is added to each answer while this thread tests; nothing while it serves.
    static TESTING: Cell<Option<u8>> = const { Cell::new(None) };
}

/// What is tested, in English and in Chinese, and whether the answers are right.
pub(super) type Test<B> = (&'static str, &'static str, fn(B) -> bool);

/// A backend that has self-tests.
pub(super) trait SelfTested: Copy + Send + Sync + 'static {
    /// The algorithm, as in `sm3`.
    const ALGORITHM: &'static str;
    /// A number for the algorithm, from 0.
    const NUMBER: u32;
    /// What is tested.
    const TESTS: &'static [Test<Self>];

    /// A number for the backend, from 0 to 7.
    fn number(self) -> u32;

    /// The name of the backend.
    fn name(self) -> &'static str;
}

/// Whether `backend` may serve, after its tests if this is the first use.
///
/// # Errors
/// [`Code::SelfTestFailed`].
#[inline]
pub(super) fn ready<B: SelfTested>(backend: B) -> Result<(), Error> {
    if STATE.load(Ordering::Relaxed) & bit(backend) != 0 { Ok(()) } else { first_use(backend) }
}

/// As [`ready`], for what returns no `Result`.
///
/// # Panics
/// With [`Code::SelfTestFailed`].
#[inline]
pub(super) fn demand<B: SelfTested>(backend: B) {
    if let Err(error) = ready(backend) {
        refuse(&error);
    }
}

/// Whether no self-test has failed in this process so far.
///
/// # Errors
/// [`Code::SelfTestFailed`].
pub fn in_service() -> Result<(), Error> {
    // A self-test may go on, to say whether others fail as well.
    if STATE.load(Ordering::Relaxed) == FAILED && TESTING.get().is_none() {
        return Err(Error::new(Code::SelfTestFailed));
    }
    Ok(())
}

/// As [`in_service`], for what returns no `Result`, where the kernel was tested when its key was
/// expanded.
///
/// # Panics
/// With [`Code::SelfTestFailed`].
#[inline]
pub(super) fn demand_service() {
    if let Err(error) = in_service() {
        refuse(&error);
    }
}

/// Refuses every service from now on.
pub(super) fn fail() -> Error {
    STATE.store(FAILED, Ordering::Relaxed);
    Error::new(Code::SelfTestFailed)
}

/// One self-test of one backend.
#[derive(Clone, Copy)]
pub struct SelfTest {
    /// The algorithm, as in `sm3`.
    pub algorithm: &'static str,
    /// The backend, as in `portable`.
    pub backend: &'static str,
    /// What is tested, in English.
    pub en: &'static str,
    /// What is tested, in Chinese.
    pub zh: &'static str,
    run: Run,
}

/// A test and the backend that it is for.
#[derive(Clone, Copy)]
enum Run {
    Sm2(sm2::Backend, fn(sm2::Backend) -> bool),
    Sm3(sm3::Backend, fn(sm3::Backend) -> bool),
    Sm4(sm4::Backend, fn(sm4::Backend) -> bool),
}

impl SelfTest {
    /// Runs it, also if it ran before. The answer is `false`, and every service is refused from then
    /// on, if it fails.
    #[must_use]
    pub fn run(&self) -> bool {
        let passed = match self.run {
            Run::Sm2(backend, test) => passes(backend, test),
            Run::Sm3(backend, test) => passes(backend, test),
            Run::Sm4(backend, test) => passes(backend, test),
        };
        if !passed {
            fail();
        }
        passed
    }
}

impl std::fmt::Debug for SelfTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SelfTest({} {} {})", self.algorithm, self.backend, self.en)
    }
}

/// Every self-test of every backend that this processor can run.
#[must_use]
pub fn all() -> Vec<SelfTest> {
    let sm3 = sm3::Backend::runnable().flat_map(|backend| of(backend, Run::Sm3));
    let sm4 = sm4::Backend::runnable().flat_map(|backend| of(backend, Run::Sm4));
    let sm2 = sm2::Backend::runnable().flat_map(|backend| of(backend, Run::Sm2));
    sm3.chain(sm4).chain(sm2).collect()
}

/// Alters the answers of `algorithm` (`sm2`, `sm3` or `sm4`) in all self-tests from now on, so that they
/// fail: for tests of what a failure does. It can do no more than put an end to the service.
#[doc(hidden)]
pub fn alter_answers(algorithm: &str) {
    for (name, number) in
        [numbered::<sm2::Backend>(), numbered::<sm3::Backend>(), numbered::<sm4::Backend>()]
    {
        if name == algorithm {
            ALTERED.fetch_or(1 << number, Ordering::Relaxed);
            // Backends that have passed already are tested again, unless the state is final.
            let _ = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
                (state != FAILED).then_some(state & !(0xff << (8 * number)))
            });
        }
    }
}

/// Whether what a kernel has `computed` is the `known` answer.
pub(super) fn agrees(computed: &[u8], known: &[u8]) -> bool {
    let altered = TESTING.get().unwrap_or(0);
    computed.len() == known.len()
        && computed.iter().zip(known).all(|(computed, known)| computed ^ altered == *known)
}

#[cold]
fn first_use<B: SelfTested>(backend: B) -> Result<(), Error> {
    // A test uses the kernel that it tests, and those that it stands on.
    if TESTING.get().is_some() {
        return Ok(());
    }
    in_service()?;
    // Two threads may both test: neither serves before it has the answer.
    if !B::TESTS.iter().all(|(_, _, test)| passes(backend, *test)) {
        return Err(fail());
    }
    // What another thread found meanwhile stays.
    let _ = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
        (state != FAILED).then_some(state | bit(backend))
    });
    in_service()
}

/// Runs one test. A kernel that panics has failed.
fn passes<B: SelfTested>(backend: B, test: fn(B) -> bool) -> bool {
    let altered = u8::from(ALTERED.load(Ordering::Relaxed) >> B::NUMBER & 1 == 1);
    passes_with(backend, test, altered)
}

fn passes_with<B: SelfTested>(backend: B, test: fn(B) -> bool, altered: u8) -> bool {
    let before = TESTING.replace(Some(altered));
    let passed = catch_unwind(AssertUnwindSafe(|| test(backend)));
    TESTING.set(before);
    passed.unwrap_or(false)
}

fn bit<B: SelfTested>(backend: B) -> u32 {
    1 << (8 * B::NUMBER + backend.number())
}

fn numbered<B: SelfTested>() -> (&'static str, u32) {
    (B::ALGORITHM, B::NUMBER)
}

fn of<B: SelfTested>(
    backend: B,
    run: fn(B, fn(B) -> bool) -> Run,
) -> impl Iterator<Item = SelfTest> {
    B::TESTS.iter().map(move |&(en, zh, test)| SelfTest {
        algorithm: B::ALGORITHM,
        backend: backend.name(),
        en,
        zh,
        run: run(backend, test),
    })
}

#[cold]
#[allow(clippy::panic, reason = "the caller can be given no answer and no error")]
fn refuse(error: &Error) -> ! {
    panic!("{error}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn bits<B: SelfTested>(backends: impl Iterator<Item = B>) -> Vec<u32> {
        backends.map(bit).collect()
    }

    #[test]
    fn every_backend_has_a_bit_of_its_own() {
        let mut all = bits(sm2::Backend::runnable());
        all.extend(bits(sm3::Backend::runnable()));
        all.extend(bits(sm4::Backend::runnable()));
        assert!(all.iter().all(|bit| *bit < FAILED));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    fn every_test_can_fail<B: SelfTested>(backends: impl Iterator<Item = B>) {
        for backend in backends {
            for (name, _, test) in B::TESTS {
                let case = format!("{} {} {name}", B::ALGORITHM, backend.name());
                assert!(passes_with(backend, *test, 0), "{case}");
                assert!(!passes_with(backend, *test, 1), "{case}: altered answers");
            }
        }
    }

    #[test]
    fn every_test_passes_and_compares_its_answers() {
        every_test_can_fail(sm2::Backend::runnable());
        every_test_can_fail(sm3::Backend::runnable());
        every_test_can_fail(sm4::Backend::runnable());
    }

    #[test]
    fn a_kernel_that_panics_has_failed() {
        assert!(!passes_with(sm3::Backend::Portable, |_| panic!("on purpose"), 0));
        assert_eq!(TESTING.get(), None);
    }
}
