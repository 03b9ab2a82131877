//! The ticket protocol under loom, which tries all interleavings of a small case:
//! `RUSTFLAGS="--cfg loom" cargo test -p keratin-exec --test par_loom --release`
#![allow(unexpected_cfgs)]
#![cfg(loom)]

#[path = "../src/par/tickets.rs"]
#[allow(dead_code)]
mod tickets;

/// What `tickets.rs` uses, from loom.
mod sync {
    use super::tickets::Tickets;
    #[allow(clippy::unsafe_removed_from_name)]
    pub use loom::cell::UnsafeCell as Shared;
    pub use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use loom::sync::{Condvar, Mutex};

    pub fn relax(_looks: &mut u32) {
        loom::thread::yield_now();
    }

    /// Sleeps without a time limit, so a lost wake-up is a deadlock, which loom reports.
    pub struct Bell(Mutex<()>, Condvar);
    impl Bell {
        pub fn wait(&self, word: &AtomicU32, seen: u32, _ms: u32) -> bool {
            let guard = self.0.lock().unwrap();
            if word.load(Ordering::Acquire) == seen {
                drop(self.1.wait(guard).unwrap());
            }
            true
        }
        pub fn ring(&self, _word: &AtomicU32) {
            let _guard = self.0.lock().unwrap();
            self.1.notify_all();
        }
    }

    impl Tickets {
        pub fn new() -> Self {
            Self {
                ticket: AtomicU32::new(0),
                left: AtomicU32::new(0),
                sleepers: AtomicU32::new(0),
                hot: AtomicBool::new(false),
                closed: AtomicBool::new(false),
                poisoned: AtomicBool::new(false),
                job: Shared::new(None),
                bell: Bell(Mutex::new(()), Condvar::new()),
                failed: AtomicBool::new(false),
                panic: std::sync::Mutex::new(None),
            }
        }
    }
}

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use tickets::{Patience, Tickets};

const IMPATIENT: Patience = Patience {
    looks: 0,
    looks_hot: 1,
    sleep_ms: 0,
};

/// Chunk outputs as plain memory: loom reports a chunk that runs twice at once, or an output read before its chunk has finished.
struct Output(Vec<UnsafeCell<u32>>);
// SAFETY: loom checks every access.
unsafe impl Sync for Output {}

fn job(tickets: &Tickets, output: &Output, wake: bool) {
    let chunk = |i: usize| output.0[i].with_mut(|x| unsafe { *x += 1 });
    // SAFETY: one caller, outside of chunks.
    unsafe { tickets.run(output.0.len(), &chunk, wake) };
}

fn model(workers: usize, preemptions: usize, body: fn(&Tickets, &Output)) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let tickets = Arc::new(Tickets::new());
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let tickets = tickets.clone();
                loom::thread::spawn(move || tickets.work(IMPATIENT))
            })
            .collect();
        let output = Output((0..2).map(|_| UnsafeCell::new(0)).collect());
        body(&tickets, &output);
        tickets.dismiss();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn each_chunk_ran(times: u32, output: &Output) {
    for x in &output.0 {
        assert_eq!(x.with(|x| unsafe { *x }), times);
    }
}

#[test]
fn every_chunk_of_two_jobs_runs_once_and_nobody_sleeps_for_ever() {
    model(1, 3, |tickets, output| {
        job(tickets, output, true);
        each_chunk_ran(1, output);
        job(tickets, output, true);
        each_chunk_ran(2, output);
    });
}

#[test]
fn the_same_job_with_two_workers() {
    model(2, 2, |tickets, output| {
        job(tickets, output, true);
        each_chunk_ran(1, output);
    });
}

#[test]
fn a_step_wakes_once_and_its_job_only_publishes_a_ticket() {
    model(1, 2, |tickets, output| {
        tickets.heat();
        job(tickets, output, false);
        tickets.cool();
        job(tickets, output, true);
        each_chunk_ran(2, output);
    });
}
