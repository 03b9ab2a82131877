//! Threefry and the draws against the vectors of Random123, JAX and Keras.

#![allow(clippy::excessive_precision)] // values as quoted

mod common;
use common::*;
use keratin_kernels::map::{self, MapFn};
use keratin_kernels::random::{self, Key};

fn bits(key: Key, offset: u64, n: usize) -> Vec<u32> {
    let mut dst = Guarded::new(1, &vec![0; n]);
    // SAFETY: n words.
    unsafe { random::bits(key, offset, n, dst.ptr()) }
    dst.read()
}
fn draw(key: Key, n: usize, f: MapFn, params: &[f32]) -> Vec<u32> {
    run(f, &[&bits(key, 0, n)], params)
}

/// Known answers of Random123 (`threefry2x32`, 20 rounds).
#[test]
fn the_block_function() {
    assert_eq!(random::threefry2x32([0, 0], [0, 0]), [0x6B20_0159, 0x99BA_4EFE]);
    assert_eq!(random::threefry2x32([!0, !0], [!0, !0]), [0x1CB9_96FC, 0xBB00_2BE7]);
    assert_eq!(
        random::threefry2x32([0x1319_8A2E, 0x0370_7344], [0x243F_6A88, 0x85A3_08D3]),
        [0xC492_3A9C, 0x483D_F7A0]
    );
}

/// `jax.random.bits` with raw keys.
#[test]
fn streams_of_bits() {
    assert_eq!(
        bits([0, 42], 0, 4),
        [2_098_992_034, 2_919_706_841, 2_646_866_425, 2_409_546_199]
    );
    assert_eq!(
        bits([0, 0], 0, 4),
        [4_070_199_207, 4_202_968_722, 1_427_181_096, 2_012_915_765]
    );
    assert_eq!(
        bits([42, 0], 0, 4),
        [2_434_085_537, 281_529_784, 1_639_270_791, 3_057_860_097]
    );
    assert_eq!(
        bits([1337, 0], 0, 4),
        [3_218_511_616, 2_569_199_363, 1_326_893_528, 3_260_344_404]
    );
}

#[test]
fn any_range_of_a_stream_is_the_block_function_of_its_counters() {
    for n in SIZES {
        for offset in [0, 1, 127, 1000, (1u64 << 32) - 130, (1 << 32) - 1, (7 << 32) + 5] {
            let wanted: Vec<u32> = (0..n as u64)
                .map(|i| random::threefry2x32([5, 6], [((offset + i) >> 32) as u32, (offset + i) as u32]))
                .map(|[a, b]| a ^ b)
                .collect();
            assert_eq!(bits([5, 6], offset, n), wanted, "{n} from {offset}");
        }
    }
}

/// `jax.random.split` and `fold_in`; the latter is the former at that index.
#[test]
fn derived_keys() {
    let split = |key| [0, 1, 2].map(|i| random::split(key, i));
    assert_eq!(
        split([1337, 0]),
        [
            [2_732_499_619, 487_077_283],
            [3_303_871_162, 1_573_899_705],
            [3_799_491_622, 2_908_843_518]
        ]
    );
    assert_eq!(
        split([0, 0]),
        [
            [1_797_259_609, 2_579_123_966],
            [928_981_903, 3_453_687_069],
            [4_146_024_105, 2_718_843_009]
        ]
    );
    assert_eq!(random::fold_in([0, 0], 4), [2_285_895_361, 433_833_334]);
    assert_eq!(random::fold_in([3, 4], 9), random::split([3, 4], 9));
}

/// `jax.random.uniform`, as words.
#[test]
fn uniform() {
    let unit = [0.0, 1.0];
    assert_eq!(
        draw([0, 42], 4, map::bits_to_uniform, &unit),
        [0x3EFA_3824, 0x3F2E_0730, 0x3F1D_C3F8, 0x3F0F_9EC0]
    );
    assert_eq!(
        draw([42, 0], 8, map::bits_to_uniform, &unit),
        [
            0x3F11_1532,
            0x3D86_3E60,
            0x3EC3_6A90,
            0x3F36_433E,
            0x3F49_40CA,
            0x3ECE_4884,
            0x3EFF_F704,
            0x3EEA_EFC8
        ]
    );
    assert_eq!(
        draw([1337, 0], 4, map::bits_to_uniform, &unit),
        [0x3F3F_D696, 0x3F19_22DE, 0x3E9E_2D90, 0x3F42_54E8]
    );
}

