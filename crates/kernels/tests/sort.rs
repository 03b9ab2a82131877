//! Sorting, index sorting and top-k against the standard library's stable sort.

mod common;
use common::*;
use keratin_kernels::sort::{self, Order};
use std::cmp::Ordering;

const ROWS: usize = 3;

fn compare(order: Order) -> fn(u32, u32) -> Ordering {
    match order {
        Order::U32 => |a, b| a.cmp(&b),
        Order::I32 => |a, b| (a as i32).cmp(&(b as i32)),
        // NaN last, zeros equal.
        Order::F32 => |a, b| {
            let (a, b) = (f32::from_bits(a), f32::from_bits(b));
            a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        },
    }
}

/// Rows with ties, zeros of both signs, infinities and NaN of both signs.
fn data(n: usize, order: Order) -> Vec<u32> {
    let x = noise(ROWS * n, n as u32 + 1);
    match order {
        Order::F32 => x
            .iter()
            .enumerate()
            .map(|(i, &w)| match i % 9 {
                0 => [0, 0x8000_0000, 0x7FC0_0000, 0xFFC0_0001, 0x7F80_0000, 0xFF80_0000][w as usize % 6],
                1 | 2 => ((w % 5) as f32 - 2.0).to_bits(),
                _ => w & 0xBFFF_FFFF, // no NaN
            })
            .collect(),
        _ => x
            .iter()
            .enumerate()
            .map(|(i, &w)| if i % 3 == 0 { w % 7 } else { w })
            .collect(),
    }
}
/// The stable order of a row's indices.
fn naive(row: &[u32], order: Order) -> Vec<u32> {
    let mut at: Vec<u32> = (0..row.len() as u32).collect();
    at.sort_by(|&a, &b| compare(order)(row[a as usize], row[b as usize]));
    at
}

#[test]
fn rows_are_sorted_stably() {
    for order in [Order::F32, Order::I32, Order::U32] {
        for n in SIZES.into_iter().chain([48, 49, 1000, 70_000]) {
            let x = data(n, order);
            let mut ws = Guarded::new(1, &vec![0; sort::workspace_words(n)]);
            let (mut values, mut indices) = (Guarded::new(2, &x), Guarded::new(3, &x));
            // SAFETY: shapes as stated; sorting in place is allowed.
            unsafe {
                sort::sort_rows(values.ptr(), values.ptr(), ROWS, n, order, ws.ptr());
                sort::argsort_rows(indices.ptr(), x.as_ptr(), ROWS, n, order, ws.ptr());
            }
            ws.read();
            for r in 0..ROWS {
                let row = &x[r * n..][..n];
                let wanted = naive(row, order);
                assert_eq!(indices.read()[r * n..][..n], wanted, "{order:?} {n}");
                let sorted: Vec<u32> = wanted.iter().map(|&i| row[i as usize]).collect();
                assert_eq!(values.read()[r * n..][..n], sorted, "{order:?} {n}");
            }
        }
    }
}

#[test]
fn top_k_is_descending_with_ties_to_the_lower_index() {
    for order in [Order::F32, Order::I32] {
        for (n, k) in [
            (0, 0),
            (1, 0),
            (1, 1),
            (10, 5),
            (10, 10),
            (100, 32),
            (100, 33),
            (1000, 1),
            (1000, 1000),
        ] {
            let x = data(n, order);
            let mut ws = Guarded::new(1, &vec![0; sort::workspace_words(n)]);
            let (mut values, mut indices) = (Guarded::new(2, &vec![7; ROWS * k]), Guarded::new(3, &vec![7; ROWS * k]));
            // SAFETY: shapes as stated.
            unsafe { sort::top_k_rows(values.ptr(), indices.ptr(), x.as_ptr(), ROWS, n, k, order, ws.ptr()) }
            ws.read();
            for r in 0..ROWS {
                let row = &x[r * n..][..n];
                let mut wanted: Vec<u32> = (0..n as u32).collect();
                wanted.sort_by(|&a, &b| compare(order)(row[b as usize], row[a as usize]));
                wanted.truncate(k);
                assert_eq!(indices.read()[r * k..][..k], wanted, "{order:?} {n} {k}");
                let largest: Vec<u32> = wanted.iter().map(|&i| row[i as usize]).collect();
                assert_eq!(values.read()[r * k..][..k], largest, "{order:?} {n} {k}");
            }
        }
    }
}
