//! Four lanes of f32 (`F4`) and of 32-bit integers (`U4`): simd128 in WebAssembly, arrays elsewhere, the same bits in both.

use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

/// Four `f32`.
#[derive(Clone, Copy)]
pub struct F4(imp::V);
/// Four 32-bit integers, or a mask whose lanes are all ones or all zeros.
#[derive(Clone, Copy)]
pub struct U4(imp::V);

/// `acc + a·b`: two roundings, or one where the `relaxed` build's machine fuses them. Only products may call this.
#[inline(always)]
pub fn fma(acc: F4, a: F4, b: F4) -> F4 {
    F4(imp::fma(acc.0, a.0, b.0))
}

/// `a·b + c` rounded once on every machine: the product is exact in `f64`. Slow; for formulas whose bits are promised.
#[inline(always)]
pub fn fma_exact(a: F4, b: F4, c: F4) -> F4 {
    F4(imp::fma_exact(a.0, b.0, c.0))
}

impl F4 {
    #[inline(always)]
    pub fn splat(x: f32) -> Self {
        Self(imp::splat(x.to_bits()))
    }
    #[inline(always)]
    pub fn new(a: f32, b: f32, c: f32, d: f32) -> Self {
        Self(imp::four([a.to_bits(), b.to_bits(), c.to_bits(), d.to_bits()]))
    }
    /// # Safety
    /// `p` is valid for reads of four words.
    #[inline(always)]
    pub unsafe fn load(p: *const f32) -> Self {
        Self(unsafe { imp::load(p.cast()) })
    }
    /// One word in all four lanes.
    /// # Safety
    /// `p` is valid for a read of one word.
    #[inline(always)]
    pub unsafe fn load_splat(p: *const f32) -> Self {
        Self(unsafe { imp::load_splat(p.cast()) })
    }
    /// # Safety
    /// `p` is valid for writes of four words.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f32) {
        unsafe { imp::store(p.cast(), self.0) }
    }
    #[inline(always)]
    pub fn lane<const I: usize>(self) -> f32 {
        f32::from_bits(imp::lane::<I>(self.0))
    }
    #[inline(always)]
    pub fn bits(self) -> U4 {
        U4(self.0)
    }
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(imp::sqrt(self.0))
    }
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(imp::abs(self.0))
    }
    #[inline(always)]
    pub fn floor(self) -> Self {
        Self(imp::floor(self.0))
    }
    #[inline(always)]
    pub fn ceil(self) -> Self {
        Self(imp::ceil(self.0))
    }
    #[inline(always)]
    pub fn trunc(self) -> Self {
        Self(imp::trunc(self.0))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(imp::nearest(self.0))
    }
    /// `self < other ? other : self`: keeps a NaN of `self`, loses one of `other`. One instruction on x86.
    #[inline(always)]
    pub fn pmax(self, other: Self) -> Self {
        Self(imp::pmax(self.0, other.0))
    }
    /// `other < self ? other : self`: keeps a NaN of `self`, loses one of `other`.
    #[inline(always)]
    pub fn pmin(self, other: Self) -> Self {
        Self(imp::pmin(self.0, other.0))
    }
    #[inline(always)]
    pub fn lt(self, other: Self) -> U4 {
        U4(imp::lt(self.0, other.0))
    }
    #[inline(always)]
    pub fn le(self, other: Self) -> U4 {
        U4(imp::le(self.0, other.0))
    }
    #[inline(always)]
    pub fn eq(self, other: Self) -> U4 {
        U4(imp::eq(self.0, other.0))
    }
    #[inline(always)]
    pub fn ne(self, other: Self) -> U4 {
        U4(imp::ne(self.0, other.0))
    }
    /// The 4×4 block turned over its diagonal: lane c of row r becomes lane r of row c.
    #[inline(always)]
    pub fn transpose(rows: [Self; 4]) -> [Self; 4] {
        imp::transpose(rows.map(|r| r.0)).map(Self)
    }
    /// Rounds towards zero; NaN gives 0 and values out of range the nearest `i32`.
    #[inline(always)]
    pub fn to_i32(self) -> U4 {
        U4(imp::f_to_i(self.0))
    }
}

