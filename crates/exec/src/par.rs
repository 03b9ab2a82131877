//! Threads inside a step: `par(chunks, f)` shares chunks with rayon's workers by tickets.
//!
//! Rayon owns the threads. While steps run, its workers are guests of a ticket loop (`par/tickets.rs`) whose hand-over costs well under a
//! microsecond: an invitation (`rayon::spawn`) brings a worker in, and it goes home to rayon when there has been no work for a while.
//! Chunk index, never thread, decides the data, so results do not depend on how many threads take part.
//!
//! One caller at a time has the workers. `par` inside a chunk, or from another thread meanwhile, runs inline.
//! Builds without threads (WebAssembly without atomics) run everything inline.

mod sync;
pub mod tickets;

use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use tickets::{MAX_CHUNKS, Patience, Tickets};

/// Thread numbers are bits of a word.
pub const MAX_THREADS: usize = 64;

/// Can this build have more than one thread?
const CAN_THREAD: bool = cfg!(any(not(target_family = "wasm"), target_feature = "atomics"));

static TICKETS: Tickets = Tickets::new();
/// Threads that may take part, with the caller.
static THREADS: AtomicUsize = AtomicUsize::new(1);
/// Is there a caller who has the workers?
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Bit i: a worker with number i is in the ticket loop.
static PRESENT: AtomicU64 = AtomicU64::new(0);
/// Invitations sent to rayon whose worker has not gone home yet.
static INVITED: AtomicU32 = AtomicU32::new(0);
static RECORD: Record = Record::new();

#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// May become the caller.
    Free,
    /// Has the workers for a whole step.
    Caller,
    /// Runs a chunk: everything inside is inline.
    InChunk,
}
thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Free) };
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

/// Runs `f(0)` … `f(chunks − 1)`, each once, on this thread and on workers that have time; returns when all are done.
///
/// Chunks should be even in cost, 5 µs or more each, and a multiple of [`threads`] in number. A panic in a chunk is a panic of this call.
pub fn par(chunks: usize, f: &(dyn Fn(usize) + Sync)) {
    if chunks == 1 {
        return f(0); // the whole job is one chunk: a `par` inside it may share
    }
    if chunks == 0 || !CAN_THREAD || THREADS.load(Relaxed) == 1 {
        return inline(chunks, f);
    }
    match ROLE.get() {
        Role::InChunk => inline(chunks, f),
        Role::Caller => share(chunks, f, false),
        Role::Free => match Caller::try_new() {
            Some(_caller) => {
                let cold = RECORD.cold();
                if !cold {
                    invite();
                }
                share(chunks, f, !cold);
            }
            None => inline(chunks, f),
        },
    }
}

/// Wakes the workers once and keeps them awake while the guard lives: hold one around the kernels of a step.
///
/// Not worth it for calls below about 50 µs. Workers that have shown to get no processor time are left asleep.
#[must_use = "workers stay awake while the guard lives"]
pub fn step() -> Step {
    if !CAN_THREAD || THREADS.load(Relaxed) == 1 || ROLE.get() != Role::Free {
        return Step {
            caller: None,
            _not_send: PhantomData,
        };
    }
    let caller = Caller::try_new();
    if caller.is_some() && !RECORD.cold() {
        invite();
        TICKETS.heat();
    }
    Step {
        caller,
        _not_send: PhantomData,
    }
}

/// See [`step`].
pub struct Step {
    caller: Option<Caller>,
    /// Ends on the thread it began on.
    _not_send: PhantomData<*const ()>,
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.caller.is_some() {
            TICKETS.cool();
        }
    }
}

/// The number of this thread among those that work on the current job: 0 for the caller, below [`threads`]. For picking a workspace.
///
/// Two callers at once both have number 0: workspaces belong to what the caller runs, not to the process.
pub fn thread_id() -> usize {
    THREAD.get()
}

/// How many threads may take part, with the caller: the number of workspaces to have.
pub fn threads() -> usize {
    THREADS.load(Relaxed)
}

/// Lets `n` threads take part (at least 1, at most [`MAX_THREADS`]; always 1 in builds without threads).
///
/// Workers come from the rayon pool of the calling thread, in WebAssembly the one that `poolStart` made. If it has fewer than `n − 1` to
/// give, fewer take part. Waits until workers that are here have left; must not be called inside a step or a chunk.
pub fn set_threads(n: usize) {
    let n = if CAN_THREAD { n.clamp(1, MAX_THREADS) } else { 1 };
    assert!(ROLE.get() == Role::Free, "internal: set_threads inside a step");
    let _caller = loop {
        match Caller::try_new() {
            Some(caller) => break caller,
            None => std::thread::yield_now(),
        }
    };
    THREADS.store(n, SeqCst);
    // A worker claims its number first and reads THREADS after it, so whoever still goes by the old limit is present here.
    TICKETS.dismiss();
    while PRESENT.load(SeqCst) != 0 && !TICKETS.poisoned() {
        std::thread::yield_now();
    }
    TICKETS.readmit();
    RECORD.reset();
}

/// A worker died inside a chunk, in a build where panics do not unwind: callers must not wait for it. From now on every `par` that would share
/// work panics.
pub fn poison() {
    TICKETS.poison();
}

fn inline(chunks: usize, f: &(dyn Fn(usize) + Sync)) {
    let _role = Restore(ROLE.replace(Role::InChunk));
    for i in 0..chunks {
        f(i);
    }
}

