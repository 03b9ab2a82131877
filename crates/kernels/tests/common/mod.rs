//! Shared by the kernel tests: guarded buffers, odd sizes, distances in ulps.
#![allow(dead_code)] // each test file uses its part

use keratin_kernels::map::MapFn;

/// Lengths around vectors, turns and blocks.
pub const SIZES: [usize; 14] = [0, 1, 3, 4, 5, 7, 8, 9, 17, 65, 255, 257, 512, 513];
/// Values where functions change their mind.
pub const SPECIALS: [f32; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    1e-40,
    -1e-40,
    f32::MIN_POSITIVE,
    200.0,
    -200.0,
    3e9,
    f32::MAX,
    f32::MIN,
];
const SENTINEL: u32 = 0xDEAD_BEEF;

/// `n` words that start `offset` words into an allocation, with sentinels on both sides.
pub struct Guarded {
    words: Vec<u32>,
    offset: usize,
    n: usize,
}

impl Guarded {
    pub fn new(offset: usize, content: &[u32]) -> Self {
        let mut words = vec![SENTINEL; offset + content.len() + 9];
        words[offset..offset + content.len()].copy_from_slice(content);
        Self {
            words,
            offset,
            n: content.len(),
        }
    }
    pub fn ptr(&mut self) -> *mut u32 {
        // SAFETY: the offset is inside the allocation.
        unsafe { self.words.as_mut_ptr().add(self.offset) }
    }
    /// The content, after a check that nothing around it was touched.
    pub fn read(&self) -> Vec<u32> {
        let end = self.offset + self.n;
        assert!(
            self.words[..self.offset]
                .iter()
                .chain(&self.words[end..])
                .all(|&w| w == SENTINEL),
            "wrote outside"
        );
        self.words[self.offset..end].to_vec()
    }
}

pub fn words(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}
pub fn floats(x: &[u32]) -> Vec<f32> {
    x.iter().map(|&x| f32::from_bits(x)).collect()
}

/// A reproducible sequence of words.
pub fn noise(n: usize, seed: u32) -> Vec<u32> {
    let mut x = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x
    };
    (0..n).map(|_| next().wrapping_mul(0x9E37_79B1)).collect()
}
/// Floats in (−range, range).
pub fn noise_f32(n: usize, seed: u32, range: f32) -> Vec<f32> {
    noise(n, seed)
        .into_iter()
        .map(|x| (x as i32 as f32) / 2_147_483_648.0 * range)
        .collect()
}

/// Words compared as floats whose NaNs are all equal.
pub fn same_f32(a: &[u32], b: &[u32]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(&a, &b)| a == b || (f32::from_bits(a).is_nan() && f32::from_bits(b).is_nan()))
}

/// Runs a map on fresh sources, with offsets that break alignment, into a distinct destination.
pub fn run(f: MapFn, sources: &[&[u32]], params: &[f32]) -> Vec<u32> {
    let n = sources[0].len();
    let mut guarded: Vec<Guarded> = sources
        .iter()
        .enumerate()
        .map(|(i, s)| Guarded::new(i + 1, s))
        .collect();
    let mut src = [core::ptr::dangling::<u32>(); 3];
    guarded.iter_mut().zip(&mut src).for_each(|(g, p)| *p = g.ptr());
    let mut dst = Guarded::new(3, &vec![7; n]);
    // SAFETY: all arrays hold n words.
    unsafe { f(n, dst.ptr(), src, params) }
    dst.read()
}

/// The same with source `into` as the destination.
pub fn run_in_place(f: MapFn, sources: &[&[u32]], params: &[f32], into: usize) -> Vec<u32> {
    let n = sources[0].len();
    let mut guarded: Vec<Guarded> = sources
        .iter()
        .enumerate()
        .map(|(i, s)| Guarded::new(i + 1, s))
        .collect();
    let mut src = [core::ptr::dangling::<u32>(); 3];
    guarded.iter_mut().zip(&mut src).for_each(|(g, p)| *p = g.ptr());
    // SAFETY: all arrays hold n words, and the destination is exactly a source.
    unsafe { f(n, src[into].cast_mut(), src, params) }
    guarded[into].read()
}

/// How far `y` is from the true value, in units of the last place of the correctly rounded one.
pub fn ulps(y: f32, truth: f64) -> f64 {
    let rounded = truth as f32;
    if truth.is_nan() || y.is_nan() {
        return if truth.is_nan() && y.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if y == rounded {
        return if y.is_infinite() {
            0.0
        } else {
            (f64::from(y) - truth).abs() / unit(rounded)
        };
    }
    if rounded.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    (f64::from(y) - truth).abs() / unit(rounded)
}
fn unit(x: f32) -> f64 {
    f64::from(x.abs().next_up().min(f32::MAX)) - f64::from(x.abs().min(f32::MAX.next_down()))
}
