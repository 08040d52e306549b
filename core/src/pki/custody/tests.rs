use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    Code,
    limits::*,
    primitives::{sm2::hazmat, sm3::Digest},
};

const MS: Duration = Duration::from_millis(1);
/// Longer than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(20);

fn settings() -> PoolSettings {
    PoolSettings {
        sessions: 3,
        stalled: 2,
        waiting: 64,
        call: LONG,
        check_after: LONG,
        pause: 20 * MS,
        pause_most: 80 * MS,
    }
}

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[7; 32]).unwrap()
}

fn device(settings: PoolSettings) -> (MemoryDriver, Pool<MemoryDriver>) {
    let driver = MemoryDriver::new();
    driver.insert("signing", key());
    (driver.clone(), Pool::new(driver, settings).unwrap())
}

fn signer(pool: &Pool<MemoryDriver>, within: Duration) -> PooledKey<MemoryDriver> {
    let identity = Identity::of_key(key().public().clone()).with_label("signing");
    pool.signer("signing".to_owned(), identity, within)
}

fn sign(signer: &PooledKey<MemoryDriver>) -> Result<(), Error> {
    let signature = signer.sign(b"message", &DistId::DEFAULT)?;
    key().public().verify(b"message", &signature, &DistId::DEFAULT)
}

/// Waits, in bounded time, for what other threads bring about.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < LONG, "{what}");
        thread::sleep(MS);
    }
}

#[test]
fn a_key_in_a_device_serves_as_one_in_memory() {
    let (driver, pool) = device(settings());
    let signer = signer(&pool, LONG);
    assert_eq!(Signer::identity(&signer).label, "signing");
    assert_eq!(signer.algorithm(), SignatureAlgorithm::Sm2WithSm3);
    assert_eq!(sign(&signer), Ok(()));
    let ciphertext = key().public().encrypt(b"secret").unwrap();
    assert_eq!(*Decrypter::decrypt(&signer, &ciphertext).unwrap(), b"secret");
    assert_eq!(*Decrypter::decrypt(&key(), &ciphertext).unwrap(), b"secret");
    assert_eq!((driver.requests(), driver.open_sessions()), (2, 1));
    let status = pool.status();
    assert_eq!((status.opened, status.answered, status.failed, status.lost), (1, 2, 0, 0));
    assert!(pool.close(LONG));
    assert_eq!(driver.open_sessions(), 0);
    let error = sign(&signer).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::DeviceUnavailable, Some("closed")));
}

#[test]
fn the_device_speaks_for_itself_and_the_session_serves_on() {
    let (driver, pool) = device(settings());
    let signer = signer(&pool, LONG);
    driver.fail(2, 0x0100_001d);
    for _ in 0..2 {
        let error = sign(&signer).unwrap_err();
        assert_eq!((error.code(), error.device_code()), (Code::DeviceFailed, Some(0x0100_001d)));
    }
    assert_eq!(sign(&signer), Ok(()));
    let absent = pool.signer("other".to_owned(), Signer::identity(&signer), LONG);
    let error = sign(&absent).unwrap_err();
    assert_eq!(error.device_code(), Some(MemoryDriver::NO_SUCH_KEY));
    let other = PrivateKey::from_bytes(&[8; 32]).unwrap().public().encrypt(b"x").unwrap();
    let error = Decrypter::decrypt(&signer, &other).unwrap_err();
    let code = Some(MemoryDriver::PRIVATE_KEY_OPERATION);
    assert_eq!((error.code(), error.device_code()), (Code::BadCiphertext, code));
    let status = pool.status();
    assert_eq!((status.opened, status.lost, status.failed), (1, 0, 4));
}

#[test]
fn a_signature_by_another_key_than_was_asked_for_is_not_handed_out() {
    let (driver, pool) = device(settings());
    driver.insert("signing", PrivateKey::from_bytes(&[8; 32]).unwrap());
    assert_eq!(sign(&signer(&pool, LONG)).unwrap_err().code(), Code::FaultDetected);
}

