//! Tickets: one caller hands out the chunks of a job to workers that may be late, asleep, or die.
//!
//! ```text
//! caller   write job, left = n; ticket = (job number, n); wake sleepers; take until nothing is left; wait for left == 0
//! taking   ticket (job, c > 0) → (job, c − 1) by compare-exchange; run chunk n − c; left −= 1
//! worker   take; if there is nothing, look again for a while; then sleep until `ticket` changes; go home after a long sleep
//! ```
//! The caller takes chunks like everyone and never waits for a worker that took none. It does wait for one that is inside a chunk.
//!
//! **No wake-up is lost.** A worker reads `ticket`, then counts itself as a sleeper, then sleeps only if `ticket` still is what it read. A caller
//! stores `ticket` first and reads `sleepers` after it, as a read-modify-write. Of two read-modify-writes the later one sees what came before
//! the earlier one: either the caller sees the sleeper, or the sleeper sees the new ticket.
//!
//! This file is compiled twice: here, and by `tests/par_loom.rs` with loom's primitives as `super::sync`, to try all interleavings.

use super::sync::{AtomicBool, AtomicU32, Bell, Ordering::*, Shared, relax};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

/// The lower half of a ticket: chunks that nobody has taken yet. The upper half numbers the jobs.
const COUNT: u32 = 0xFFFF;
/// The most chunks one job can have.
pub const MAX_CHUNKS: usize = COUNT as usize;

/// What `run` calls for each chunk.
pub type Chunk<'a> = dyn Fn(usize) + Sync + 'a;

/// How long a worker that finds nothing to do looks again, before it sleeps and before it goes home.
#[derive(Clone, Copy)]
pub struct Patience {
    /// Looks after the last chunk, outside of a step.
    pub looks: u32,
    /// Looks inside a step; a limit only so that a caller that died does not leave a thread spinning for ever.
    pub looks_hot: u32,
    /// Milliseconds asleep before going home.
    pub sleep_ms: u32,
}

impl Patience {
    /// About 100 µs, one second, and 50 ms. A look costs some 3 ns in WebAssembly, which has no pause instruction, and 10 times that elsewhere.
    pub const NORMAL: Self = if cfg!(target_family = "wasm") {
        Self {
            looks: 30_000,
            looks_hot: 300_000_000,
            sleep_ms: 50,
        }
    } else {
        Self {
            looks: 3_000,
            looks_hot: 30_000_000,
            sleep_ms: 50,
        }
    };
}

#[derive(Clone, Copy)]
pub struct Job {
    chunk: &'static Chunk<'static>,
    count: u32,
}

/// The state that caller and workers share; see the head of this file. (`new` is in `sync.rs`: loom's constructors are not constant.)
pub struct Tickets {
    pub(super) ticket: AtomicU32,
    /// Chunks that are not finished.
    pub(super) left: AtomicU32,
    pub(super) sleepers: AtomicU32,
    /// Inside a step: workers do not sleep.
    pub(super) hot: AtomicBool,
    /// Workers are to go home.
    pub(super) closed: AtomicBool,
    pub(super) poisoned: AtomicBool,
    /// Written by the caller between jobs, read by those who own a chunk.
    pub(super) job: Shared<Option<Job>>,
    pub(super) bell: Bell,
    /// Has a chunk of this job panicked?
    pub(super) failed: AtomicBool,
    pub(super) panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(PartialEq)]
enum Took {
    Nothing,
    /// Somebody else was faster; look again.
    Beaten,
    Chunk,
}