impl U4 {
    #[inline(always)]
    pub fn splat(x: u32) -> Self {
        Self(imp::splat(x))
    }
    #[inline(always)]
    pub fn new(x: [u32; 4]) -> Self {
        Self(imp::four(x))
    }
    /// # Safety
    /// `p` is valid for reads of four words.
    #[inline(always)]
    pub unsafe fn load(p: *const u32) -> Self {
        Self(unsafe { imp::load(p) })
    }
    /// # Safety
    /// `p` is valid for writes of four words.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut u32) {
        unsafe { imp::store(p, self.0) }
    }
    #[inline(always)]
    pub fn lane<const I: usize>(self) -> u32 {
        imp::lane::<I>(self.0)
    }
    /// The same bits as `f32`.
    #[inline(always)]
    pub fn as_f32(self) -> F4 {
        F4(self.0)
    }
    /// Signed integers to the nearest `f32`.
    #[inline(always)]
    pub fn i32_to_f32(self) -> F4 {
        F4(imp::i_to_f(self.0))
    }
    #[inline(always)]
    pub fn wrapping_add(self, other: Self) -> Self {
        Self(imp::iadd(self.0, other.0))
    }
    #[inline(always)]
    pub fn wrapping_sub(self, other: Self) -> Self {
        Self(imp::isub(self.0, other.0))
    }
    #[inline(always)]
    pub fn wrapping_mul(self, other: Self) -> Self {
        Self(imp::imul(self.0, other.0))
    }
    #[inline(always)]
    pub fn shl<const N: u32>(self) -> Self {
        Self(imp::shl::<N>(self.0))
    }
    /// Logical shift to the right.
    #[inline(always)]
    pub fn shr<const N: u32>(self) -> Self {
        Self(imp::shr::<N>(self.0))
    }
    /// Arithmetic shift to the right.
    #[inline(always)]
    pub fn sar<const N: u32>(self) -> Self {
        Self(imp::sar::<N>(self.0))
    }
    #[inline(always)]
    pub fn eq(self, other: Self) -> Self {
        Self(imp::ieq(self.0, other.0))
    }
    /// Signed comparison.
    #[inline(always)]
    pub fn lt_i32(self, other: Self) -> Self {
        Self(imp::ilt(self.0, other.0))
    }
    /// `self & !other`
    #[inline(always)]
    pub fn and_not(self, other: Self) -> Self {
        Self(imp::andnot(self.0, other.0))
    }
    /// Lane by lane: `self` is a mask; `a` where it is set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F4, b: F4) -> F4 {
        F4(imp::select(self.0, a.0, b.0))
    }
    #[inline(always)]
    pub fn select_u(self, a: U4, b: U4) -> U4 {
        U4(imp::select(self.0, a.0, b.0))
    }
    /// Is any lane non-zero?
    #[inline(always)]
    pub fn any(self) -> bool {
        imp::any(self.0)
    }
    /// Are all lanes non-zero?
    #[inline(always)]
    pub fn all(self) -> bool {
        imp::all(self.0)
    }
}

macro_rules! operator {
    ($type:ty, $trait:ident, $method:ident, $f:ident) => {
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(imp::$f(self.0, other.0))
            }
        }
    };
}
operator!(F4, Add, add, add);
operator!(F4, Sub, sub, sub);
operator!(F4, Mul, mul, mul);
operator!(F4, Div, div, div);
operator!(U4, BitAnd, bitand, and);
operator!(U4, BitOr, bitor, or);
operator!(U4, BitXor, bitxor, xor);
impl Neg for F4 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(imp::neg(self.0))
    }
}
impl Not for U4 {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(imp::xor(self.0, imp::splat(!0)))
    }
}

#[cfg(target_arch = "wasm32")]
mod imp {
    use core::arch::wasm32::*;
    pub type V = v128;