#[test]
fn dropped_sessions_are_opened_anew_without_the_caller_noticing() {
    let (driver, pool) = device(settings());
    let signer = signer(&pool, LONG);
    for round in 1..=5 {
        assert_eq!(sign(&signer), Ok(()), "{round}");
        driver.drop_sessions();
    }
    let status = pool.status();
    assert_eq!((status.opened, status.lost, status.answered), (5, 4, 5));
    eventually("lost sessions are closed", || driver.open_sessions() == 1);
}

#[test]
fn idle_sessions_are_checked_and_the_dead_ones_closed() {
    let settings = PoolSettings { check_after: 5 * MS, ..settings() };
    let (driver, pool) = device(settings);
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
    driver.drop_sessions();
    eventually("the check finds the dead session", || pool.status().lost == 1);
    eventually("it is closed", || driver.open_sessions() == 0);
    assert_eq!(pool.status().failed, 0);
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
}

#[test]
fn a_dead_device_is_told_by_its_code_and_in_time() {
    let (driver, pool) = device(settings());
    driver.refuse_sessions(Some(0x0100_0004));
    let since = Instant::now();
    let error = sign(&signer(&pool, 150 * MS)).unwrap_err();
    assert_eq!((error.code(), error.device_code()), (Code::DeviceUnavailable, Some(0x0100_0004)));
    assert!(since.elapsed() >= 150 * MS);
    // Pauses of 20, 40 and 80 ms: a few attempts, not hundreds.
    let tried = pool.status().open_failures;
    assert!((1..=5).contains(&tried), "{tried}");
    // During a pause, who would have gone before its end is told at once.
    driver.refuse_sessions(Some(0x0100_0005));
    eventually("it fails at once", || {
        let since = Instant::now();
        let error = sign(&signer(&pool, 10 * MS)).unwrap_err();
        assert!(error.device_code().is_some());
        since.elapsed() < 10 * MS
    });
    driver.refuse_sessions(None);
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
    assert_eq!(pool.status().sessions, 1);
}

#[test]
fn a_stalled_call_is_given_up_and_another_session_takes_its_place() {
    let (driver, pool) = device(PoolSettings { call: 1000 * MS, sessions: 1, ..settings() });
    let signer = signer(&pool, LONG);
    assert_eq!(sign(&signer), Ok(()));
    driver.stall();
    let since = Instant::now();
    let error = sign(&signer).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::DeviceTimeout, Some("call")));
    assert!(since.elapsed() < LONG);
    assert_eq!(pool.status().stalled, 1);
    driver.resume();
    eventually("the thread returns", || pool.status().stalled == 0);
    eventually("its session is closed", || driver.open_sessions() == 0);
    assert_eq!(sign(&signer), Ok(()));
    assert!(pool.close(LONG));
}

#[test]
fn a_device_that_never_returns_takes_a_bounded_number_of_threads() {
    let (driver, pool) = device(PoolSettings { call: 20 * MS, ..settings() });
    driver.stall();
    let hung = |within| sign(&signer(&pool, within)).unwrap_err();
    eventually("threads are given up", || {
        let error = hung(30 * MS);
        let codes = [Code::DeviceTimeout, Code::DeviceUnavailable];
        assert!(codes.contains(&error.code()), "{error}");
        pool.status().stalled == settings().stalled + 1
    });
    // No more threads, and still every caller is answered.
    for _ in 0..5 {
        hung(30 * MS);
    }
    assert!(driver.stalled_calls() <= settings().stalled + settings().sessions);
    assert_eq!(pool.status().stalled, settings().stalled + 1);
    driver.resume();
    // A slow machine may need longer than such a short call allows.
    eventually("it serves again", || sign(&signer(&pool, LONG)) == Ok(()));
    eventually("all return", || pool.status().stalled == 0);
}

/// A device in memory that notes in which order its keys are used.
struct Noting(MemoryDriver, Arc<Mutex<Vec<String>>>);

impl Driver for Noting {
    type Session = MemorySession;
    type Key = String;

    fn open(&self) -> Result<MemorySession, Error> {
        self.0.open()
    }

    fn check(&self, session: &mut MemorySession) -> Result<(), Error> {
        self.0.check(session)
    }

    fn sign(
        &self,
        session: &mut MemorySession,
        key: &String,
        e: &Digest,
    ) -> Result<Signature, Failure> {
        self.1.lock().unwrap().push(key.clone());
        self.0.sign(session, key, e)
    }

