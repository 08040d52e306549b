//! The threads behind a pool: one for each session, and the queue from which they take requests.
//!
//! One mutex guards everything; it is never held during a call into the device. A thread that is in such
//! a call longer than allowed is given up: its entry is removed, and when the call returns, the thread
//! finds that out, closes its session and ends.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Driver, Failure, SessionAfter,
    pool::{Answer, Outcome, PoolSettings, PoolStatus, Reply, Request},
};
use crate::error::{Code, Error};

pub(super) struct Shared<D: Driver> {
    driver: D,
    settings: PoolSettings,
    state: Mutex<State<D::Key>>,
    /// A request came, for a session without work.
    work: Condvar,
    /// A session was opened, could not be opened, or ended; the pool is closing.
    changed: Condvar,
}

struct State<K> {
    queue: VecDeque<Job<K>>,
    workers: HashMap<u64, Worker>,
    next_number: u64,
    /// Failures to open a session since the last success.
    failures: u32,
    /// Before this, opening is not tried again.
    retry_at: Option<Instant>,
    /// While opening fails, one thread alone tries.
    trying: Option<u64>,
    last_error: Option<Error>,
    closing: bool,
    status: PoolStatus,
}

struct Job<K> {
    ticket: u64,
    request: Request<K>,
    deadline: Instant,
    reply: Reply,
    /// Whether a session was lost over it already.
    tried: bool,
}

#[derive(Default)]
struct Worker {
    phase: Phase,
    /// How many sessions had been lost when the opening of this one, or the last question to it, began.
    /// Devices end sessions together: after another loss it is asked first, so that a request meets one
    /// dead session at most.
    lost_before: u64,
    /// When the present call into the device is given up.
    overruns_at: Option<Instant>,
    /// The ticket of the present request, and where its answer goes; nothing if its caller has gone.
    running: Option<(u64, Reply)>,
}

/// How far a thread is with its session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// It is about to open one, or opens it.
    #[default]
    Opening,
    /// It has one and comes for the next request at once.
    Idle,
    /// It runs a request or a check.
    Busy,
    /// It closes it, and no request is served in it any more.
    Closing,
}

impl Worker {
    /// Whether it will come for a request without another one being ended before.
    fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Idle)
    }

    /// Whether it has a session that is not known to be lost.
    fn serves(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Busy)
    }
}

/// What a thread does next.
enum Step<K> {
    Open,
    Check,
    Run(Job<K>),
    Leave,
}

impl<D: Driver> Shared<D> {
    pub(super) fn new(driver: D, settings: PoolSettings) -> Self {
        let state = State {
            queue: VecDeque::new(),
            workers: HashMap::new(),
            next_number: 0,
            failures: 0,
            retry_at: None,
            trying: None,
            last_error: None,
            closing: false,
            status: PoolStatus::default(),
        };
        let (work, changed) = (Condvar::new(), Condvar::new());
        Self { driver, settings, state: Mutex::new(state), work, changed }
    }

    /// Puts a request into the queue. Returns its ticket and where the answer will come.
    pub(super) fn submit(
        this: &Arc<Self>,
        request: Request<D::Key>,
        deadline: Instant,
    ) -> Result<(u64, Receiver<Outcome>), Error> {
        let mut state = this.lock();
        if state.closing {
            return Err(Error::new(Code::DeviceUnavailable).field("closed"));
        }
        this.reap(&mut state, Instant::now());
        if state.queue.len() >= this.settings.waiting {
            return Err(Error::new(Code::DeviceUnavailable).field("waiting"));
        }
        // Nobody serves, and nobody will try to before this request has run out of time.
        let serves = state.workers.values().any(Worker::serves);
        if !serves && state.retry_at.is_some_and(|at| at > deadline) {
            return Err(state.unavailable());
        }
        let ticket = state.number();
        let (reply, answer) = sync_channel(1);
        state.queue.push_back(Job { ticket, request, deadline, reply, tried: false });
        Self::staff(this, &mut state)?;
        this.work.notify_one();
        Ok((ticket, answer))
    }

    /// Gives up calls that take too long, and tells when to look again.
    pub(super) fn next_overrun(this: &Arc<Self>, now: Instant) -> Option<Instant> {
        let mut state = this.lock();
        this.reap(&mut state, now);
        // A thread that cannot be started is no fault of the caller's, who waits for the others.
        let _ = Self::staff(this, &mut state);
        let running = state.workers.values().filter_map(|worker| worker.overruns_at);
        // A call that begins after now is late after that much time at the earliest.
        running.chain(now.checked_add(this.settings.call)).min()
    }

