//! Aids of tests and benchmarks: who works in the pool and what a panic there does; the peak of a thread and a product alone.
//! They are part of every build, so that what ships is what is tested and timed.

use crate::with;
use keratin_exec::par;
use keratin_kernels::gemm::{self, Mat};
use keratin_kernels::peak::peak;
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

/// Rounds of the peak loop whose operands stay in the first cache.
const PEAK_ROUNDS: usize = 512;

/// Runs the loop that defines the peak "P" of one thread, `times` times, and returns how many multiplications and additions that were.
#[wasm_bindgen(js_name = peakProbe)]
pub fn peak_probe(times: u32) -> f64 {
    let (y, x, mut out) = (vec![1e-3f32; 8 * PEAK_ROUNDS], [0.999f32; 16], [0f32; 32]);
    for _ in 0..times {
        // SAFETY: the lengths that the loop states.
        unsafe { peak(PEAK_ROUNDS, black_box(y.as_ptr()), x.as_ptr(), out.as_mut_ptr()) };
        black_box(&out);
    }
    f64::from(times) * (64 * PEAK_ROUNDS) as f64
}

/// Words of workspace for `productProbe`.
#[wasm_bindgen(js_name = productWorkspace)]
pub fn product_workspace(m: usize, n: usize, k: usize) -> usize {
    gemm::workspace_words(m, n, k)
}

/// C = A·B, the kernel alone on the calling thread. All four are states (`stateNew`): A [m, k], B [k, n], C [m, n] and the workspace.
#[wasm_bindgen(js_name = productProbe)]
pub fn product_probe(m: usize, n: usize, k: usize, a: usize, b: usize, c: usize, workspace: usize) {
    let [a, b, c, workspace] = [
        (a, m * k),
        (b, k * n),
        (c, m * n),
        (workspace, product_workspace(m, n, k)),
    ]
    .map(|(state, words)| {
        with(|s| {
            let state = s.states.get(state);
            assert!(
                state.len() >= words,
                "internal: a state of {} words, {words} are needed",
                state.len()
            );
            state.ptr().cast::<f32>()
        })
    });
    let (a, b) = (Mat { ptr: a, rs: k, cs: 1 }, Mat { ptr: b, rs: n, cs: 1 });
    // SAFETY: states have these sizes and overlap nothing; the core is not called while this runs, so none of them ends.
    unsafe { gemm::gemm(m, n, k, a, b, c, n, workspace) }
}