    fn decrypt(
        &self,
        session: &mut MemorySession,
        key: &String,
        ciphertext: &Ciphertext,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.0.decrypt(session, key, ciphertext)
    }

    fn close(&self, session: MemorySession) {
        self.0.close(session);
    }
}

#[test]
fn first_come_first_served() {
    let (driver, order) = (MemoryDriver::new(), Arc::default());
    let noting = Noting(driver.clone(), Arc::clone(&order));
    let pool = Pool::new(noting, PoolSettings { sessions: 1, ..settings() }).unwrap();
    driver.stall();
    let labels: Vec<_> = (0..8).map(|number| format!("key {number}")).collect();
    let callers: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(number, label)| {
            driver.insert(label, key());
            let identity = Identity::of_key(key().public().clone());
            let signer = pool.signer(label.clone(), identity, LONG);
            let caller = thread::spawn(move || signer.sign(b"message", &DistId::DEFAULT));
            // The session is being opened, and nobody is served yet.
            eventually("it waits", || pool.status().waiting > number);
            caller
        })
        .collect();
    driver.resume();
    for caller in callers {
        assert!(caller.join().unwrap().is_ok());
    }
    assert_eq!(*order.lock().unwrap(), labels);
    assert_eq!(driver.most_open_sessions(), 1);
}

#[test]
fn waiting_is_bounded_in_number_and_in_time() {
    let (driver, pool) = device(PoolSettings { sessions: 1, waiting: 2, ..settings() });
    driver.stall();
    let callers: Vec<_> = (0..2)
        .map(|number| {
            let signer = signer(&pool, LONG);
            let caller = thread::spawn(move || sign(&signer));
            eventually("it waits", || pool.status().waiting > number);
            caller
        })
        .collect();
    let error = sign(&signer(&pool, LONG)).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::DeviceUnavailable, Some("waiting")));
    driver.resume();
    for caller in callers {
        assert_eq!(caller.join().unwrap(), Ok(()));
    }
    driver.stall();
    let (since, error) = (Instant::now(), sign(&signer(&pool, 30 * MS)).unwrap_err());
    assert_eq!(error.code(), Code::DeviceTimeout);
    assert!((30 * MS..LONG).contains(&since.elapsed()));
    assert_eq!(pool.status().timed_out, 1);
    driver.resume();
}

#[test]
fn a_driver_that_panics_is_a_device_that_fails() {
    struct Panics;
    impl Driver for Panics {
        type Session = ();
        type Key = bool;
        fn open(&self) -> Result<(), Error> {
            Ok(())
        }
        fn check(&self, (): &mut ()) -> Result<(), Error> {
            Ok(())
        }
        fn sign(&self, (): &mut (), panics: &bool, e: &Digest) -> Result<Signature, Failure> {
            assert!(!panics, "as the test wants it");
            hazmat::sign_digest(&key(), e).map_err(Failure::refused)
        }
        fn decrypt(
            &self,
            (): &mut (),
            _: &bool,
            _: &Ciphertext,
        ) -> Result<Zeroizing<Vec<u8>>, Failure> {
            Err(Failure::refused(Error::new(Code::DeviceFailed)))
        }
        fn close(&self, (): ()) {
            panic!("as the test wants it");
        }
    }
    let pool = Pool::new(Panics, settings()).unwrap();
    let identity = Identity::of_key(key().public().clone());
    let error = pool.signer(true, identity.clone(), LONG).sign(b"m", &DistId::DEFAULT);
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::DeviceFailed, Some("driver")));
    assert!(pool.signer(false, identity, LONG).sign(b"m", &DistId::DEFAULT).is_ok());
    assert!(pool.close(LONG));
}

