//! The logarithm, log1p and inverse error function of XLA on a CPU with fused multiply-add, bit for bit.
//!
//! Random draws of Keras on JAX pass through them, and a weight that differs in its last bit is another weight. The fused
//! operation is emulated through f64 and costs five times a plain one, so these serve draws (and `erf_inv`) only.
//! The promise is for jaxlib 0.10.2 on x86-64; coefficients are exact words.

use crate::lanes::{F4, U4, fma_exact as fma};

#[inline(always)]
fn word(bits: u32) -> F4 {
    U4::splat(bits).as_f32()
}

/// Coefficients, highest power first, each step fused.
#[inline(always)]
fn horner<const N: usize>(coefficients: [u32; N], x: F4) -> F4 {
    let mut y = word(coefficients[0]);
    for &c in &coefficients[1..] {
        y = fma(y, x, word(c));
    }
    y
}

/// ln x; subnormal arguments count as the smallest normal number.
#[inline(always)]
pub fn log(x: F4) -> F4 {
    let bits = x.pmax(word(0x0080_0000)).bits();
    let e = bits.shr::<23>().wrapping_sub(U4::splat(126)).i32_to_f32();
    let m = ((bits & U4::splat(0x807F_FFFF)) | U4::splat(0x3F00_0000)).as_f32();
    let low = m.lt(word(0x3F35_04F3));
    let e = e - (low & word(0x3F80_0000).bits()).as_f32();
    let t = (m - F4::splat(1.0)) + (low & m.bits()).as_f32();
    let z = t * t;
    let c = z * t;
    let y0 = horner([0x3D90_21BB, 0xBDEB_D1B8, 0x3DEF_251A], t);
    let y1 = horner([0xBDFE_5D4F, 0x3E11_E9BF, 0xBE2A_AE50], t);
    let y2 = horner([0x3E4C_CEAC, 0xBE7F_FFFC, 0x3EAA_AAAA], t);
    let y = fma(fma(y0, c, y1), c, y2);
    let y = fma(y, c, e * word(0xB95E_8083));
    let y = fma(F4::splat(-0.5), z, t) + y;
    let y = fma(e, word(0x3F31_8000), y);
    let infinity = F4::splat(f32::INFINITY);
    let zero = F4::splat(0.0);
    let y = x.eq(infinity).select(infinity, y);
    let y = x.eq(zero).select(-infinity, y);
    zero.le(x).select(y, F4::splat(f32::NAN))
}

/// ln(1 + x)
#[inline(always)]
pub fn log1p(x: F4) -> F4 {
    let p = horner(
        [
            0x383D_E04B,
            0x3EFF_40C5,
            0x40D2_84FA,
            0x41EF_4B9C,
            0x4273_CC76,
            0x4264_73AD,
            0x41A0_5101,
        ],
        x,
    );
    let q = horner(
        [
            0x3F80_0000,
            0x4171_01AD,
            0x42A6_185B,
            0x435D_C32D,
            0x439A_8CA3,
            0x4358_6D8A,
            0x4270_7982,
        ],
        x,
    );
    let x2 = x * x;
    let small = x + fma(F4::splat(-0.5), x2, (x * x2) * (p / q));
    let near = x.abs().lt(word(0x3ED4_13CD));
    if near.all() {
        small
    } else {
        near.select(small, log(x + F4::splat(1.0)))
    }
}

/// The x with erf x = u (Giles 2010): ±∞ at ±1, NaN beyond.
#[inline(always)]
pub fn erf_inv(u: F4) -> F4 {
    let w = -log1p(u * -u);
    let central = w.lt(F4::splat(5.0));
    let mut p = horner(
        [
            0x32F1_6588,
            0x34B8_4B36,
            0xB66C_7357,
            0xB693_5AC1,
            0x3965_32DB,
            0xBAA4_5408,
            0xBB88_E4EF,
            0x3E7C_8F63,
            0x3FC0_2E2F,
        ],
        w - F4::splat(2.5),
    );
    // 0.7 % of uniform lanes are in the tails.
    if !central.all() {
        let tail = horner(
            [
                0xB951_F09B,
                0x38D3_B56B,
                0x3AB0_DC72,
                0xBB70_BDE7,
                0x3BBC_127B,
                0xBBF9_C5D7,
                0x3C1A_A57E,
                0x3F80_36DB,
                0x4035_4F7E,
            ],
            w.sqrt() - F4::splat(3.0),
        );
        p = central.select(p, tail);
        p = u.abs().eq(F4::splat(1.0)).select(F4::splat(f32::INFINITY), p);
    }
    u * p
}