fn share(chunks: usize, f: &(dyn Fn(usize) + Sync), wake: bool) {
    if TICKETS.poisoned() {
        tickets::died();
    }
    if INVITED.load(Relaxed) == 0 || RECORD.skip() {
        return inline(chunks, f);
    }
    // Workers that are still on their way may come in the middle of a job, but it says nothing about them if they do not.
    let judge = PRESENT.load(Relaxed) != 0;
    let mut from = 0;
    while from < chunks {
        let count = (chunks - from).min(MAX_CHUNKS);
        let chunk = |i: usize| {
            let _role = Restore(ROLE.replace(Role::InChunk));
            f(from + i);
        };
        // SAFETY: this thread is the only caller, by `Caller`, and `Role` says that it is not inside a chunk.
        let own = unsafe { TICKETS.run(count, &chunk, wake) };
        if judge {
            RECORD.add(count, own);
        }
        from += count;
    }
}

/// Puts the role from before a chunk back, even if the chunk panics.
struct Restore(Role);
impl Drop for Restore {
    fn drop(&mut self) {
        ROLE.set(self.0);
    }
}

/// The right to publish jobs; one at a time.
struct Caller;

impl Caller {
    fn try_new() -> Option<Self> {
        if TAKEN.swap(true, SeqCst) {
            return None;
        }
        ROLE.set(Role::Caller);
        Some(Self)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        ROLE.set(Role::Free);
        TAKEN.store(false, SeqCst);
    }
}

/// Asks rayon for the workers that are missing. Only the caller does.
fn invite() {
    let missing = (THREADS.load(Relaxed) - 1).saturating_sub(INVITED.load(SeqCst) as usize);
    let home = rayon::current_thread_index();
    for _ in 0..missing {
        INVITED.fetch_add(1, SeqCst);
        rayon::spawn(move || {
            // The inviting thread may meet its own invitation while it waits in rayon: then it is nobody's worker.
            if home.is_none() || rayon::current_thread_index() != home {
                visit();
            }
            INVITED.fetch_sub(1, SeqCst);
        });
    }
}

/// A worker's stay in the ticket loop, under the lowest free number.
fn visit() {
    let Some(id) = claim() else { return };
    if id < THREADS.load(SeqCst) {
        THREAD.set(id);
        TICKETS.work(Patience::NORMAL);
        THREAD.set(0);
    }
    PRESENT.fetch_and(!(1 << id), SeqCst);
}

fn claim() -> Option<usize> {
    let free = |taken: u64| (1..MAX_THREADS).find(|i| taken >> i & 1 == 0);
    let taken = PRESENT
        .fetch_update(SeqCst, SeqCst, |taken| free(taken).map(|i| taken | 1 << i))
        .ok()?;
    free(taken)
}

/// What share of the chunks workers took. Where they get no processor time, sharing costs a wake-up and gains nothing: then jobs run alone for
/// a while, twice as long each time it is found again. Counted in jobs, because WebAssembly has no clock of its own.
///
/// Only the caller touches it; atomics because it is static.
struct Record {
    jobs: AtomicU32,
    chunks: AtomicU32,
    own: AtomicU32,
    /// Jobs still to be run alone.
    alone: AtomicU32,
    /// How long the next spell of running alone is.
    spell: AtomicU32,
}

/// Jobs that one judgement rests on.
const JUDGED: u32 = 64;
const FIRST_SPELL: u32 = 256;
const LONGEST_SPELL: u32 = 8192;

impl Record {
    const fn new() -> Self {
        Self {
            jobs: AtomicU32::new(0),
            chunks: AtomicU32::new(0),
            own: AtomicU32::new(0),
            alone: AtomicU32::new(0),
            spell: AtomicU32::new(FIRST_SPELL),
        }
    }

    fn reset(&self) {
        for x in [&self.jobs, &self.chunks, &self.own, &self.alone] {
            x.store(0, Relaxed);
        }
        self.spell.store(FIRST_SPELL, Relaxed);
    }

    fn cold(&self) -> bool {
        self.alone.load(Relaxed) > 0
    }

    /// Is the next job one to be run alone?
    fn skip(&self) -> bool {
        let alone = self.alone.load(Relaxed);
        if alone > 0 {
            self.alone.store(alone - 1, Relaxed);
        }
        alone > 0
    }

    /// Notes a job of which the caller took `own` chunks of `chunks` itself.
    fn add(&self, chunks: usize, own: usize) {
        let jobs = self.jobs.load(Relaxed) + 1;
        let chunks = self.chunks.load(Relaxed) + chunks as u32;
        let own = self.own.load(Relaxed) + own as u32;
        let done = jobs == JUDGED;
        self.jobs.store(if done { 0 } else { jobs }, Relaxed);
        self.chunks.store(if done { 0 } else { chunks }, Relaxed);
        self.own.store(if done { 0 } else { own }, Relaxed);
        if done {
            let spell = self.spell.load(Relaxed);
            let idle = u64::from(chunks - own) * 10 < u64::from(chunks);
            self.alone.store(if idle { spell } else { 0 }, Relaxed);
            self.spell.store(
                if idle {
                    (spell * 2).min(LONGEST_SPELL)
                } else {
                    FIRST_SPELL
                },
                Relaxed,
            );
        }
    }
}