#[test]
fn settings_are_held_to_their_limits() {
    let made = |settings| Pool::new(MemoryDriver::new(), settings).map(|_| ());
    for (good, bad) in [
        (
            PoolSettings { sessions: POOL_SESSIONS_MAX, ..settings() },
            PoolSettings { sessions: POOL_SESSIONS_MAX + 1, ..settings() },
        ),
        (
            PoolSettings { stalled: POOL_SESSIONS_MAX, ..settings() },
            PoolSettings { stalled: POOL_SESSIONS_MAX + 1, ..settings() },
        ),
        (
            PoolSettings { waiting: POOL_WAITING_MAX, ..settings() },
            PoolSettings { waiting: POOL_WAITING_MAX + 1, ..settings() },
        ),
        (PoolSettings { sessions: 1, ..settings() }, PoolSettings { sessions: 0, ..settings() }),
        (PoolSettings { waiting: 1, ..settings() }, PoolSettings { waiting: 0, ..settings() }),
        (PoolSettings::default(), PoolSettings { call: Duration::ZERO, ..settings() }),
        // The session would be asked all the time.
        (
            PoolSettings { check_after: MS, ..settings() },
            PoolSettings { check_after: Duration::ZERO, ..settings() },
        ),
        (
            PoolSettings { pause_most: 20 * MS, ..settings() },
            PoolSettings { pause_most: 19 * MS, ..settings() },
        ),
    ] {
        assert_eq!(made(good), Ok(()));
        assert_eq!(made(bad).unwrap_err().code(), Code::BadArgument);
    }
}

/// Many threads, and a device that drops its sessions, fails and stalls all the while: every request
/// ends in time, with a signature that verifies or with a code of the device.
#[test]
fn nothing_is_lost_under_stress() {
    let settings = PoolSettings { call: 40 * MS, check_after: 3 * MS, stalled: 8, ..settings() };
    let (driver, pool) = device(settings);
    let (good, bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let since = Instant::now();
    thread::scope(|scope| {
        for _ in 0..12 {
            let signer = signer(&pool, 400 * MS);
            let (good, bad) = (&good, &bad);
            scope.spawn(move || {
                for _ in 0..12 {
                    let began = Instant::now();
                    match sign(&signer) {
                        Ok(()) => good.fetch_add(1, Ordering::Relaxed),
                        Err(error) => {
                            let codes =
                                [Code::DeviceFailed, Code::DeviceTimeout, Code::DeviceUnavailable];
                            assert!(codes.contains(&error.code()), "{error}");
                            bad.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    assert!(began.elapsed() < LONG);
                }
            });
        }
        for round in 0..20_usize {
            thread::sleep(5 * MS);
            match round % 4 {
                0 => driver.drop_sessions(),
                1 => driver.fail(2, 0x0100_001d),
                2 => driver.stall(),
                _ => driver.resume(),
            }
        }
        driver.resume();
    });
    assert!(since.elapsed() < 2 * LONG);
    assert_eq!(good.load(Ordering::Relaxed) + bad.load(Ordering::Relaxed), 12 * 12);
    assert!(driver.most_open_sessions() <= settings.sessions + settings.stalled + 1);
    // The device is well again, and so is the pool.
    eventually("it serves again", || sign(&signer(&pool, LONG)) == Ok(()));
    eventually("nobody is left behind", || {
        let status = pool.status();
        (status.stalled, status.waiting) == (0, 0)
    });
    assert!(pool.close(LONG));
    assert_eq!(driver.open_sessions(), 0);
}

#[test]
fn a_device_that_drops_every_session_costs_no_request() {
    let (driver, pool) = device(settings());
    // Three sessions side by side.
    driver.stall();
    thread::scope(|scope| {
        for number in 0..3 {
            let signer = signer(&pool, LONG);
            scope.spawn(move || assert_eq!(sign(&signer), Ok(())));
            eventually("it waits", || pool.status().waiting > number);
        }
        eventually("all are being opened", || driver.stalled_calls() == 3);
        driver.resume();
    });
    eventually("all are idle", || pool.status().idle == 3);
    for round in 1..=3 {
        driver.drop_sessions();
        assert_eq!(sign(&signer(&pool, LONG)), Ok(()), "{round}");
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(sign(&signer(&pool, LONG)), Ok(())));
            }
        });
    }
    assert_eq!(pool.status().failed, 0);
}

#[test]
fn closing_waits_for_as_long_as_there_is_time() {
    let (driver, pool) = device(settings());
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
    driver.stall();
    thread::scope(|scope| {
        let closed = scope.spawn(|| pool.close(Duration::MAX));
        eventually("the session is being closed", || driver.stalled_calls() == 1);
        driver.resume();
        assert!(closed.join().unwrap());
    });
    assert_eq!(driver.open_sessions(), 0);
}