    /// The answer to a request that ran out of time, if it has come in the last moment; otherwise the
    /// error of it, and nobody answers it any more.
    pub(super) fn give_up(&self, ticket: u64, answer: &Receiver<Outcome>) -> Outcome {
        let mut state = self.lock();
        // Answers are given under the lock: none can come between this look and what follows.
        if let Ok(outcome) = answer.try_recv() {
            return outcome;
        }
        state.status.timed_out += 1;
        state.queue.retain(|job| job.ticket != ticket);
        for worker in state.workers.values_mut() {
            worker.running.take_if(|(running, _)| *running == ticket);
        }
        let serves = state.workers.values().any(Worker::serves);
        if serves || state.failures == 0 {
            return Err(Error::new(Code::DeviceTimeout).field("answer"));
        }
        Err(state.unavailable())
    }

    pub(super) fn status(&self) -> PoolStatus {
        let mut state = self.lock();
        self.reap(&mut state, Instant::now());
        let idle = state.workers.values().filter(|worker| worker.phase == Phase::Idle).count();
        let (sessions, waiting) = (state.workers.len(), state.queue.len());
        PoolStatus { sessions, idle, waiting, ..state.status }
    }

    /// Ends every session; whether all have ended within `within`.
    pub(super) fn close(&self, within: Duration) -> bool {
        let deadline = Instant::now().checked_add(within);
        let mut state = self.lock();
        state.closing = true;
        state.refuse_all("closed");
        self.work.notify_all();
        self.changed.notify_all();
        loop {
            let now = Instant::now();
            self.reap(&mut state, now);
            if state.workers.is_empty() && state.status.stalled == 0 {
                return true;
            }
            // Without a deadline the wait is longer than time can be told.
            let left = deadline.map_or(HOUR, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                return false;
            }
            state = wait(&self.changed, state, left);
        }
    }

    /// Starts a thread if there are more requests than sessions that will come for them.
    fn staff(this: &Arc<Self>, state: &mut State<D::Key>) -> Result<(), Error> {
        let ready = state.workers.values().filter(|worker| worker.is_ready()).count();
        let settings = &this.settings;
        let enough = state.queue.len() <= ready
            || state.workers.len() >= settings.sessions
            || state.status.stalled > settings.stalled
            || state.closing
            // While opening fails, one thread finds out when it works again.
            || (state.failures > 0 && ready > 0);
        if enough {
            return Ok(());
        }
        let number = state.number();
        let shared = Arc::clone(this);
        let thread = thread::Builder::new().name("yinxin-session".to_owned());
        match thread.spawn(move || work(&shared, number)) {
            Ok(_) => {
                state.workers.insert(number, Worker::default());
                Ok(())
            }
            Err(_) if state.workers.is_empty() => {
                state.refuse_all("thread");
                Err(Error::new(Code::DeviceUnavailable).field("thread"))
            }
            Err(_) => Ok(()),
        }
    }

    /// Gives up every thread whose call takes too long.
    fn reap(&self, state: &mut State<D::Key>, now: Instant) {
        let late = |worker: &Worker| worker.overruns_at.is_some_and(|at| at <= now);
        let numbers: Vec<u64> =
            state.workers.iter().filter(|(_, worker)| late(worker)).map(|(n, _)| *n).collect();
        for number in numbers {
            let Some(worker) = state.workers.remove(&number) else { continue };
            state.status.stalled += 1;
            if let Some((_, reply)) = worker.running {
                state.status.timed_out += 1;
                give(&reply, Err(Error::new(Code::DeviceTimeout).field("call")));
            }
            match worker.phase {
                // An open that never returns is a failure to open.
                Phase::Opening => {
                    self.open_failed(state, Error::new(Code::DeviceTimeout).field("open"), now);
                }
                Phase::Idle | Phase::Busy => state.status.lost += 1,
                // It was counted when it was lost, or is closed because the pool is.
                Phase::Closing => {}
            }
        }
    }

    fn open_failed(&self, state: &mut State<D::Key>, error: Error, now: Instant) {
        // Doubled with every failure; beyond 2^16 the longest pause counts anyway.
        let factor = 1_u32 << state.failures.min(16);
        let pause = self.settings.pause.saturating_mul(factor).min(self.settings.pause_most);
        state.failures = state.failures.saturating_add(1);
        state.retry_at = now.checked_add(pause);
        state.trying = None;
        state.last_error = Some(error);
        state.status.open_failures += 1;
        self.changed.notify_all();
    }

