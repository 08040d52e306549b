use std::{
    sync::{
        Arc, Condvar, Mutex,
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
/// Longer than anything here takes on a slow and busy machine.
const LONG: Duration = Duration::from_secs(60);

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
    // With one session it is certain which one every request meets.
    let (driver, pool) = device(PoolSettings { sessions: 1, ..settings() });
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
    let (within, since) = (150 * MS, Instant::now());
    let error = sign(&signer(&pool, within)).unwrap_err();
    assert!(since.elapsed() >= within);
    assert!([Code::DeviceUnavailable, Code::DeviceTimeout].contains(&error.code()), "{error}");
    // On a busy machine, time may run out before the device was asked.
    eventually("the device is asked", || {
        let error = sign(&signer(&pool, within)).unwrap_err();
        (error.code(), error.device_code()) == (Code::DeviceUnavailable, Some(0x0100_0004))
    });
    // Pauses of 20, 40, 80 and again 80 ms: a few attempts, not hundreds.
    let tried = u128::from(pool.status().open_failures);
    let most = 4 + since.elapsed().as_millis() / 80;
    assert!((1..=most).contains(&tried), "{tried} of {most}");
    driver.refuse_sessions(None);
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
    assert_eq!(pool.status().sessions, 1);
}

#[test]
fn during_a_pause_who_would_go_before_its_end_is_told_at_once() {
    let (driver, pool) = device(PoolSettings { pause: LONG, pause_most: LONG, ..settings() });
    driver.refuse_sessions(Some(0x0100_0005));
    eventually("the device is asked", || {
        let _ = sign(&signer(&pool, 10 * MS));
        pool.status().open_failures == 1
    });
    let (within, since) = (LONG / 2, Instant::now());
    let error = sign(&signer(&pool, within)).unwrap_err();
    assert_eq!((error.code(), error.device_code()), (Code::DeviceUnavailable, Some(0x0100_0005)));
    assert!(since.elapsed() < within);
}

#[test]
fn a_stalled_call_is_given_up_and_another_session_takes_its_place() {
    let (driver, pool) = device(PoolSettings { call: 500 * MS, sessions: 1, ..settings() });
    let signer = signer(&pool, LONG);
    // A busy machine may need longer than a call is allowed.
    let serves = || sign(&signer) == Ok(()) && pool.status().stalled == 0;
    eventually("it serves", serves);
    driver.stall();
    let since = Instant::now();
    let error = sign(&signer).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::DeviceTimeout, Some("call")));
    assert!(since.elapsed() < LONG);
    assert_eq!(pool.status().stalled, 1);
    driver.resume();
    eventually("the thread returns", || pool.status().stalled == 0);
    eventually("its session is closed", || driver.open_sessions() == 0);
    eventually("it serves again", serves);
    assert!(pool.close(LONG));
}

#[test]
fn a_device_that_never_returns_takes_a_bounded_number_of_threads() {
    let (driver, pool) = device(PoolSettings { call: 200 * MS, ..settings() });
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
    let settings = PoolSettings { call: 150 * MS, check_after: 3 * MS, stalled: 8, ..settings() };
    let (driver, pool) = device(settings);
    let (good, bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let counted = || good.load(Ordering::Relaxed) + bad.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for _ in 0..12 {
            // As long as a call: callers go in the very moment in which calls are given up.
            let signer = signer(&pool, settings.call);
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
        // A panic of a caller is told by the scope, if this ends.
        let since = Instant::now();
        for round in 0_usize.. {
            if counted() == 12 * 12 || since.elapsed() > LONG {
                break;
            }
            thread::sleep(5 * MS);
            match round % 4 {
                0 => driver.drop_sessions(),
                1 => driver.fail(2, 0x0100_001d),
                2 => driver.stall(),
                _ => {
                    // Now and then longer than a call may take.
                    thread::sleep(if round % 16 == 15 { settings.call } else { MS });
                    driver.resume();
                }
            }
        }
        driver.resume();
    });
    assert_eq!(counted(), 12 * 12);
    let status = pool.status();
    assert_eq!(status.answered, u64::try_from(good.into_inner()).unwrap());
    // The others were counted once, or refused at once.
    assert!(status.failed + status.timed_out <= u64::try_from(bad.into_inner()).unwrap());
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

/// A gate that tests open, once.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let mut is_open = self.0.lock().unwrap();
        while !*is_open {
            is_open = self.1.wait(is_open).unwrap();
        }
    }
}