impl Tickets {
    /// Runs `chunk(0)` … `chunk(count − 1)` and returns how many of them this thread ran. `wake`: ring for sleeping workers.
    ///
    /// Panics with the payload of a chunk that panicked, when all are done.
    ///
    /// # Safety
    /// One thread at a time, never from inside a chunk. `1 ≤ count ≤ MAX_CHUNKS`.
    pub unsafe fn run(&self, count: usize, chunk: &Chunk<'_>, wake: bool) -> usize {
        debug_assert!((1..=MAX_CHUNKS).contains(&count), "internal: {count} chunks");
        let count = count as u32;
        // SAFETY: the reference outlives its use, because chunks are called only by owners of a ticket and this function ends after all of them.
        let chunk = unsafe { std::mem::transmute::<&Chunk<'_>, &'static Chunk<'static>>(chunk) };
        // SAFETY: nobody owns a chunk, since `left` was 0 at the end of the job before, so nobody reads the job.
        self.job.with_mut(|job| unsafe { *job = Some(Job { chunk, count }) });
        self.left.store(count, Relaxed);
        self.publish(count);
        if wake {
            self.wake();
        }
        let mut own = 0;
        loop {
            match self.take() {
                Took::Chunk => own += 1,
                Took::Beaten => {}
                Took::Nothing => break,
            }
        }
        let mut looks = 0;
        while self.left.load(Acquire) != 0 {
            if self.poisoned() {
                died();
            }
            relax(&mut looks);
        }
        if self.failed.load(Relaxed) {
            self.failed.store(false, Relaxed);
            let payload = self.panic.lock().ok().and_then(|mut p| p.take());
            resume_unwind(payload.unwrap_or_else(|| Box::new("internal: a chunk panicked")));
        }
        own
    }

    /// The loop of a worker; returns when it is to go home. Chunks that panic are reported to the caller.
    pub fn work(&self, patience: Patience) {
        let (mut idle, mut looks, mut was_hot) = (0, 0, false);
        while !self.closed.load(Acquire) && !self.poisoned() {
            let hot = self.hot.load(Relaxed);
            if self.take() != Took::Nothing || was_hot && !hot {
                (idle, looks, was_hot) = (0, 0, hot);
                continue;
            }
            was_hot = hot;
            if idle < if hot { patience.looks_hot } else { patience.looks } {
                idle += 1;
                relax(&mut looks);
                continue;
            }
            let tired = idle >= patience.looks_hot;
            if !self.sleep(patience.sleep_ms, tired) {
                return;
            }
            (idle, looks) = (0, 0);
        }
    }

    /// Sleeps until there is news; false after `ms` without any. `tired`: also inside a step.
    fn sleep(&self, ms: u32, tired: bool) -> bool {
        let seen = self.ticket.load(Acquire);
        // Read after the ticket: who sets them stores a new ticket next, so either they are seen here or the ticket is not `seen` any more.
        let stay = self.hot.load(Acquire) && !tired || self.closed.load(Acquire);
        if seen & COUNT != 0 || stay {
            return true;
        }
        self.sleepers.fetch_add(1, AcqRel);
        let news = self.bell.wait(&self.ticket, seen, ms);
        self.sleepers.fetch_sub(1, AcqRel);
        news
    }

    /// Start of a step: wakes the workers and keeps them awake. Only the caller, outside of jobs.
    pub fn heat(&self) {
        self.hot.store(true, Release);
        self.publish(0);
        self.wake();
    }

    /// End of a step: workers look around for a while, then sleep.
    pub fn cool(&self) {
        self.hot.store(false, Release);
    }

    /// Sends all workers home, those that come later too. Only the caller, outside of jobs.
    pub fn dismiss(&self) {
        self.closed.store(true, Release);
        self.publish(0);
        self.wake();
    }

    /// Lets workers in again after `dismiss`.
    pub fn readmit(&self) {
        self.closed.store(false, Release);
    }

    /// Declares that a thread died inside a chunk: the waiting caller panics, and workers go home. For builds where panics do not unwind.
    pub fn poison(&self) {
        self.poisoned.store(true, Release);
        // A worker that is just falling asleep may miss this; its sleep is short.
        self.bell.ring(&self.ticket);
    }

    pub fn poisoned(&self) -> bool {
        self.poisoned.load(Acquire)
    }

    /// Stores the ticket of the next job (or of none, with `count` 0).
    fn publish(&self, count: u32) {
        let number = (self.ticket.load(Relaxed) >> 16).wrapping_add(1);
        self.ticket.store(number << 16 | count, Release);
    }

    fn wake(&self) {
        // NOTE: a plain load could miss a sleeper that has missed the ticket; see the head of this file.
        if self.sleepers.fetch_add(0, AcqRel) > 0 {
            self.bell.ring(&self.ticket);
        }
    }

    fn take(&self) -> Took {
        let ticket = self.ticket.load(Acquire);
        let untaken = ticket & COUNT;
        if untaken == 0 {
            return Took::Nothing;
        }
        if self
            .ticket
            .compare_exchange_weak(ticket, ticket - 1, AcqRel, Relaxed)
            .is_err()
        {
            return Took::Beaten;
        }
        // SAFETY: owning a chunk keeps the job alive and unchanged: the caller waits for left == 0 before it returns or publishes again.
        let Some(job) = self.job.with(|job| unsafe { *job }) else {
            unreachable!("internal: a ticket without a job")
        };
        let index = (job.count - untaken) as usize;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (job.chunk)(index))) {
            if let Ok(mut first) = self.panic.lock() {
                first.get_or_insert(payload);
            }
            self.failed.store(true, Relaxed);
        }
        // Release: the caller that sees 0 sees all that the chunk wrote, and the failure.
        self.left.fetch_sub(1, Release);
        Took::Chunk
    }
}

/// The end of a caller whose worker died.
#[cold]
pub fn died() -> ! {
    panic!("internal: a pool thread died inside a chunk");
}
