//! The thread pool under stress: late, sleeping, panicking and dead workers, nesting, and two callers at once.

use keratin_exec::par::tickets::{Patience, Tickets};
use keratin_exec::par::{par, set_threads, step, thread_id, threads};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*};
use std::sync::{Mutex, MutexGuard, Once};
use std::time::{Duration, Instant};

/// Tests that set the number of threads of the process's pool take turns; rayon gets more threads than this machine may have processors.
fn pool(n: usize) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    static RAYON: Once = Once::new();
    RAYON.call_once(|| rayon::ThreadPoolBuilder::new().num_threads(8).build_global().unwrap());
    let turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    set_threads(n);
    turn
}

/// Some work that the optimiser keeps.
fn work(rounds: u32) -> u32 {
    (0..rounds).fold(1, |x, _| std::hint::black_box((x * 5 + 1) & 0xFFFF))
}

/// Runs jobs of sizes 0 … 40 and checks that each chunk ran once.
fn check_jobs(rounds: usize) {
    for round in 0..rounds {
        let n = round % 41;
        let counts: Vec<AtomicU32> = (0..n).map(|_| AtomicU32::new(0)).collect();
        par(n, &|i| {
            work(200);
            assert!(thread_id() < threads());
            counts[i].fetch_add(1, Relaxed);
        });
        assert!(counts.iter().all(|c| c.load(Relaxed) == 1), "round {round}");
    }
}

#[test]
fn every_chunk_runs_once_with_1_2_3_and_8_threads() {
    for n in [1, 2, 3, 8, 2] {
        let _turn = pool(n);
        assert_eq!(threads(), n);
        check_jobs(200);
        for _ in 0..20 {
            let _step = step();
            check_jobs(41);
        }
    }
}

#[test]
fn workers_do_take_part_under_different_thread_numbers() {
    let _turn = pool(3);
    let seen = AtomicU32::new(0);
    let until = Instant::now() + Duration::from_secs(20);
    while seen.load(Relaxed) != 0b111 && Instant::now() < until {
        let _step = step();
        par(12, &|_| {
            seen.fetch_or(1 << thread_id(), Relaxed);
            std::thread::sleep(Duration::from_millis(1));
        });
    }
    assert_eq!(seen.load(Relaxed), 0b111);
}

#[test]
fn one_thread_number_is_never_used_twice_at_once() {
    let _turn = pool(8);
    let busy: Vec<AtomicBool> = (0..8).map(|_| AtomicBool::new(false)).collect();
    for _ in 0..300 {
        par(24, &|_| {
            assert!(!busy[thread_id()].swap(true, SeqCst));
            work(100);
            busy[thread_id()].store(false, SeqCst);
        });
    }
}

#[test]
fn par_inside_a_chunk_runs_inline() {
    let _turn = pool(3);
    let total = AtomicU32::new(0);
    par(6, &|_| {
        let me = std::thread::current().id();
        par(5, &|_| {
            assert_eq!(std::thread::current().id(), me);
            total.fetch_add(1, Relaxed);
        });
    });
    assert_eq!(total.into_inner(), 30);
}

#[test]
fn a_second_caller_runs_inline_meanwhile() {
    let _turn = pool(2);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                check_jobs(300);
                let _step = step();
                check_jobs(300);
            });
        }
    });
}

#[test]
fn a_panic_in_a_chunk_is_the_callers_and_the_pool_lives_on() {
    let _turn = pool(3);
    for unlucky in [0, 7, 19] {
        let ran = AtomicU32::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _step = step();
            par(20, &|i| {
                ran.fetch_add(1, Relaxed);
                assert!(i != unlucky, "chunk {i} is unlucky");
            });
        }));
        let message = *outcome.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, format!("chunk {unlucky} is unlucky"));
        assert!(ran.load(Relaxed) as usize > unlucky);
        check_jobs(50);
    }
}

#[test]
fn more_chunks_than_a_ticket_can_count() {
    let _turn = pool(2);
    let sum = AtomicUsize::new(0);
    par(70_000, &|i| {
        sum.fetch_add(i, Relaxed);
    });
    assert_eq!(sum.into_inner(), 70_000 * 69_999 / 2);
}

/// A pool of its own, with `workers` threads running `Tickets::work` until the body ends.
fn with_workers(workers: usize, delay: Duration, patience: Patience, body: impl FnOnce(&Tickets)) {
    let (tickets, open) = (Tickets::new(), AtomicBool::new(true));
    std::thread::scope(|scope| {
        for i in 0..workers {
            let (tickets, open) = (&tickets, &open);
            scope.spawn(move || {
                std::thread::sleep(delay * i as u32);
                // A worker that goes home is back at once, as by a new invitation.
                while open.load(SeqCst) && !tickets.poisoned() {
                    tickets.work(patience);
                }
            });
        }
        body(&tickets);
        open.store(false, SeqCst);
        tickets.dismiss();
    });
}

fn run_jobs(tickets: &Tickets, jobs: usize, pause: impl Fn(usize)) {
    for j in 0..jobs {
        let ran = AtomicU32::new(0);
        let count = 1 + j % 9;
        // SAFETY: this is the only caller.
        unsafe { tickets.run(count, &|_| _ = ran.fetch_add(1 + work(50) / 0x10000, Relaxed), true) };
        assert_eq!(ran.into_inner() as usize, count);
        pause(j);
    }
}

#[test]
fn late_workers_are_not_waited_for() {
    let start = Instant::now();
    with_workers(3, Duration::from_millis(400), Patience::NORMAL, |tickets| {
        run_jobs(tickets, 2000, |_| {});
        assert!(
            start.elapsed() < Duration::from_millis(800),
            "2000 small jobs waited for a worker that was not there"
        );
    });
}

#[test]
fn workers_that_sleep_at_once_or_go_home_lose_nothing() {
    for sleep_ms in [0, 1, 1000] {
        with_workers(
            4,
            Duration::ZERO,
            Patience {
                looks: 0,
                looks_hot: 0,
                sleep_ms,
            },
            |tickets| {
                run_jobs(tickets, 3000, |j| {
                    if j % 100 == 0 {
                        std::thread::sleep(Duration::from_micros(300));
                    }
                    if j % 7 == 0 {
                        tickets.heat();
                        tickets.cool();
                    }
                });
            },
        );
    }
}

#[test]
fn a_worker_that_dies_inside_a_chunk_does_not_hang_the_caller() {
    // A trap in WebAssembly: the thread is gone, its chunk never finishes, and JavaScript calls `poison`.
    static CALLER: Mutex<Option<std::thread::ThreadId>> = Mutex::new(None);
    static DYING: AtomicBool = AtomicBool::new(false);
    static END: AtomicBool = AtomicBool::new(false);
    *CALLER.lock().unwrap() = Some(std::thread::current().id());
    fn chunk(_: usize) {
        if Some(std::thread::current().id()) == *CALLER.lock().unwrap() {
            std::thread::sleep(Duration::from_millis(1));
        } else {
            DYING.store(true, SeqCst);
            while !END.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    with_workers(1, Duration::ZERO, Patience::NORMAL, |tickets| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !DYING.load(SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                tickets.poison();
            });
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                while !DYING.load(SeqCst) {
                    // SAFETY: the only caller; the chunk is static, so the worker that still runs it may.
                    unsafe { tickets.run(8, &chunk, true) };
                }
            }));
            let message = outcome.unwrap_err();
            assert_eq!(
                *message.downcast_ref::<&str>().unwrap(),
                "internal: a pool thread died inside a chunk"
            );
            END.store(true, SeqCst);
        });
    });
}
