//! Single-pass kernels of chains that matter: the Adam update, softmax, dropout.

use crate::lanes::{F4, U4};
use crate::math::{BLOCK, Scratch, exp::exp_negative, log::log_of, pass};
use crate::random;

/// One Adam step over `n` weights:
/// `m' = m + (g − m)·rate1`, `v' = v + (g² − v)·rate2`, `w' = w − m'·alpha / (√v' + eps)`.
///
/// `dst = [w', m', v']`, `src = [w, g, m, v]`; a destination may be exactly its source. `rate1` is 1 − β₁ rounded once from f64, as
/// Python computes it (in f32, 1 − 0.9 is another number); likewise `rate2`. Every operation rounds as the map of its name.
/// `alpha = lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ)`.
pub unsafe fn adam(n: usize, dst: [*mut f32; 3], src: [*const f32; 4], alpha: f32, rate1: f32, rate2: f32, eps: f32) {
    let [alpha, rate1, rate2, eps] = [alpha, rate1, rate2, eps].map(F4::splat);
    let step = |w: F4, g: F4, m: F4, v: F4| {
        let m = m + (g - m) * rate1;
        let v = v + (g * g - v) * rate2;
        [w - m * alpha / (v.sqrt() + eps), m, v]
    };
    let mut i = 0;
    // SAFETY: module contract; all four sources are read before the same words are written.
    unsafe {
        while i + 8 <= n {
            // Two vectors share the arithmetic of seven addresses.
            let [wp, gp, mp, vp] = src.map(|p| p.add(i));
            let [w2, m2, v2] = dst.map(|p| p.add(i));
            let [w, m, v] = step(F4::load(wp), F4::load(gp), F4::load(mp), F4::load(vp));
            w.store(w2);
            m.store(m2);
            v.store(v2);
            let [w, m, v] = step(
                F4::load(wp.add(4)),
                F4::load(gp.add(4)),
                F4::load(mp.add(4)),
                F4::load(vp.add(4)),
            );
            w.store(w2.add(4));
            m.store(m2.add(4));
            v.store(v2.add(4));
            i += 8;
        }
        while i < n {
            let [w, g, m, v] = src.map(|p| F4::splat(*p.add(i)));
            step(w, g, m, v)
                .into_iter()
                .zip(dst)
                .for_each(|(y, p)| *p.add(i) = y.lane::<0>());
            i += 1;
        }
    }
}

/// `x, y: [rows, n]`: `y = e^(x − max) / Σ e^(x − max)` of each row; `dst` may be `src`. A row's bits do not depend on the others.
/// Exponentials below e^−87.3 are 0. A row with NaN or +∞, or of −∞ alone, gives NaN. Sums: in order up to 16 columns, else four
/// vector accumulators.
pub unsafe fn softmax_rows(dst: *mut f32, src: *const f32, rows: usize, n: usize) {
    // SAFETY: module contract.
    unsafe {
        if n <= FEW_COLUMNS {
            few_columns(dst, src, rows, n, |y, e, _, sum| {
                let inverse = F4::splat(1.0 / sum);
                overlapping(
                    n,
                    |j| (F4::load(e.add(j)) * inverse).store(y.add(j)),
                    |j| {
                        *y.add(j) = *e.add(j) * inverse.lane::<0>();
                    },
                );
            })
        } else {
            for r in 0..rows {
                let (src, dst) = (src.add(r * n), dst.add(r * n));
                let max = F4::splat(row_max(src, n));
                let mut sum = Sum::new();
                each_block(n, |at, len, padded| {
                    let mut e = Scratch::new();
                    let (e, x) = (e.ptr(), src.add(at));
                    exp_negative(padded, e, |i| load_tail(x, i, len) - max);
                    sum.add(e, len);
                    store_tail(dst.add(at), e, len);
                });
                let inverse = F4::splat(1.0 / sum.total());
                each_vector(dst, dst, n, |y| y * inverse);
            }
        }
    }
}

/// `x, y: [rows, n]`: `y = (x − max) − ln Σ e^(x − max)` of each row; `dst` may be `src`. Otherwise as [`softmax_rows`].
pub unsafe fn log_softmax_rows(dst: *mut f32, src: *const f32, rows: usize, n: usize) {
    // SAFETY: module contract.
    unsafe {
        if n <= FEW_COLUMNS {
            few_columns(dst, src, rows, n, |y, _, shifted, sum| {
                let log = F4::splat(log_one(sum));
                overlapping(
                    n,
                    |j| (F4::load(shifted.add(j)) - log).store(y.add(j)),
                    |j| {
                        *y.add(j) = *shifted.add(j) - log.lane::<0>();
                    },
                );
            })
        } else {
            for r in 0..rows {
                let (src, dst) = (src.add(r * n), dst.add(r * n));
                let max = F4::splat(row_max(src, n));
                let mut sum = Sum::new();
                each_block(n, |at, len, padded| {
                    let mut e = Scratch::new();
                    let (e, x) = (e.ptr(), src.add(at));
                    exp_negative(padded, e, |i| load_tail(x, i, len) - max);
                    sum.add(e, len);
                });
                let log = F4::splat(log_one(sum.total()));
                each_vector(dst, src, n, |x| x - max - log);
            }
        }
    }
}