    #[inline(always)]
    pub fn fma(acc: V, a: V, b: V) -> V {
        #[cfg(feature = "relaxed")]
        return relaxed_madd(a, b, acc);
        #[cfg(not(feature = "relaxed"))]
        f32x4_add(acc, f32x4_mul(a, b))
    }
    #[cfg(feature = "relaxed")]
    #[inline(always)]
    fn relaxed_madd(a: V, b: V, c: V) -> V {
        f32x4_relaxed_madd(a, b, c)
    }
    #[inline(always)]
    pub fn fma_exact(a: V, b: V, c: V) -> V {
        let half = |a, b, c| {
            let product = f64x2_mul(f64x2_promote_low_f32x4(a), f64x2_promote_low_f32x4(b));
            f32x4_demote_f64x2_zero(f64x2_add(product, f64x2_promote_low_f32x4(c)))
        };
        let high = |v| i64x2_shuffle::<1, 0>(v, v);
        i64x2_shuffle::<0, 2>(half(a, b, c), half(high(a), high(b), high(c)))
    }
    #[inline(always)]
    pub fn splat(x: u32) -> V {
        u32x4_splat(x)
    }
    #[inline(always)]
    pub fn four(x: [u32; 4]) -> V {
        u32x4(x[0], x[1], x[2], x[3])
    }
    #[inline(always)]
    pub unsafe fn load(p: *const u32) -> V {
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    pub unsafe fn load_splat(p: *const u32) -> V {
        unsafe { v128_load32_splat(p) }
    }
    #[inline(always)]
    pub unsafe fn store(p: *mut u32, v: V) {
        unsafe { v128_store(p.cast(), v) }
    }
    #[inline(always)]
    pub fn lane<const I: usize>(v: V) -> u32 {
        u32x4_extract_lane::<I>(v)
    }
    #[inline(always)]
    pub fn select(m: V, a: V, b: V) -> V {
        v128_bitselect(a, b, m)
    }
    #[inline(always)]
    pub fn any(v: V) -> bool {
        v128_any_true(v)
    }
    #[inline(always)]
    pub fn all(v: V) -> bool {
        i32x4_all_true(v)
    }
    #[inline(always)]
    pub fn shl<const N: u32>(v: V) -> V {
        i32x4_shl(v, N)
    }
    #[inline(always)]
    pub fn shr<const N: u32>(v: V) -> V {
        u32x4_shr(v, N)
    }
    #[inline(always)]
    pub fn sar<const N: u32>(v: V) -> V {
        i32x4_shr(v, N)
    }
    #[inline(always)]
    pub fn transpose([a, b, c, d]: [V; 4]) -> [V; 4] {
        let (ab, ab2) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd, cd2) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(ab2, cd2),
            i64x2_shuffle::<1, 3>(ab2, cd2),
        ]
    }
    macro_rules! unary { ($($name:ident = $f:ident;)*) => { $( #[inline(always)] pub fn $name(a: V) -> V { $f(a) } )* } }
    macro_rules! binary { ($($name:ident = $f:ident;)*) => { $( #[inline(always)] pub fn $name(a: V, b: V) -> V { $f(a, b) } )* } }
    unary! { abs = f32x4_abs; neg = f32x4_neg; sqrt = f32x4_sqrt; floor = f32x4_floor; ceil = f32x4_ceil; trunc = f32x4_trunc; nearest = f32x4_nearest; f_to_i = i32x4_trunc_sat_f32x4; i_to_f = f32x4_convert_i32x4; }
    binary! {
        add = f32x4_add; sub = f32x4_sub; mul = f32x4_mul; div = f32x4_div; pmax = f32x4_pmax; pmin = f32x4_pmin;
        lt = f32x4_lt; le = f32x4_le; eq = f32x4_eq; ne = f32x4_ne; and = v128_and; or = v128_or; xor = v128_xor; andnot = v128_andnot;
        iadd = i32x4_add; isub = i32x4_sub; imul = i32x4_mul; ieq = i32x4_eq; ilt = i32x4_lt;
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imp {
    pub type V = [u32; 4];

    #[inline(always)]
    fn f1(a: V, f: impl Fn(f32) -> f32) -> V {
        a.map(|x| f(f32::from_bits(x)).to_bits())
    }
    #[inline(always)]
    fn f2(a: V, b: V, f: impl Fn(f32, f32) -> f32) -> V {
        core::array::from_fn(|i| f(f32::from_bits(a[i]), f32::from_bits(b[i])).to_bits())
    }
    #[inline(always)]
    fn mask(a: V, b: V, f: impl Fn(f32, f32) -> bool) -> V {
        core::array::from_fn(|i| {
            if f(f32::from_bits(a[i]), f32::from_bits(b[i])) {
                !0
            } else {
                0
            }
        })
    }
    #[inline(always)]
    fn u2(a: V, b: V, f: impl Fn(u32, u32) -> u32) -> V {
        core::array::from_fn(|i| f(a[i], b[i]))
    }
    #[inline(always)]
    pub fn fma(acc: V, a: V, b: V) -> V {
        add(acc, mul(a, b))
    }
    #[inline(always)]
    pub fn fma_exact(a: V, b: V, c: V) -> V {
        let product = |i: usize| f64::from(f32::from_bits(a[i])) * f64::from(f32::from_bits(b[i]));
        core::array::from_fn(|i| ((product(i) + f64::from(f32::from_bits(c[i]))) as f32).to_bits())
    }
    #[inline(always)]
    pub fn splat(x: u32) -> V {
        [x; 4]
    }
    #[inline(always)]
    pub fn four(x: [u32; 4]) -> V {
        x
    }
    #[inline(always)]
    pub unsafe fn load(p: *const u32) -> V {
        unsafe { p.cast::<V>().read_unaligned() }
    }
    #[inline(always)]
    pub unsafe fn load_splat(p: *const u32) -> V {
        [unsafe { p.read_unaligned() }; 4]
    }
    #[inline(always)]
    pub unsafe fn store(p: *mut u32, v: V) {
        unsafe { p.cast::<V>().write_unaligned(v) }
    }
    #[inline(always)]
    pub fn lane<const I: usize>(v: V) -> u32 {
        v[I]
    }
    #[inline(always)]
    pub fn select(m: V, a: V, b: V) -> V {
        core::array::from_fn(|i| (a[i] & m[i]) | (b[i] & !m[i]))
    }
    #[inline(always)]
    pub fn any(v: V) -> bool {
        v.iter().any(|&x| x != 0)
    }
    #[inline(always)]
    pub fn all(v: V) -> bool {
        v.iter().all(|&x| x != 0)
    }
    #[inline(always)]
    pub fn shl<const N: u32>(v: V) -> V {
        v.map(|x| x << N)
    }
    #[inline(always)]
    pub fn shr<const N: u32>(v: V) -> V {
        v.map(|x| x >> N)
    }
    #[inline(always)]
    pub fn sar<const N: u32>(v: V) -> V {
        v.map(|x| (x as i32 >> N) as u32)
    }
    #[inline(always)]
    pub fn f_to_i(v: V) -> V {
        v.map(|x| f32::from_bits(x) as i32 as u32)
    }
    #[inline(always)]
    pub fn i_to_f(v: V) -> V {
        v.map(|x| (x as i32 as f32).to_bits())
    }
    #[inline(always)]
    pub fn transpose(rows: [V; 4]) -> [V; 4] {
        core::array::from_fn(|c| core::array::from_fn(|r| rows[r][c]))
    }
    macro_rules! unary { ($($name:ident = $f:expr;)*) => { $( #[inline(always)] pub fn $name(a: V) -> V { f1(a, $f) } )* } }
    macro_rules! binary { ($($name:ident = $g:ident $f:expr;)*) => { $( #[inline(always)] pub fn $name(a: V, b: V) -> V { $g(a, b, $f) } )* } }
    unary! { abs = f32::abs; neg = |x| -x; sqrt = f32::sqrt; floor = f32::floor; ceil = f32::ceil; trunc = f32::trunc; nearest = f32::round_ties_even; }
    binary! {
        add = f2 |x, y| x + y; sub = f2 |x, y| x - y; mul = f2 |x, y| x * y; div = f2 |x, y| x / y;
        pmax = f2 |x, y| if x < y { y } else { x }; pmin = f2 |x, y| if y < x { y } else { x };
        lt = mask |x, y| x < y; le = mask |x, y| x <= y; eq = mask |x, y| x == y; ne = mask |x, y| x != y;
        and = u2 |x, y| x & y; or = u2 |x, y| x | y; xor = u2 |x, y| x ^ y; andnot = u2 |x, y| x & !y;
        iadd = u2 u32::wrapping_add; isub = u2 u32::wrapping_sub; imul = u2 u32::wrapping_mul;
        ieq = u2 |x, y| if x == y { !0 } else { 0 }; ilt = u2 |x, y| if (x as i32) < (y as i32) { !0 } else { 0 };
    }
}