/// `jax.random.normal` and Keras' truncated one, as words.
#[test]
fn normal() {
    let normal = |key| draw(key, 4, map::bits_to_normal, &[]);
    assert_eq!(normal([0, 42]), [0xBCE7_DF15, 0x3EEF_2BE8, 0x3E97_6661, 0x3E1D_3B24]);
    assert_eq!(normal([0, 0]), [0x3FCF_B2BD, 0x4001_9DF0, 0xBEDE_0017, 0xBDA1_0222]);
    assert_eq!(normal([42, 0]), [0x3E2C_1669, 0xBFC1_40C2, 0xBE9A_28A7, 0x3F0F_2329]);
    assert_eq!(normal([1337, 0]), [0x3F2C_2921, 0x3E7E_A0DF, 0xBEFF_69B3, 0x3F34_1469]);
    let truncated = |key| draw(key, 4, map::bits_to_truncated_normal, &[]);
    assert_eq!(truncated([42, 0]), [0x3E24_3037, 0xBFAF_61DC, 0xBE92_F19C, 0x3F07_F504]);
    assert_eq!(
        truncated([1337, 0]),
        [0x3F23_2360, 0x3E72_D14E, 0xBEF2_DA8D, 0x3F2A_83ED]
    );
}

/// Keras initializers of shape (3, 4), seed 1337: the first four values.
#[test]
fn initializers() {
    let scaled = |sample: &[u32], stddev: f64| run(map::scale_add, &[sample], &[stddev as f32, 0.0]);
    let limit = (3.0f64 / 3.5).sqrt() as f32; // glorot_uniform: √(3·1 / ((3 + 4) / 2))
    let uniform = draw([1337, 0], 4, map::bits_to_uniform, &[-limit, limit]);
    assert_eq!(uniform, [0x3EEC_692E, 0x3E3A_2C3C, 0xBEB5_2196, 0x3EF5_A50F]);
    let limit = (3.0f64 * 2.0 / 3.0).sqrt() as f32; // he_uniform: √(3·2 / 3)
    let uniform = draw([1337, 0], 4, map::bits_to_uniform, &[-limit, limit]);
    assert_eq!(uniform, [0x3F34_8FD0, 0x3E8E_311B, 0xBF0A_575B, 0x3F3B_9D41]);
    let uniform = draw([1337, 0], 4, map::bits_to_uniform, &[-0.05, 0.05]);
    assert_eq!(uniform, [0x3CCC_4847, 0x3C20_DF27, 0xBC9C_83E7, 0x3CD4_42E7]);

    let truncated = draw([1337, 0], 4, map::bits_to_truncated_normal, &[]);
    let glorot = scaled(&truncated, (1.0f64 / 3.5).sqrt() / 0.879_625_661_034_239_78);
    assert_eq!(glorot, [0x3EC6_44BC, 0x3E13_8D96, 0xBE93_9335, 0x3ECF_3BF8]);
    let he = scaled(&truncated, (2.0f64 / 3.0).sqrt() / 0.879_625_661_034_239_78);
    assert_eq!(he, [0x3F17_6E19, 0x3E61_641B, 0xBEE1_6CB0, 0x3F1E_471C]);
    assert_eq!(
        scaled(&truncated, 0.05),
        [0x3D02_82B3, 0x3C42_410B, 0xBCC2_4871, 0x3D08_698B]
    );
    let normal = draw([1337, 0], 4, map::bits_to_normal, &[]);
    assert_eq!(
        scaled(&normal, 0.05),
        [0x3D09_BA81, 0x3C4B_B3E6, 0xBCCC_548F, 0x3D10_1054]
    );
}

#[test]
fn gumbel_and_bernoulli() {
    let gumbel = floats(&draw([1337, 0], 3, map::bits_to_gumbel, &[]));
    assert_eq!(gumbel, [1.242_973_45, 0.665_824_413, -0.160_930_917]);
    assert_eq!(draw([1337, 0], 8, map::bits_keep, &[0.5]), [0, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(draw([1337, 0], 100, map::bits_keep, &[0.0]), [0; 100]);
    assert_eq!(draw([1337, 0], 100, map::bits_keep, &[1.0]), [1; 100]);
}

/// The extreme words of the generator give finite draws.
#[test]
fn extremes() {
    let ends = [0, !0, 0x1FF, 0x200, 0xFFFF_FDFF];
    for f in [
        map::bits_to_normal as MapFn,
        map::bits_to_truncated_normal,
        map::bits_to_gumbel,
    ] {
        assert!(floats(&run(f, &[&ends], &[])).iter().all(|x| x.is_finite()));
    }
    let truncated = floats(&run(map::bits_to_truncated_normal, &[&ends], &[]));
    assert!(truncated.iter().all(|x| x.abs() < 2.0));
    let uniform = floats(&run(map::bits_to_uniform, &[&ends], &[-3.0, 5.0]));
    assert!(uniform.iter().all(|&x| (-3.0..5.0).contains(&x)));
}
