//! Sorting along the last axis: rows of `n` words, stable, ascending; NaN comes last and both zeros are equal.
//!
//! Words become unsigned keys in the wanted order. Short rows are sorted by insertion, long ones by four counting passes over
//! bytes (least significant first), both stable, so all results follow from one routine that moves (key, index) pairs.

/// How the words of a row are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    F32,
    I32,
    U32,
}

/// Rows up to this length are sorted by insertion.
const SHORT: usize = 48;
/// Up to this many largest elements are kept in a list instead of sorting the row.
const FEW: usize = 32;

impl Order {
    /// An unsigned key whose order is that of the words.
    #[inline(always)]
    fn key(self, word: u32) -> u32 {
        match self {
            Self::U32 => word,
            Self::I32 => word ^ 0x8000_0000,
            Self::F32 => {
                let x = f32::from_bits(word);
                let word = if x == 0.0 { 0 } else { word };
                match x.is_nan() {
                    true => u32::MAX,
                    false if word >> 31 == 1 => !word,
                    false => word | 0x8000_0000,
                }
            }
        }
    }
}

/// Words of workspace for rows of `n`.
pub fn workspace_words(n: usize) -> usize {
    4 * n
}

/// `src: [rows, n] → dst: [rows, n]`. `dst` may be `src`. The words themselves move: −0 and NaN stay what they are.
pub unsafe fn sort_rows(dst: *mut u32, src: *const u32, rows: usize, n: usize, order: Order, ws: *mut u32) {
    for r in 0..rows {
        // SAFETY: module contract. `dst` may be `src`, so the words are collected where the keys were before they go there.
        unsafe {
            let (src, dst) = (src.add(r * n), dst.add(r * n));
            let indices = order_row(src, n, ws, |word| order.key(word));
            let words = ws;
            (0..n).for_each(|i| *words.add(i) = *src.add(*indices.add(i) as usize));
            core::ptr::copy_nonoverlapping(words, dst, n);
        }
    }
}

/// `src: [rows, n] → dst: i32 [rows, n]`: the index of each element of the sorted row; equal elements keep their order.
pub unsafe fn argsort_rows(dst: *mut u32, src: *const u32, rows: usize, n: usize, order: Order, ws: *mut u32) {
    for r in 0..rows {
        // SAFETY: module contract.
        unsafe {
            let indices = order_row(src.add(r * n), n, ws, |word| order.key(word));
            core::ptr::copy_nonoverlapping(indices, dst.add(r * n), n);
        }
    }
}

/// `src: [rows, n] → values, indices: [rows, k]`: the k largest, descending, of equals the lower index first; NaN is the largest.
/// `k ≤ n`.
pub unsafe fn top_k_rows(
    values: *mut u32,
    indices: *mut u32,
    src: *const u32,
    rows: usize,
    n: usize,
    k: usize,
    order: Order,
    ws: *mut u32,
) {
    debug_assert!(k <= n);
    for r in 0..rows {
        // SAFETY: module contract; found indices are below n.
        unsafe {
            let (src, values, indices) = (src.add(r * n), values.add(r * k), indices.add(r * k));
            if k <= FEW {
                keep_largest(indices, src, n, k, order);
            } else {
                // A descending stable order is the ascending one of the complements.
                let found = order_row(src, n, ws, |word| !order.key(word));
                core::ptr::copy_nonoverlapping(found, indices, k);
            }
            (0..k).for_each(|i| *values.add(i) = *src.add(*indices.add(i) as usize));
        }
    }
}

/// One pass that keeps a descending list of the k largest so far.
unsafe fn keep_largest(indices: *mut u32, src: *const u32, n: usize, k: usize, order: Order) {
    let mut keys = [0; FEW];
    let mut held = 0;
    for i in 0..n {
        // SAFETY: i < n; the list holds at most k entries.
        unsafe {
            let key = order.key(*src.add(i));
            if held == k && (k == 0 || key <= keys[k - 1]) {
                continue;
            }
            let mut at = if held < k { held } else { k - 1 };
            held = k.min(held + 1);
            while at > 0 && keys[at - 1] < key {
                keys[at] = keys[at - 1];
                *indices.add(at) = *indices.add(at - 1);
                at -= 1;
            }
            keys[at] = key;
            *indices.add(at) = i as u32;
        }
    }
}

/// Sorts the row's indices by key and returns where they are: the second quarter of the workspace.
unsafe fn order_row(src: *const u32, n: usize, ws: *mut u32, key: impl Fn(u32) -> u32) -> *const u32 {
    // SAFETY: the workspace has four arrays of n words.
    unsafe {
        let (keys, indices) = (ws, ws.add(n));
        for i in 0..n {
            *keys.add(i) = key(*src.add(i));
            *indices.add(i) = i as u32;
        }
        if n <= SHORT {
            insertion(keys, indices, n);
        } else {
            // An even number of passes brings the pairs back to where they started.
            let (keys2, indices2) = (ws.add(2 * n), ws.add(3 * n));
            count_bytes(keys, indices, keys2, indices2, n, 0);
            count_bytes(keys2, indices2, keys, indices, n, 8);
            count_bytes(keys, indices, keys2, indices2, n, 16);
            count_bytes(keys2, indices2, keys, indices, n, 24);
        }
        indices
    }
}

unsafe fn insertion(keys: *mut u32, indices: *mut u32, n: usize) {
    for i in 1..n {
        // SAFETY: i < n and at ≤ i.
        unsafe {
            let (key, index) = (*keys.add(i), *indices.add(i));
            let mut at = i;
            while at > 0 && *keys.add(at - 1) > key {
                *keys.add(at) = *keys.add(at - 1);
                *indices.add(at) = *indices.add(at - 1);
                at -= 1;
            }
            *keys.add(at) = key;
            *indices.add(at) = index;
        }
    }
}

/// One stable pass by the byte of the key at `shift`.
unsafe fn count_bytes(
    keys: *const u32,
    indices: *const u32,
    to_keys: *mut u32,
    to_indices: *mut u32,
    n: usize,
    shift: u32,
) {
    let mut starts = [0usize; 256];
    let byte = |key: u32| (key >> shift & 255) as usize;
    // SAFETY: the counts of all bytes add up to n.
    unsafe {
        (0..n).for_each(|i| starts[byte(*keys.add(i))] += 1);
        let mut total = 0;
        for start in &mut starts {
            total += core::mem::replace(start, total);
        }
        for i in 0..n {
            let key = *keys.add(i);
            let at = &mut starts[byte(key)];
            *to_keys.add(*at) = key;
            *to_indices.add(*at) = *indices.add(i);
            *at += 1;
        }
    }
}
