//! The thread pool: rayon on workers that JavaScript starts.
//!
//! The calling thread becomes thread 0 of the pool, so it computes too, and no call waits for a worker to come up:
//! until one does, thread 0 does all the work. Inside a step the workers are guests of `keratin_exec::par`, which invites them from this pool.
//! Builds without threads have the same surface and start nothing.

use wasm_bindgen::prelude::*;

/// Makes a pool of `threads` threads and returns one ticket per worker to start (`threads - 1`).
/// Must come before the first parallel call: until then rayon would make its own pool of one thread.
#[wasm_bindgen(js_name = poolStart)]
pub fn pool_start(threads: usize) -> Result<Vec<u32>, JsError> {
    threaded::start(threads).map_err(|e| JsError::new(&e))
}

#[cfg(not(target_feature = "atomics"))]
mod threaded {
    pub fn start(_threads: usize) -> Result<Vec<u32>, String> {
        Ok(Vec::new())
    }
}

#[cfg(target_feature = "atomics")]
mod threaded {
    use keratin_exec::par;
    use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};
    use std::sync::OnceLock;

    static POOL: OnceLock<ThreadPool> = OnceLock::new();

    pub fn start(threads: usize) -> Result<Vec<u32>, String> {
        let threads = threads.clamp(1, par::MAX_THREADS);
        let mut tickets = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .use_current_thread()
            .spawn_handler(|thread| {
                tickets.push(Box::into_raw(Box::new(thread)) as u32);
                Ok(())
            })
            .build()
            .map_err(|e| e.to_string())?;
        POOL.set(pool)
            .map_err(|_| "the pool has been started already".to_string())?;
        par::set_threads(threads);
        Ok(tickets)
    }

    /// Body of a pool worker: never returns while the pool lives.
    /// A plain export, because workers load no glue.
    ///
    /// # Safety
    /// `ticket` comes from `start` and is used once.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn pool_run(ticket: *mut ThreadBuilder) {
        // SAFETY: see above.
        unsafe { Box::from_raw(ticket) }.run();
    }

    /// Called by a worker that trapped. Without it the other threads would wait for its task for ever: callers of `par` panic,
    /// and every thread that waits in rayon, the caller too, is given a job that traps.
    #[unsafe(no_mangle)]
    pub extern "C" fn pool_poison() {
        if let Ok(mut message) = crate::PANIC.try_lock()
            && message.is_empty()
        {
            message.push_str("internal: a pool thread trapped");
        }
        par::poison();
        if let Some(pool) = POOL.get() {
            pool.spawn_broadcast(|_| core::arch::wasm32::unreachable());
        }
    }
}
