//! Normalization of rows, and its pull-back. Four rows run side by side, each by itself: what is short has no sum of four lanes to wait for,
//! and what follows from sums (a root, a division) is computed for all four at once.

use crate::lanes::F4;

/// Columns that share one set of accumulators.
const BLOCK: usize = 256;

/// `x, y: [rows, n]`, `scale: [rows]`: scale = 1/√(variance + epsilon), y = (x − mean)·scale, of rows `from..to`; `y` may be `x`.
/// Not `centred`: as if the mean were 0. The variance is the mean of (x − mean)².
#[inline(never)]
pub unsafe fn normalize(
    y: *mut f32,
    scale: *mut f32,
    x: *const f32,
    n: usize,
    centred: bool,
    epsilon: f32,
    from: usize,
    to: usize,
) {
    let [zero, one, share, epsilon] = [0.0, 1.0, 1.0 / n as f32, epsilon].map(F4::splat);
    for four in fours(from, to) {
        let at = four.map(|r| r * n);
        // SAFETY: the caller's rows; each is read before its place is written.
        unsafe {
            let mean = if centred {
                sums(x, x, at, n, zero, |x, _, _| [x])[0] * share
            } else {
                zero
            };
            let [squares] = sums(x, x, at, n, mean, |x, _, mean| [(x - mean) * (x - mean)]);
            let factor = one / (squares * share + epsilon).sqrt();
            put(scale, four, factor);
            each(y, x, x, at, n, [mean, factor, factor], |x, _, [mean, factor, _]| {
                (x - mean) * factor
            });
        }
    }
}

/// `y, scale` of [`normalize`] and the cotangent `g` of y → the cotangent of x: `dx = scale·(g − mean(g) − y·mean(g·y))`, without mean(g) where
/// the rows were not `centred`. `dx` may be `g` or `y`.
#[inline(never)]
pub unsafe fn normalize_pull(
    dx: *mut f32,
    y: *const f32,
    scale: *const f32,
    g: *const f32,
    n: usize,
    centred: bool,
    from: usize,
    to: usize,
) {
    let share = F4::splat(1.0 / n as f32);
    // Not centred, the mean counts as nothing.
    let shift = if centred { share } else { F4::splat(0.0) };
    for four in fours(from, to) {
        let at = four.map(|r| r * n);
        // SAFETY: as above.
        unsafe {
            let [mean, along] = sums(y, g, at, n, share, |y, g, _| [g, y * g]);
            let (mean, along) = (mean * shift, along * share);
            let factor = across(scale, four);
            each(dx, y, g, at, n, [mean, along, factor], |y, g, [mean, along, factor]| {
                (g - mean - y * along) * factor
            });
        }
    }
}

/// Rows by four; the last is repeated where there are fewer, and written twice alike.
fn fours(from: usize, to: usize) -> impl Iterator<Item = [usize; 4]> {
    (from..to)
        .step_by(4)
        .map(move |r| [0, 1, 2, 3].map(|k| (r + k).min(to - 1)))
}

/// A word of each row.
#[inline(always)]
unsafe fn across(p: *const f32, at: [usize; 4]) -> F4 {
    // SAFETY: the caller's.
    let [a, b, c, d] = at.map(|i| unsafe { *p.add(i) });
    F4::new(a, b, c, d)
}
#[inline(always)]
unsafe fn put(p: *mut f32, at: [usize; 4], x: F4) {
    let x = [x.lane::<0>(), x.lane::<1>(), x.lane::<2>(), x.lane::<3>()];
    // SAFETY: the caller's.
    at.into_iter().zip(x).for_each(|(i, x)| unsafe { *p.add(i) = x });
}
/// Each lane four times.
#[inline(always)]
fn apart(x: F4) -> [F4; 4] {
    [x.lane::<0>(), x.lane::<1>(), x.lane::<2>(), x.lane::<3>()].map(F4::splat)
}

/// K sums Σ f(a, b, own) of each row, in its lane; `own` is the row's number. Order: four lanes over a block of columns, blocks, the last columns.
#[inline(always)]
unsafe fn sums<const K: usize>(
    a: *const f32,
    b: *const f32,
    at: [usize; 4],
    n: usize,
    own: F4,
    f: impl Fn(F4, F4, F4) -> [F4; K],
) -> [F4; K] {
    let (whole, row, zero) = (n - n % 4, apart(own), [[F4::splat(0.0); 4]; K]);
    let mut total = zero;
    let mut j = 0;
    // SAFETY: columns below n of the rows.
    unsafe {
        while j < whole {
            let end = whole.min(j + BLOCK);
            let mut acc = zero;
            while j < end {
                for k in 0..4 {
                    let i = at[k] + j;
                    let terms = f(F4::load(a.add(i)), F4::load(b.add(i)), row[k]);
                    (0..K).for_each(|q| acc[q][k] = acc[q][k] + terms[q]);
                }
                j += 4;
            }
            for (t, a) in total.as_flattened_mut().iter_mut().zip(acc.as_flattened()) {
                *t = *t + *a;
            }
        }
        let mut all = total.map(|t| {
            let [p, q, r, s] = F4::transpose(t);
            (p + q) + (r + s)
        });
        while j < n {
            let i = at.map(|i| i + j);
            let terms = f(across(a, i), across(b, i), own);
            (0..K).for_each(|q| all[q] = all[q] + terms[q]);
            j += 1;
        }
        all
    }
}

/// `dst = f(a, b, own)` in each row, with numbers of its own. All four are read before one is written.
#[inline(always)]
unsafe fn each(
    dst: *mut f32,
    a: *const f32,
    b: *const f32,
    at: [usize; 4],
    n: usize,
    own: [F4; 3],
    f: impl Fn(F4, F4, [F4; 3]) -> F4,
) {
    let [p, q, r] = own.map(apart);
    let mut j = 0;
    // SAFETY: columns below n of the rows.
    unsafe {
        while j + 4 <= n {
            let of = |k: usize| {
                f(
                    F4::load(a.add(at[k] + j)),
                    F4::load(b.add(at[k] + j)),
                    [p[k], q[k], r[k]],
                )
            };
            let made = [of(0), of(1), of(2), of(3)];
            at.into_iter().zip(made).for_each(|(i, x)| x.store(dst.add(i + j)));
            j += 4;
        }
        while j < n {
            let i = at.map(|i| i + j);
            put(dst, i, f(across(a, i), across(b, i), own));
            j += 1;
        }
    }
}