/// A device in memory with a gate before its first signature, behind its second opening, and before the
/// first session that is closed.
#[derive(Default)]
struct Gates {
    device: MemoryDriver,
    asked: [AtomicUsize; 3],
    sign: Gate,
    opened: Gate,
    close: Gate,
}

impl Gates {
    fn pass_at(&self, number: usize, count: usize, gate: &Gate) {
        if self.asked[number].fetch_add(1, Ordering::SeqCst) + 1 == count {
            gate.pass();
        }
    }

    fn asked(&self) -> [usize; 3] {
        [0, 1, 2].map(|number| self.asked[number].load(Ordering::SeqCst))
    }
}

impl Driver for Arc<Gates> {
    type Session = MemorySession;
    type Key = String;

    fn open(&self) -> Result<MemorySession, Error> {
        let session = self.device.open();
        self.pass_at(0, 2, &self.opened);
        session
    }

    fn check(&self, session: &mut MemorySession) -> Result<(), Error> {
        self.device.check(session)
    }

    fn sign(&self, on: &mut MemorySession, key: &String, e: &Digest) -> Result<Signature, Failure> {
        self.pass_at(1, 1, &self.sign);
        self.device.sign(on, key, e)
    }

    fn decrypt(
        &self,
        session: &mut MemorySession,
        key: &String,
        ciphertext: &Ciphertext,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.device.decrypt(session, key, ciphertext)
    }

    fn close(&self, session: MemorySession) {
        self.pass_at(2, 1, &self.close);
        self.device.close(session);
    }
}

fn gates(settings: PoolSettings) -> (Arc<Gates>, Pool<Arc<Gates>>) {
    let gates = Arc::new(Gates::default());
    gates.device.insert("signing", key());
    (Arc::clone(&gates), Pool::new(gates, settings).unwrap())
}

fn sign_at(pool: &Pool<Arc<Gates>>) -> Result<Signature, Error> {
    let identity = Identity::of_key(key().public().clone());
    pool.signer("signing".to_owned(), identity, LONG).sign(b"message", &DistId::DEFAULT)
}

#[test]
fn a_session_that_was_being_opened_when_others_were_lost_is_asked_first() {
    let (gates, pool) = gates(PoolSettings { sessions: 2, ..settings() });
    thread::scope(|scope| {
        let first = scope.spawn(|| sign_at(&pool));
        eventually("the first session signs", || gates.asked() == [1, 1, 0]);
        let second = scope.spawn(|| sign_at(&pool));
        eventually("the second one is being opened", || gates.asked() == [2, 1, 0]);
        gates.device.drop_sessions();
        gates.sign.open();
        eventually("the first one is lost", || gates.asked() == [2, 1, 1]);
        // It is as dead, and the request has met one dead session already.
        gates.opened.open();
        assert!(first.join().unwrap().is_ok());
        assert!(second.join().unwrap().is_ok());
        gates.close.open();
    });
    assert_eq!(pool.status().failed, 0);
}

#[test]
fn a_session_is_lost_once_and_one_that_is_closed_in_order_never() {
    let (gates, pool) = gates(PoolSettings { call: 200 * MS, sessions: 1, ..settings() });
    gates.sign.open();
    eventually("it serves", || sign_at(&pool).is_ok() && gates.asked()[2] == 0);
    let lost = pool.status().lost;
    assert!(!pool.close(Duration::ZERO));
    eventually("its closing is given up", || pool.status().stalled == 1);
    assert_eq!(pool.status().lost, lost);
    gates.close.open();
    assert!(pool.close(LONG));
}

#[test]
fn a_request_whose_session_is_lost_while_the_pool_closes_is_answered() {
    let (driver, pool) = device(PoolSettings { sessions: 1, ..settings() });
    assert_eq!(sign(&signer(&pool, LONG)), Ok(()));
    driver.stall();
    thread::scope(|scope| {
        let (since, caller) = (Instant::now(), scope.spawn(|| sign(&signer(&pool, LONG))));
        eventually("it is being served", || driver.stalled_calls() == 1);
        driver.drop_sessions();
        assert!(!pool.close(Duration::ZERO));
        driver.resume();
        let error = caller.join().unwrap().unwrap_err();
        assert_eq!(error.device_code(), Some(MemoryDriver::SESSION_DROPPED));
        assert!(since.elapsed() < LONG);
    });
    assert!(pool.close(LONG));
    assert_eq!(pool.status().failed, 1);
}
