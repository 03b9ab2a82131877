//! The matrix product against a scalar loop, bit for bit.

use keratin_kernels::gemm::{Mat, gemm, gemm_packed, pack_b, packed_words, workspace_words};
use keratin_kernels::peak::peak;

/// A number that no kernel computes: left of, between and behind what it may write.
const SENTINEL: f32 = 1.5e30;

/// Deterministic values in −1 … 1 whose products round, so that a changed order of summation shows.
fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut x = seed.wrapping_mul(0x9E37_79B9) | 1;
    let next = |_| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as i32 as f32 / 2_147_483_648.0
    };
    (0..len).map(next).collect()
}

/// How an operand lies in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Rows,
    /// Transposed: columns are contiguous.
    Columns,
    /// Neither stride is 1.
    Spread,
}
const LAYOUTS: [Layout; 3] = [Layout::Rows, Layout::Columns, Layout::Spread];

/// A matrix of [rows, cols] one word off every 16-byte boundary, and its view.
fn matrix(rows: usize, cols: usize, layout: Layout, seed: u32) -> (Vec<f32>, usize, usize) {
    match layout {
        Layout::Rows => (values(rows * cols + 1, seed), cols, 1),
        Layout::Columns => (values(rows * cols + 1, seed), 1, rows),
        Layout::Spread => (values(rows * cols * 6 + 1, seed), cols * 3, 2),
    }
}

/// The definition: `Σ_p a·b`, p ascending.
fn scalar(m: usize, n: usize, k: usize, a: (&[f32], usize, usize), b: (&[f32], usize, usize)) -> Vec<f32> {
    let mut c = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let mut sum = 0.0f32;
            for p in 0..k {
                sum += a.0[1 + i * a.1 + p * a.2] * b.0[1 + p * b.1 + j * b.2];
            }
            c.push(sum);
        }
    }
    c
}

fn check(m: usize, n: usize, k: usize, la: Layout, lb: Layout) {
    let ((a, ars, acs), (b, brs, bcs)) = (matrix(m, k, la, 1), matrix(k, n, lb, 2));
    let want = scalar(m, n, k, (&a, ars, acs), (&b, brs, bcs));
    let ma = Mat {
        ptr: a[1..].as_ptr(),
        rs: ars,
        cs: acs,
    };
    let mb = Mat {
        ptr: b[1..].as_ptr(),
        rs: brs,
        cs: bcs,
    };
    for (ldc, packed) in [(n, false), (n + 3, false), (n, true)] {
        let mut c = vec![SENTINEL; 1 + m * ldc + 8];
        let words = workspace_words(m, n, k);
        let mut ws = vec![SENTINEL; words + 8];
        let mut panels = vec![SENTINEL; packed_words(n, k) + 8];
        // SAFETY: sizes as the contract asks; the sentinels check that nothing more is written.
        unsafe {
            if packed {
                let half = (n / 2).next_multiple_of(8).min(n);
                pack_b(n, k, mb, panels.as_mut_ptr(), 0, half);
                if half < n {
                    pack_b(n, k, mb, panels.as_mut_ptr(), half, n);
                }
                gemm_packed(m, n, k, ma, panels.as_ptr(), c[1..].as_mut_ptr(), ldc, ws.as_mut_ptr());
            } else {
                gemm(m, n, k, ma, mb, c[1..].as_mut_ptr(), ldc, ws.as_mut_ptr());
            }
        }
        let what = format!("{m}×{k}·{k}×{n} {la:?} {lb:?} ldc {ldc} packed {packed}");
        for i in 0..m {
            for j in 0..n {
                let got = c[1 + i * ldc + j];
                assert!(
                    got == want[i * n + j],
                    "{what}: [{i}, {j}] is {got}, not {}",
                    want[i * n + j]
                );
            }
            assert!(
                c[1 + i * ldc + n..1 + (i + 1) * ldc].iter().all(|&x| x == SENTINEL),
                "{what}: wrote between rows"
            );
        }
        assert!(
            c[0] == SENTINEL && c[1 + m * ldc..].iter().all(|&x| x == SENTINEL),
            "{what}: wrote outside C"
        );
        assert!(
            ws[words..].iter().all(|&x| x == SENTINEL),
            "{what}: wrote behind the workspace"
        );
        assert!(
            panels[packed_words(n, k)..].iter().all(|&x| x == SENTINEL),
            "{what}: wrote behind the panels"
        );
    }
}

#[test]
fn equals_the_scalar_loop_at_odd_sizes_and_all_layouts() {
    let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 17, 33];
    for m in sizes {
        for n in sizes {
            for k in [0, 1, 3, 4, 17] {
                for la in LAYOUTS {
                    for lb in LAYOUTS {
                        check(m, n, k, la, lb);
                    }
                }
            }
        }
    }
}

#[test]
fn equals_the_scalar_loop_when_blocks_and_packing_come_into_play() {
    for (m, n, k) in [
        (65, 65, 65),
        (64, 10, 784),
        (10, 64, 784),
        (67, 130, 513),
        (70, 523, 33),
        (9, 1030, 100),
        (3, 600, 700),
        (64, 128, 785),
        (128, 784, 64),
        (33, 17, 961),
    ] {
        for la in LAYOUTS {
            for lb in LAYOUTS {
                check(m, n, k, la, lb);
            }
        }
    }
}

