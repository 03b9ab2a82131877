//! What `tickets.rs` needs from the platform: atomics, a cell, and sleeping on a word. `tests/par_loom.rs` puts loom's in their place.

pub use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::tickets::Tickets;
use core::cell::UnsafeCell;

/// A cell whose users take turns by the ticket protocol.
pub struct Shared<T>(UnsafeCell<T>);

// SAFETY: every access goes through `with` or `with_mut`, whose callers state why no other access conflicts.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub const fn new(x: T) -> Self {
        Self(UnsafeCell::new(x))
    }
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[allow(clippy::new_without_default)] // constant, for a static
impl Tickets {
    /// A pool without workers.
    pub const fn new() -> Self {
        Self {
            ticket: AtomicU32::new(0),
            left: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
            hot: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            job: Shared::new(None),
            bell: Bell::new(),
            failed: AtomicBool::new(false),
            panic: std::sync::Mutex::new(None),
        }
    }
}

/// One look of a thread that waits for others without sleeping.
#[inline(always)]
pub fn relax(looks: &mut u32) {
    *looks = looks.wrapping_add(1);
    // Where there are more threads than processors, the one that is waited for may need this one's.
    if cfg!(not(target_family = "wasm")) && looks.is_multiple_of(64) {
        std::thread::yield_now();
    } else {
        core::hint::spin_loop();
    }
}

/// Sleeping on a word: `wait` returns at once if the word is not `seen` any more.
#[cfg(all(target_family = "wasm", target_feature = "atomics"))]
pub struct Bell;

#[cfg(all(target_family = "wasm", target_feature = "atomics"))]
impl Bell {
    pub const fn new() -> Self {
        Self
    }
    /// False if `ms` milliseconds passed without a ring.
    pub fn wait(&self, word: &AtomicU32, seen: u32, ms: u32) -> bool {
        const TIMED_OUT: i32 = 2;
        // SAFETY: the address of a live atomic.
        unsafe {
            core::arch::wasm32::memory_atomic_wait32(word.as_ptr().cast(), seen as i32, i64::from(ms) * 1_000_000)
                != TIMED_OUT
        }
    }
    /// Wakes all who wait. The word has been changed before.
    pub fn ring(&self, word: &AtomicU32) {
        // SAFETY: as above.
        unsafe { core::arch::wasm32::memory_atomic_notify(word.as_ptr().cast(), u32::MAX) };
    }
}

/// The same from a mutex and a condition variable.
#[cfg(not(all(target_family = "wasm", target_feature = "atomics")))]
pub struct Bell {
    mutex: std::sync::Mutex<()>,
    rung: std::sync::Condvar,
}

#[cfg(not(all(target_family = "wasm", target_feature = "atomics")))]
impl Bell {
    pub const fn new() -> Self {
        Self {
            mutex: std::sync::Mutex::new(()),
            rung: std::sync::Condvar::new(),
        }
    }
    /// False if `ms` milliseconds passed without a ring.
    pub fn wait(&self, word: &AtomicU32, seen: u32, ms: u32) -> bool {
        let Ok(guard) = self.mutex.lock() else { return false };
        // Looked at under the mutex: who changes the word rings under it afterwards.
        if word.load(Ordering::Acquire) != seen {
            return true;
        }
        let timeout = std::time::Duration::from_millis(ms.into());
        self.rung
            .wait_timeout(guard, timeout)
            .is_ok_and(|(_, timeout)| !timeout.timed_out())
    }
    /// Wakes all who wait. The word has been changed before.
    pub fn ring(&self, _word: &AtomicU32) {
        let _guard = self.mutex.lock();
        self.rung.notify_all();
    }
}
