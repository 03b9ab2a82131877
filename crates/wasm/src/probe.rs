//! Test aid: who works in the pool, and what a panic there does. It is part of every build, so that what ships is what is tested.

use keratin_exec::par;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use wasm_bindgen::prelude::*;

/// Runs `chunks` chunks of `spin` rounds each and returns how many each thread took. With `panic`, the first chunk that another thread than the
/// caller takes panics; the caller's own go on.
#[wasm_bindgen(js_name = poolProbe)]
pub fn pool_probe(chunks: usize, spin: u32, panic: bool) -> Vec<u32> {
    let counts: Vec<AtomicU32> = (0..par::threads()).map(|_| AtomicU32::new(0)).collect();
    let _step = par::step();
    par::par(chunks, &|chunk| {
        let thread = par::thread_id();
        assert!(!panic || thread == 0, "internal: test panic on thread {thread}");
        let mut x = chunk as u32;
        for _ in 0..spin {
            x = black_box(x.wrapping_mul(1664525).wrapping_add(1013904223));
        }
        counts[thread].fetch_add(1, Relaxed);
    });
    counts.into_iter().map(AtomicU32::into_inner).collect()
}
