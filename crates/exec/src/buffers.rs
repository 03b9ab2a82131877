//! Memory: the arena that all programs of a thread share, and the buffers of states, whose addresses never change.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;

/// Bytes to which every buffer is aligned: a cache line.
const ALIGN: usize = 64;
/// Words to which places in the arena are rounded.
pub const GRAIN: usize = ALIGN / 4;

/// Words of a value that lives between runs.
pub struct StateBuf {
    ptr: *mut u32,
    len: usize,
}

impl StateBuf {
    /// Zeros.
    pub fn new(len: usize) -> Self {
        // SAFETY: the layout has a size of at least one cache line.
        let ptr: *mut u32 = unsafe { alloc_zeroed(layout(len)) }.cast();
        if ptr.is_null() {
            std::alloc::handle_alloc_error(layout(len));
        }
        StateBuf { ptr, len }
    }
    pub fn ptr(&self) -> *mut u32 {
        self.ptr
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Drop for StateBuf {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.ptr.cast(), layout(self.len)) }
    }
}

fn layout(words: usize) -> Layout {
    let bytes = words
        .max(1)
        .checked_mul(4)
        .and_then(|b| b.checked_next_multiple_of(ALIGN))
        .unwrap_or(usize::MAX / 2);
    Layout::from_size_align(bytes, ALIGN).expect("internal: a buffer larger than the address space")
}

thread_local! {
    static ARENA: RefCell<StateBuf> = RefCell::new(StateBuf::new(0));
}

/// The arena with room for `words`; its address. It moves when it grows, and what was in it is lost.
pub fn arena(words: usize) -> *mut u32 {
    ARENA.with(|a| {
        let mut arena = a.borrow_mut();
        if arena.len() < words {
            *arena = StateBuf::new(0); // give the old memory back first
            *arena = StateBuf::new(words);
        }
        arena.ptr()
    })
}

/// Words of the arena.
pub fn arena_words() -> usize {
    ARENA.with(|a| a.borrow().len())
}