/// `y[i] = uniform[i] < keep ? x[i]·scale : 0` with element `offset + i` of the stream of `key`: inverted dropout when
/// `scale = 1 / keep`. `dst` may be `src`.
pub unsafe fn dropout(n: usize, dst: *mut f32, src: *const f32, key: random::Key, offset: u64, keep: f32, scale: f32) {
    let [keep, scale, one] = [keep, scale, 1.0].map(F4::splat);
    let mut bits = Scratch::new();
    let bits = bits.ptr();
    let mut at = 0;
    while at < n {
        let len = BLOCK.min(n - at);
        // SAFETY: module contract; scratch holds a block.
        unsafe {
            random::bits(key, offset + at as u64, len, bits.cast());
            let x = src.add(at);
            let mask = |i: usize| ((U4::load(bits.add(i).cast()).shr::<9>() | one.bits()).as_f32() - one).lt(keep);
            pass(len - len % 4, |i| {
                (mask(i) & (F4::load(x.add(i)) * scale).bits())
                    .as_f32()
                    .store(dst.add(at + i));
            });
            if !len.is_multiple_of(4) {
                let i = len - len % 4;
                (mask(i) & (load_tail(x, i, len) * scale).bits())
                    .as_f32()
                    .store(bits.add(i));
                (i..len).for_each(|i| *dst.add(at + i) = *bits.add(i));
            }
        }
        at += len;
    }
}

/// Rows of at most this many columns are gathered: their exponentials run as one block.
const FEW_COLUMNS: usize = 16;

/// For short rows: shifts each by its maximum, takes all exponentials at once, and finishes each with
/// `finish(destination, exponentials, shifted, sum)`.
#[inline(always)]
unsafe fn few_columns(
    dst: *mut f32,
    src: *const f32,
    rows: usize,
    n: usize,
    finish: impl Fn(*mut f32, *const f32, *const f32, f32),
) {
    if n == 0 {
        return;
    }
    let (mut shifted, mut e) = (Scratch::new(), Scratch::new());
    let (shifted, e) = (shifted.ptr(), e.ptr());
    let together = BLOCK / n;
    let mut r = 0;
    while r < rows {
        let count = together.min(rows - r);
        let words = count * n;
        // SAFETY: `words ≤ BLOCK`, and the rows lie inside the arrays.
        unsafe {
            let (x, y) = (src.add(r * n), dst.add(r * n));
            for q in (0..words).step_by(n) {
                let max = F4::splat(short_max(x.add(q), n));
                overlapping(
                    n,
                    |i| (F4::load(x.add(q + i)) - max).store(shifted.add(q + i)),
                    |i| {
                        *shifted.add(q + i) = *x.add(q + i) - max.lane::<0>();
                    },
                );
            }
            let padded = words.next_multiple_of(4);
            (words..padded).for_each(|i| *shifted.add(i) = 0.0);
            exp_negative(padded, e, |i| F4::load(shifted.add(i)));
            for q in (0..words).step_by(n) {
                let mut sum = 0.0;
                (q..q + n).for_each(|i| sum += *e.add(i));
                finish(y.add(q), e.add(q), shifted.add(q), sum);
            }
        }
        r += count;
    }
}

/// Covers `n` words by vectors of which the last may overlap the one before, so every word may be written twice, the same each time:
/// the destination must not be the source. Below four words, one by one.
#[inline(always)]
fn overlapping(n: usize, mut vector: impl FnMut(usize), word: impl FnMut(usize)) {
    if n < 4 {
        return (0..n).for_each(word);
    }
    let mut i = 0;
    while i + 4 <= n {
        vector(i);
        i += 4;
    }
    if i < n {
        vector(n - 4);
    }
}

