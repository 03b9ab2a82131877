//! Threefry-2x32 with 20 rounds, the counter-based generator of JAX: (key, counter) → two words.
//!
//! Streams use JAX's "partitionable" layout (default since 0.5.0): element i of a draw takes counter (i >> 32, i) and is the xor of
//! the two words, so any range can be drawn by itself.
//! Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).

use crate::lanes::U4;
use core::mem::MaybeUninit;

/// Two words.
pub type Key = [u32; 2];

const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// Words per block of [`bits`]: both state words of a block stay in the first cache.
const BLOCK: usize = 128;

/// The key's three words, of which the last makes their xor a constant.
#[inline(always)]
fn schedule([a, b]: Key) -> [u32; 3] {
    [a, b, a ^ b ^ 0x1BD1_1BDA]
}

/// The block function.
pub fn threefry2x32(key: Key, counter: [u32; 2]) -> [u32; 2] {
    let k = schedule(key);
    let (mut x, mut y) = (counter[0].wrapping_add(k[0]), counter[1].wrapping_add(k[1]));
    for group in 0..5 {
        for r in ROTATIONS[group % 2] {
            x = x.wrapping_add(y);
            y = y.rotate_left(r) ^ x;
        }
        x = x.wrapping_add(k[(group + 1) % 3]);
        y = y.wrapping_add(k[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    [x, y]
}

/// Element `index` of `split(key, n)` for any n: the key of an independent stream.
pub fn split(key: Key, index: u64) -> Key {
    threefry2x32(key, [(index >> 32) as u32, index as u32])
}

/// The key of an independent stream named by `data`.
pub fn fold_in(key: Key, data: u32) -> Key {
    threefry2x32(key, [0, data])
}

/// Elements `offset..offset + n` of the stream of random words that `key` names.
pub unsafe fn bits(key: Key, offset: u64, n: usize, dst: *mut u32) {
    let mut i = 0;
    while i < n {
        let at = offset + i as u64;
        // A block never crosses a multiple of 2³², where the counter's upper word changes.
        let to_wrap = (1u64 << 32) - (at & 0xFFFF_FFFF);
        let len = BLOCK.min(n - i).min(usize::try_from(to_wrap).unwrap_or(usize::MAX));
        // SAFETY: the block lies inside `n`.
        unsafe { block(key, at, len, dst.add(i)) }
        i += len;
    }
}

/// Four rounds on lanes: `x += y; y = rotate(y) ^ x`.
macro_rules! rounds {
    ($x:ident, $y:ident, $($r:literal)*) => { $(
        $x = $x.wrapping_add($y);
        $y = ($y.shl::<$r>() | $y.shr::<{ 32 - $r }>()) ^ $x;
    )* };
}

/// Up to `BLOCK` words. One pass per group of four rounds, because twenty in one chain stall.
unsafe fn block(key: Key, offset: u64, n: usize, dst: *mut u32) {
    let k = schedule(key);
    let splat = U4::splat;
    let mut state = [const { MaybeUninit::<[u32; BLOCK]>::uninit() }; 2];
    let [xs, ys] = state.each_mut().map(|s| s.as_mut_ptr().cast::<u32>());
    let vectors = n.next_multiple_of(4);
    let whole = n - n % 4;
    let inject = |group: usize| {
        (
            splat(k[(group + 1) % 3]),
            splat(k[(group + 2) % 3].wrapping_add(group as u32 + 1)),
        )
    };
    macro_rules! pass {
        ($group:literal, $($r:literal)*) => {{
            let (add_x, add_y) = inject($group);
            let mut i = 0;
            while i < vectors {
                let (mut x, mut y) = (U4::load(xs.add(i)), U4::load(ys.add(i)));
                rounds!(x, y, $($r)*);
                x.wrapping_add(add_x).store(xs.add(i));
                y.wrapping_add(add_y).store(ys.add(i));
                i += 4;
            }
        }};
    }
    // SAFETY: the state holds BLOCK ≥ vectors words, written by the pass before; `dst` holds n.
    unsafe {
        let first = splat(k[0].wrapping_add((offset >> 32) as u32));
        let mut counter = splat(k[1].wrapping_add(offset as u32)).wrapping_add(U4::new([0, 1, 2, 3]));
        let (add_x, add_y) = inject(0);
        let mut i = 0;
        while i < vectors {
            let (mut x, mut y) = (first, counter);
            rounds!(x, y, 13 15 26 6);
            x.wrapping_add(add_x).store(xs.add(i));
            y.wrapping_add(add_y).store(ys.add(i));
            counter = counter.wrapping_add(splat(4));
            i += 4;
        }
        pass!(1, 17 29 16 24);
        pass!(2, 13 15 26 6);
        pass!(3, 17 29 16 24);
        let (add_x, add_y) = inject(4);
        let last = |i: usize| {
            let (mut x, mut y) = (U4::load(xs.add(i)), U4::load(ys.add(i)));
            rounds!(x, y, 13 15 26 6);
            x.wrapping_add(add_x) ^ y.wrapping_add(add_y)
        };
        let mut i = 0;
        while i < whole {
            last(i).store(dst.add(i));
            i += 4;
        }
        if whole < n {
            let mut words = [0; 4];
            last(whole).store(words.as_mut_ptr());
            (whole..n).for_each(|i| *dst.add(i) = words[i - whole]);
        }
    }
}