    /// Waits until there is something to do for the thread `number`.
    fn next_step(&self, number: u64, idle_since: Instant) -> Step<D::Key> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            self.reap(&mut state, now);
            let overruns_at = now.checked_add(self.settings.call);
            state.drop_expired(now);
            let (lost, closing) = (state.status.lost, state.closing);
            let Some(worker) = state.workers.get_mut(&number) else { return Step::Leave };
            if closing {
                return Step::Leave;
            }
            if worker.phase == Phase::Opening {
                match self.opening(&mut state, number, now) {
                    Opening::Now => {
                        state.begin(number, Phase::Opening, overruns_at);
                        return Step::Open;
                    }
                    Opening::Needless => return Step::Leave,
                    Opening::After(pause) => state = wait(&self.changed, state, pause),
                }
                continue;
            }
            if worker.lost_before != lost {
                // It was woken for a request, which must not wait for this check alone.
                if !state.queue.is_empty() {
                    self.work.notify_one();
                }
                state.begin(number, Phase::Busy, overruns_at);
                return Step::Check;
            }
            worker.phase = Phase::Idle;
            if let Some(job) = state.queue.pop_front() {
                if let Some(worker) = state.workers.get_mut(&number) {
                    (worker.phase, worker.overruns_at) = (Phase::Busy, overruns_at);
                    worker.running = Some((job.ticket, job.reply.clone()));
                }
                return Step::Run(job);
            }
            let check_at = idle_since.checked_add(self.settings.check_after);
            let left = check_at.map_or(HOUR, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                state.begin(number, Phase::Busy, overruns_at);
                return Step::Check;
            }
            state = wait(&self.work, state, left.min(HOUR));
        }
    }

    /// Whether the thread `number`, which has no session, opens one.
    fn opening(&self, state: &mut State<D::Key>, number: u64, now: Instant) -> Opening {
        if state.queue.is_empty() {
            return Opening::Needless;
        }
        if state.failures == 0 {
            return Opening::Now;
        }
        let left = state.retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        if !left.is_zero() {
            return Opening::After(left);
        }
        match state.trying {
            Some(other) if other != number && state.workers.contains_key(&other) => {
                Opening::After(self.settings.call)
            }
            Some(_) | None => {
                state.trying = Some(number);
                Opening::Now
            }
        }
    }

    /// Notes how opening ended; false if the thread was given up meanwhile.
    fn opened(&self, number: u64, outcome: Result<(), Error>) -> bool {
        let mut state = self.lock();
        let Some(worker) = state.workers.get_mut(&number) else { return false };
        worker.overruns_at = None;
        match outcome {
            Ok(()) => {
                worker.phase = Phase::Idle;
                state.status.opened += 1;
                (state.failures, state.retry_at, state.trying) = (0, None, None);
                state.last_error = None;
                self.changed.notify_all();
            }
            Err(error) => self.open_failed(&mut state, error, Instant::now()),
        }
        true
    }

    /// Hands the outcome of a request over; whether the session may be used again.
    fn answered(
        &self,
        number: u64,
        mut job: Job<D::Key>,
        outcome: Result<Answer, Failure>,
    ) -> bool {
        let mut state = self.lock();
        let Some(worker) = state.workers.get_mut(&number) else { return false };
        let is_lost = matches!(&outcome, Err(Failure { session: SessionAfter::Lost, .. }));
        worker.overruns_at = None;
        // Whoever receives the answer may ask again at once: this session comes for that request, and
        // no second one is opened for it.
        worker.phase = if is_lost { Phase::Closing } else { Phase::Idle };
        let is_awaited = worker.running.take().is_some();
        state.status.lost += u64::from(is_lost);
        if !is_awaited {
            // Its caller has gone, and was counted then.
            return !is_lost;
        }
        // Devices end sessions that were idle: the request gets a second one, in its old place.
        if is_lost && !job.tried && !state.closing {
            job.tried = true;
            state.queue.push_front(job);
            self.work.notify_one();
            return false;
        }
        match &outcome {
            Ok(_) => state.status.answered += 1,
            Err(_) => state.status.failed += 1,
        }
        give(&job.reply, outcome.map_err(|failure| failure.error));
        !is_lost
    }

    /// Notes how a check ended; whether the session may be used again.
    fn checked(&self, number: u64, outcome: Result<(), Error>) -> bool {
        let mut state = self.lock();
        let Some(worker) = state.workers.get_mut(&number) else { return false };
        worker.overruns_at = None;
        worker.phase = if outcome.is_ok() { Phase::Idle } else { Phase::Closing };
        state.status.lost += u64::from(outcome.is_err());
        outcome.is_ok()
    }

    /// The session of the thread `number` is being closed: it takes no more requests.
    fn closing_session(&self, number: u64) {
        let mut state = self.lock();
        let overruns_at = Instant::now().checked_add(self.settings.call);
        state.begin(number, Phase::Closing, overruns_at);
    }

    /// The thread `number` has closed its session and may open another one; false if it was given up.
    fn closed_session(&self, number: u64) -> bool {
        let mut state = self.lock();
        let Some(worker) = state.workers.get_mut(&number) else { return false };
        worker.overruns_at = None;
        worker.phase = Phase::Opening;
        true
    }

    /// The thread `number` ends.
    fn left(this: &Arc<Self>, number: u64) {
        let mut state = this.lock();
        match state.workers.remove(&number) {
            Some(_) => {}
            None => state.status.stalled = state.status.stalled.saturating_sub(1),
        }
        let _ = Self::staff(this, &mut state);
        this.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<D::Key>> {
        // Nothing here panics half-way: the state is whole also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest time that a thread sleeps without looking around.
const HOUR: Duration = Duration::from_secs(3600);

/// Hands an answer over. There is room for one, and one is given; this never blocks, not even by mistake.
fn give(reply: &Reply, outcome: Outcome) {
    let _ = reply.try_send(outcome);
}

/// Whether and when a thread opens its session.
enum Opening {
    Now,
    After(Duration),
    Needless,
}

impl<K> State<K> {
    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Why no session could be had, with the device's own code.
    fn unavailable(&self) -> Error {
        let error = Error::new(Code::DeviceUnavailable).field("session");
        match self.last_error.as_ref().and_then(Error::device_code) {
            Some(code) => error.from_device(code),
            None => error,
        }
    }

    /// The thread `number` begins a call into the device.
    fn begin(&mut self, number: u64, phase: Phase, overruns_at: Option<Instant>) {
        let lost = self.status.lost;
        if let Some(worker) = self.workers.get_mut(&number) {
            (worker.phase, worker.overruns_at, worker.lost_before) = (phase, overruns_at, lost);
        }
    }

    /// Nobody will serve those who wait.
    fn refuse_all(&mut self, field: &'static str) {
        for job in std::mem::take(&mut self.queue) {
            self.status.failed += 1;
            give(&job.reply, Err(Error::new(Code::DeviceUnavailable).field(field)));
        }
    }

    /// Requests whose callers have gone are not given to the device.
    fn drop_expired(&mut self, now: Instant) {
        self.queue.retain(|job| job.deadline > now);
    }
}

/// The life of a thread.
fn work<D: Driver>(shared: &Arc<Shared<D>>, number: u64) {
    let mut session = None;
    let mut idle_since = Instant::now();
    loop {
        let usable = match (shared.next_step(number, idle_since), &mut session) {
            (Step::Leave, _) => break,
            (Step::Open, _) => {
                let opened = guarded(|| shared.driver.open());
                let outcome = match opened {
                    Ok(opened) => {
                        session = Some(opened);
                        Ok(())
                    }
                    Err(error) => Err(error),
                };
                shared.opened(number, outcome)
            }
            (Step::Check, Some(open)) => {
                shared.checked(number, guarded(|| shared.driver.check(open)))
            }
            (Step::Run(job), Some(open)) => {
                let outcome = run(&shared.driver, open, &job.request);
                shared.answered(number, job, outcome)
            }
            // A check or a request is given to those alone that have a session.
            (Step::Check | Step::Run(_), None) => break,
        };
        idle_since = Instant::now();
        if usable {
            continue;
        }
        if let Some(lost) = session.take() {
            shared.closing_session(number);
            let _ = guarded(|| {
                shared.driver.close(lost);
                Ok(())
            });
        }
        if !shared.closed_session(number) {
            break;
        }
    }
    if let Some(open) = session.take() {
        shared.closing_session(number);
        let _ = guarded(|| {
            shared.driver.close(open);
            Ok(())
        });
    }
    Shared::left(shared, number);
}

fn run<D: Driver>(
    driver: &D,
    session: &mut D::Session,
    request: &Request<D::Key>,
) -> Result<Answer, Failure> {
    let ask = || match request {
        Request::Sign(key, e) => driver.sign(session, key, e).map(Answer::Signature),
        Request::Decrypt(key, ciphertext) => {
            driver.decrypt(session, key, ciphertext).map(Answer::Plaintext)
        }
    };
    // In which state a driver is that panicked, nobody knows.
    let panicked = || Failure::lost(Error::new(Code::DeviceFailed).field("driver"));
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| Err(panicked()))
}

/// A driver that panics is a device that fails.
fn guarded<T>(ask: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(ask))
        .unwrap_or_else(|_| Err(Error::new(Code::DeviceFailed).field("driver")))
}

fn wait<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    at_most: Duration,
) -> MutexGuard<'a, T> {
    condition.wait_timeout(guard, at_most).unwrap_or_else(PoisonError::into_inner).0
}