/// [`row_max`] of a short row. On lanes throughout: V8 compiles a choice between two scalars to a branch.
#[inline(always)]
unsafe fn short_max(x: *const f32, n: usize) -> f32 {
    let mut max = F4::splat(f32::NEG_INFINITY);
    let mut other = max;
    // SAFETY: the row holds n words.
    unsafe {
        overlapping(
            n,
            |i| max = max.pmax(F4::load(x.add(i))),
            |i| other = other.pmax(F4::load_splat(x.add(i))),
        );
    }
    let all = max.pmax(other);
    let pair = |a: f32, b: f32| F4::splat(a).pmax(F4::splat(b));
    pair(all.lane::<0>(), all.lane::<1>())
        .pmax(pair(all.lane::<2>(), all.lane::<3>()))
        .lane::<0>()
}

/// The largest element that is not NaN; −∞ if there is none.
#[inline(always)]
unsafe fn row_max(src: *const f32, n: usize) -> f32 {
    let mut acc = [F4::splat(f32::NEG_INFINITY); 4];
    let mut i = 0;
    // SAFETY: the row holds n words.
    unsafe {
        while i + 16 <= n {
            for (q, a) in acc.iter_mut().enumerate() {
                *a = a.pmax(F4::load(src.add(i + 4 * q)));
            }
            i += 16;
        }
        let all = acc[0].pmax(acc[1]).pmax(acc[2].pmax(acc[3]));
        let mut max = all.lane::<0>();
        for x in [all.lane::<1>(), all.lane::<2>(), all.lane::<3>()] {
            max = if x > max { x } else { max };
        }
        while i < n {
            max = if *src.add(i) > max { *src.add(i) } else { max };
            i += 1;
        }
        max
    }
}

/// A sum that is fed by blocks: four vector accumulators, whose turns do not depend on where blocks end (their length is a
/// multiple of 16), and a tail.
struct Sum {
    acc: [F4; 4],
    tail: f32,
}

impl Sum {
    #[inline(always)]
    fn new() -> Self {
        Self {
            acc: [F4::splat(0.0); 4],
            tail: 0.0,
        }
    }
    #[inline(always)]
    unsafe fn add(&mut self, x: *const f32, n: usize) {
        let mut i = 0;
        // SAFETY: x holds n words.
        unsafe {
            while i + 16 <= n {
                for (q, a) in self.acc.iter_mut().enumerate() {
                    *a = *a + F4::load(x.add(i + 4 * q));
                }
                i += 16;
            }
            while i + 4 <= n {
                self.acc[0] = self.acc[0] + F4::load(x.add(i));
                i += 4;
            }
            while i < n {
                self.tail += *x.add(i);
                i += 1;
            }
        }
    }
    #[inline(always)]
    fn total(&self) -> f32 {
        let [a, b, c, d] = self.acc;
        let v = (a + b) + (c + d);
        ((v.lane::<0>() + v.lane::<2>()) + (v.lane::<1>() + v.lane::<3>())) + self.tail
    }
}

/// ln x of one number, by the same steps as the block function.
#[inline(always)]
fn log_one(x: f32) -> f32 {
    let mut y = [0.0; 4];
    // SAFETY: four words, and `log_of` reads no memory.
    unsafe { log_of(4, y.as_mut_ptr(), |_| F4::splat(x)) }
    y[0]
}

/// Runs `f(first, length, length rounded up to vectors)` for every block of a row.
#[inline(always)]
fn each_block(n: usize, mut f: impl FnMut(usize, usize, usize)) {
    let mut at = 0;
    while at < n {
        let len = BLOCK.min(n - at);
        f(at, len, len.next_multiple_of(4));
        at += len;
    }
}

/// The vector at `i` of `n` words; zeros beyond them.
#[inline(always)]
unsafe fn load_tail(p: *const f32, i: usize, n: usize) -> F4 {
    // SAFETY: words below n are valid.
    unsafe {
        if i + 4 <= n {
            return F4::load(p.add(i));
        }
        let word = |q: usize| if i + q < n { *p.add(i + q) } else { 0.0 };
        F4::new(word(0), word(1), word(2), 0.0)
    }
}

/// Copies `n` words of a scratch block.
#[inline(always)]
unsafe fn store_tail(dst: *mut f32, src: *const f32, n: usize) {
    // SAFETY: both hold n words.
    unsafe { each_vector(dst, src, n, |x| x) }
}

/// `dst[i] = f(src[i])`; `dst` may be `src`.
#[inline(always)]
unsafe fn each_vector(dst: *mut f32, src: *const f32, n: usize, f: impl Fn(F4) -> F4) {
    let whole = n - n % 4;
    // SAFETY: both hold n words.
    unsafe {
        pass(whole, |i| f(F4::load(src.add(i))).store(dst.add(i)));
        (whole..n).for_each(|i| *dst.add(i) = f(F4::splat(*src.add(i))).lane::<0>());
    }
}
