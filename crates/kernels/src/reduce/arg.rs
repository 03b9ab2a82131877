//! Where the largest or smallest element of an axis is: `x: [outer, n, inner] → y: i32 [outer, inner]`.
//!
//! The first of equals wins. NaN counts as the largest for the maximum and as the smallest for the minimum, so the first NaN is
//! found; both zeros are equal. An empty axis gives 0.

use super::each_column_range;
use crate::lanes::{F4, U4};

/// Maps words to signed integers whose largest is searched.
trait Key {
    fn key(x: U4) -> U4;
}

/// Floats in order as signed integers, NaN above all. Adding 0 makes both zeros +0.
#[inline(always)]
fn ordered(x: U4) -> U4 {
    let x = (x.as_f32() + F4::splat(0.0)).bits();
    x ^ x.sar::<31>().shr::<1>()
}

#[inline(always)]
fn nan_first(x: U4, key: U4) -> U4 {
    x.as_f32().ne(x.as_f32()).select_u(U4::splat(0x7FFF_FFFF), key)
}

macro_rules! searches {
    ($($name:ident $type:ident |$x:ident| $key:expr;)*) => { $(
        struct $type;
        impl Key for $type {
            #[inline(always)]
            fn key($x: U4) -> U4 {
                $key
            }
        }
        /// Writes outputs `from..to` of `outer·inner`.
        pub unsafe fn $name(
            dst: *mut u32,
            src: *const u32,
            outer: usize,
            n: usize,
            inner: usize,
            from: usize,
            to: usize,
        ) {
            // SAFETY: the caller gives whole arrays and a range of outputs inside `y`.
            unsafe { search::<$type>(dst, src, outer, n, inner, from, to) }
        }
    )* };
}

searches! {
    argmax ArgMax |x| nan_first(x, ordered(x));
    argmin ArgMin |x| nan_first(x, !ordered(x));
    iargmax IArgMax |x| x;
    iargmin IArgMin |x| !x;
}

#[inline(always)]
unsafe fn search<K: Key>(dst: *mut u32, src: *const u32, outer: usize, n: usize, inner: usize, from: usize, to: usize) {
    debug_assert!(from <= to && to <= outer * inner);
    // SAFETY: as for the reductions.
    unsafe {
        if n == 0 {
            (from..to).for_each(|o| *dst.add(o) = 0);
        } else if inner == 1 {
            (from..to).for_each(|o| *dst.add(o) = row::<K>(src.add(o * n), n));
        } else {
            each_column_range(inner, from, to, |o, j, width| {
                columns::<K>(dst.add(o * inner + j), src.add(o * n * inner + j), n, inner, width);
            });
        }
    }
}

#[inline(always)]
fn key_of<K: Key>(word: u32) -> i32 {
    K::key(U4::splat(word)).lane::<0>() as i32
}

/// Four lanes search every fourth element; then the largest lane, of equals the one with the smallest index, meets the tail.
#[inline(never)]
unsafe fn row<K: Key>(src: *const u32, n: usize) -> u32 {
    // SAFETY: i counts elements inside the row.
    unsafe {
        let (mut best, mut index, mut i) = (key_of::<K>(*src), 0, 1);
        if n >= 4 {
            let mut keys = K::key(U4::load(src));
            let mut at = U4::new([0, 1, 2, 3]);
            let mut found = at;
            i = 4;
            while i + 4 <= n {
                at = at.wrapping_add(U4::splat(4));
                let x = K::key(U4::load(src.add(i)));
                let more = keys.lt_i32(x);
                keys = more.select_u(x, keys);
                found = more.select_u(at, found);
                i += 4;
            }
            (best, index) = (keys.lane::<0>() as i32, found.lane::<0>());
            for (k, f) in [
                (keys.lane::<1>(), found.lane::<1>()),
                (keys.lane::<2>(), found.lane::<2>()),
                (keys.lane::<3>(), found.lane::<3>()),
            ] {
                if k as i32 > best || (k as i32 == best && f < index) {
                    (best, index) = (k as i32, f);
                }
            }
        }
        while i < n {
            let x = key_of::<K>(*src.add(i));
            if x > best {
                (best, index) = (x, i as u32);
            }
            i += 1;
        }
        index
    }
}

#[inline(never)]
unsafe fn columns<K: Key>(dst: *mut u32, src: *const u32, n: usize, stride: usize, width: usize) {
    let mut j = 0;
    // SAFETY: strips lie inside `width`.
    unsafe {
        while j + 4 <= width {
            let mut keys = K::key(U4::load(src.add(j)));
            let mut found = U4::splat(0);
            for r in 1..n {
                let x = K::key(U4::load(src.add(r * stride + j)));
                let more = keys.lt_i32(x);
                keys = more.select_u(x, keys);
                found = more.select_u(U4::splat(r as u32), found);
            }
            found.store(dst.add(j));
            j += 4;
        }
        while j < width {
            let (mut best, mut index) = (key_of::<K>(*src.add(j)), 0);
            for r in 1..n {
                let x = key_of::<K>(*src.add(r * stride + j));
                if x > best {
                    (best, index) = (x, r as u32);
                }
            }
            *dst.add(j) = index;
            j += 1;
        }
    }
}