#[test]
fn one_row_or_one_column_equals_the_scalar_loop() {
    for (n, k) in [
        (10, 128),
        (128, 784),
        (31, 65),
        (513, 700),
        (1029, 1000),
        (7, 900),
        (1, 1),
        (1, 2000),
        (100, 1),
    ] {
        for la in LAYOUTS {
            for lb in LAYOUTS {
                check(1, n, k, la, lb);
                check(n, 1, k, la, lb);
            }
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_of_the_same_row_in_a_batch() {
    let (m, n, k) = (64, 128, 784);
    let (a, b) = (values(m * k, 3), values(k * n, 4));
    let mut ws = vec![0.0; workspace_words(m, n, k)];
    let (mut batch, mut row) = (vec![0.0; m * n], vec![0.0; n]);
    // SAFETY: all sizes as allocated.
    unsafe {
        let mb = Mat {
            ptr: b.as_ptr(),
            rs: n,
            cs: 1,
        };
        gemm(
            m,
            n,
            k,
            Mat {
                ptr: a.as_ptr(),
                rs: k,
                cs: 1,
            },
            mb,
            batch.as_mut_ptr(),
            n,
            ws.as_mut_ptr(),
        );
        for i in [0, 17, 63] {
            let ma = Mat {
                ptr: a[i * k..].as_ptr(),
                rs: k,
                cs: 1,
            };
            gemm(1, n, k, ma, mb, row.as_mut_ptr(), n, ws.as_mut_ptr());
            assert_eq!(row, batch[i * n..][..n]);
        }
    }
}

#[test]
fn splits_by_rows_and_by_columns_have_the_bits_of_the_whole() {
    let (m, n, k) = (96, 104, 300);
    let (a, b) = (values(m * k, 5), values(k * n, 6));
    let mut ws = vec![0.0; workspace_words(m, n, k)];
    let (mut whole, mut parts) = (vec![0.0; m * n], vec![SENTINEL; m * n]);
    let ma = Mat {
        ptr: a.as_ptr(),
        rs: k,
        cs: 1,
    };
    let mb = Mat {
        ptr: b.as_ptr(),
        rs: n,
        cs: 1,
    };
    // SAFETY: all sizes as allocated; parts are sub-matrices.
    unsafe {
        gemm(m, n, k, ma, mb, whole.as_mut_ptr(), n, ws.as_mut_ptr());
        for (i, rows) in [(0, 4), (4, 33), (37, 59)] {
            for (j, cols) in [(0, 8), (8, 1), (9, 95)] {
                let part = Mat {
                    ptr: a[i * k..].as_ptr(),
                    ..ma
                };
                let right = Mat {
                    ptr: b[j..].as_ptr(),
                    ..mb
                };
                gemm(
                    rows,
                    cols,
                    k,
                    part,
                    right,
                    parts[i * n + j..].as_mut_ptr(),
                    n,
                    ws.as_mut_ptr(),
                );
            }
        }
    }
    assert_eq!(whole, parts);
}

#[test]
fn nan_and_infinity_pass_through() {
    // Row 0 is NaN · 1, row 1 is ∞ · 0 = NaN, row 2 is ∞ · 1; padding and overlap must not spread them.
    let a = [f32::NAN, f32::INFINITY, f32::INFINITY, 1.0];
    let b = [1.0, 0.0, 1.0];
    let mut c = [0.0; 12];
    let mut ws = vec![0.0; workspace_words(4, 3, 1)];
    // SAFETY: 4×1 times 1×3.
    unsafe {
        let (ma, mb) = (
            Mat {
                ptr: a.as_ptr(),
                rs: 1,
                cs: 1,
            },
            Mat {
                ptr: b.as_ptr(),
                rs: 3,
                cs: 1,
            },
        );
        gemm(4, 3, 1, ma, mb, c.as_mut_ptr(), 3, ws.as_mut_ptr());
    }
    assert!(c[..3].iter().all(|x| x.is_nan()));
    assert!(c[3] == f32::INFINITY && c[4].is_nan() && c[5] == f32::INFINITY);
    assert_eq!(c[9..], [1.0, 0.0, 1.0]);
}

#[test]
fn peak_sums_what_it_says() {
    // acc[j] = Σ x[j]·y over two rounds, first half of y for j < 4.
    let (y, x) = (values(16, 7), values(16, 8));
    let mut out = [0.0; 32];
    // SAFETY: 8·2 words of y, 16 of x, 32 of out.
    unsafe { peak(2, y.as_ptr(), x.as_ptr(), out.as_mut_ptr()) };
    for (i, got) in out.into_iter().enumerate() {
        let (half, vector, lane) = (i / 16, i % 16 / 4, i % 4);
        let product = |round: usize| x[4 * vector + lane] * y[8 * round + 4 * half + lane];
        assert_eq!(got, product(0) + product(1));
    }
}
