//! Convolution and its adjoints against scalar loops: bit for bit, in every size, and for every split.

mod common;
use common::{Guarded, floats, noise_f32, words};
use keratin_kernels::conv::{self, Axis, Conv};

/// Sizes of one axis: input, kernel, stride, dilation, low, high.
fn axis([input, kernel, stride, dilation, low, high]: [isize; 6]) -> Axis {
    let output = (input + low + high - (kernel - 1) * dilation - 1) / stride + 1;
    Axis {
        input: input as usize,
        kernel: kernel as usize,
        output: output as usize,
        stride: stride as usize,
        dilation: dilation as usize,
        low,
    }
}
fn sizes(batch: usize, channels: usize, filters: usize, groups: usize, axes: &[[isize; 6]]) -> Conv {
    let mut all = [Axis::NONE; 3];
    for (a, &numbers) in all[3 - axes.len()..].iter_mut().zip(axes) {
        *a = axis(numbers);
    }
    Conv {
        batch,
        channels,
        filters,
        groups,
        axes: all,
    }
}

/// The input cell that cell `tap` of the kernel meets at output `pixel`, both flat.
fn meet(c: &Conv, tap: usize, pixel: usize) -> Option<usize> {
    let (mut tap, mut pixel, mut cell, mut step) = (tap, pixel, 0, 1);
    for a in c.axes.iter().rev() {
        let at = (pixel % a.output * a.stride + tap % a.kernel * a.dilation) as isize - a.low;
        if at < 0 || at as usize >= a.input {
            return None;
        }
        cell += at as usize * step;
        (tap, pixel, step) = (tap / a.kernel, pixel / a.output, step * a.input);
    }
    Some(cell)
}

/// x, w and y (or g) in their sizes.
struct Arrays {
    x: Vec<f32>,
    w: Vec<f32>,
    g: Vec<f32>,
}

impl Arrays {
    fn of(c: &Conv) -> Arrays {
        let (input, output) = c.pixels();
        Arrays {
            x: noise_f32(c.batch * input * c.channels, 1, 1.0),
            w: noise_f32(c.taps() * c.depth() * c.filters, 2, 1.0),
            g: noise_f32(c.batch * output * c.filters, 3, 1.0),
        }
    }
}

/// Σ over (tap, channel), ascending.
fn forward(c: &Conv, a: &Arrays) -> Vec<f32> {
    let ((input, output), depth, per_group) = (c.pixels(), c.depth(), c.filters / c.groups);
    let mut y = vec![];
    for at in 0..c.batch * output {
        for f in 0..c.filters {
            let mut sum = 0f32;
            for tap in 0..c.taps() {
                let Some(cell) = meet(c, tap, at % output) else {
                    continue;
                };
                for d in 0..depth {
                    let x = a.x[(at / output * input + cell) * c.channels + f / per_group * depth + d];
                    sum += x * a.w[(tap * depth + d) * c.filters + f];
                }
            }
            y.push(sum);
        }
    }
    y
}
/// Σ over (tap descending, filter ascending).
fn input(c: &Conv, a: &Arrays) -> Vec<f32> {
    let ((input, output), depth, per_group) = (c.pixels(), c.depth(), c.filters / c.groups);
    let mut x = vec![0f32; c.batch * input * c.channels];
    for n in 0..c.batch {
        for tap in (0..c.taps()).rev() {
            for pixel in 0..output {
                let Some(cell) = meet(c, tap, pixel) else { continue };
                for channel in 0..c.channels {
                    let sum = &mut x[(n * input + cell) * c.channels + channel];
                    for f in 0..per_group {
                        let f = channel / depth * per_group + f;
                        *sum += a.g[(n * output + pixel) * c.filters + f]
                            * a.w[(tap * depth + channel % depth) * c.filters + f];
                    }
                }
            }
        }
    }
    x
}
/// Σ over (image, position), ascending: one slab. Also in f64, with the sum of absolute values.
fn kernel(c: &Conv, a: &Arrays) -> (Vec<f32>, Vec<(f64, f64)>) {
    let ((input, output), depth, per_group) = (c.pixels(), c.depth(), c.filters / c.groups);
    let (mut w, mut wide) = (vec![], vec![]);
    for row in 0..c.taps() * depth {
        for f in 0..c.filters {
            let (mut sum, mut exact) = (0f32, (0f64, 0f64));
            for at in 0..c.batch * output {
                let Some(cell) = meet(c, row / depth, at % output) else {
                    continue;
                };
                let x = a.x[(at / output * input + cell) * c.channels + f / per_group * depth + row % depth];
                let g = a.g[at * c.filters + f];
                sum += x * g;
                let product = f64::from(x) * f64::from(g);
                exact = (exact.0 + product, exact.1 + product.abs());
            }
            w.push(sum);
            wide.push(exact);
        }
    }
    (w, wide)
}

type Kernel = unsafe fn(&Conv, *const f32, *const f32, *mut f32, usize, usize, *mut f32);

/// Runs units `0..count` in `parts` pieces, from operands off every 16-byte boundary, with sentinels around result and workspace.
fn run(
    c: &Conv,
    f: Kernel,
    a: &[f32],
    b: &[f32],
    result: usize,
    workspace: usize,
    count: usize,
    parts: usize,
) -> Vec<f32> {
    let (mut a, mut b) = (Guarded::new(1, &words(a)), Guarded::new(2, &words(b)));
    let mut out = Guarded::new(3, &vec![7; result]);
    for part in 0..parts {
        let mut ws = Guarded::new(1, &vec![0x7fc0_0000; workspace]);
        let (from, to) = (count * part / parts, count * (part + 1) / parts);
        // SAFETY: sizes as the contract asks; the guards check that nothing more is written.
        unsafe {
            f(
                c,
                a.ptr().cast(),
                b.ptr().cast(),
                out.ptr().cast(),
                from,
                to,
                ws.ptr().cast(),
            );
        }
        ws.read();
    }
    floats(&out.read())
}

fn check(c: &Conv) {
    let (arrays, (cells, positions)) = (Arrays::of(c), c.pixels());
    let Arrays { x, w, g } = &arrays;
    let (rows, units) = (c.taps() * c.depth(), [c.batch * positions, c.batch * cells]);
    let count = if conv::kernel_by_columns(c) { c.filters } else { rows };
    let (want_y, want_x, (want_w, wide)) = (forward(c, &arrays), input(c, &arrays), kernel(c, &arrays));
    for parts in [1, 2, 3, 7] {
        let y = run(
            c,
            conv::forward,
            x,
            w,
            want_y.len(),
            conv::forward_workspace(c),
            units[0],
            parts,
        );
        assert!(y == want_y, "forward in {parts} parts: {c:?}");
        let dx = run(
            c,
            conv::input,
            g,
            w,
            want_x.len(),
            conv::input_workspace(c),
            units[1],
            parts,
        );
        assert!(dx == want_x, "input in {parts} parts: {c:?}");
    }
    let dw = run(c, conv::kernel, x, g, want_w.len(), conv::kernel_workspace(c), count, 1);
    if c.batch * positions <= 256 {
        // one slab, however it is cut
        assert!(dw == want_w, "kernel: {c:?}");
    }
    for (at, (got, (exact, size))) in dw.iter().zip(wide).enumerate() {
        let off = (f64::from(*got) - exact).abs();
        assert!(
            off <= 1e-7 * (64.0 + (c.batch * positions) as f64).sqrt() * size,
            "kernel, [{at}] is {got}, not {exact}: {c:?}"
        );
    }
    for parts in [2, 3, 7] {
        let split = run(
            c,
            conv::kernel,
            x,
            g,
            want_w.len(),
            conv::kernel_workspace(c),
            count,
            parts,
        );
        assert!(split == dw, "kernel in {parts} parts: {c:?}");
    }
}

const VALID3: [isize; 6] = [7, 3, 1, 1, 0, 0];
const SAME3: [isize; 6] = [7, 3, 1, 1, 1, 1];

#[test]
fn channels_of_all_widths_in_one_and_two_dimensions() {
    for channels in [1, 2, 3, 4, 5, 8, 17] {
        for filters in [1, 3, 4, 5, 8, 9, 12, 16, 17, 20, 31, 33] {
            check(&sizes(2, channels, filters, 1, &[SAME3]));
            check(&sizes(1, channels, filters, 1, &[VALID3, SAME3]));
        }
    }
}

#[test]
fn every_axis_of_small_sizes() {
    for input in [1, 2, 4, 5, 9] {
        for kernel in [1, 2, 3, 5] {
            for stride in [1, 2, 3, 4] {
                for dilation in [1, 2, 3] {
                    for (low, high) in [(0, 0), (1, 1), (2, 0), (0, 3), (-1, 0), (-1, -1), (5, 6)] {
                        let reach = (kernel - 1) * dilation + 1;
                        if input + low + high >= reach {
                            let numbers = [input, kernel, stride, dilation, low, high];
                            check(&sizes(2, 3, 5, 1, &[numbers]));
                            check(&sizes(1, 4, 8, 1, &[numbers, [3, 2, 1, 1, 0, 0]]));
                            check(&sizes(1, 4, 4, 4, &[[4, 2, 2, 1, 1, 0], numbers]));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn groups_and_depthwise() {
    for (channels, filters, groups) in [
        (4, 4, 2),
        (6, 9, 3),
        (8, 16, 2),
        (5, 5, 5),
        (8, 8, 8),
        (12, 12, 12),
        (14, 14, 14),
        (17, 17, 17),
        (4, 8, 4),
        (4, 32, 4),
        (9, 18, 9),
        (3, 6, 3),
        (5, 15, 5),
        (2, 34, 2),
        (34, 34, 17),
        (16, 2, 2),
    ] {
        for axes in [
            &[SAME3, VALID3][..],
            &[VALID3],
            &[[6, 3, 2, 1, 1, 1], [5, 2, 3, 2, 2, 2]],
            &[[4, 3, 1, 1, 2, 2], [11, 3, 2, 2, 2, 1]],
            &[[3, 5, 1, 1, 2, 2], [13, 4, 1, 1, 2, 1]],
            &[[5, 3, 2, 1, 0, 0], [3, 2, 1, 1, 0, 0], [3, 3, 1, 1, 1, 1]],
        ] {
            check(&sizes(2, channels, filters, groups, axes));
        }
    }
}

#[test]
fn three_dimensions() {
    let short = [4, 2, 1, 1, 0, 0];
    check(&sizes(2, 3, 5, 1, &[SAME3, short, VALID3]));
    check(&sizes(
        1,
        4,
        8,
        1,
        &[[5, 3, 2, 1, 1, 1], [4, 2, 2, 1, 0, 0], [7, 3, 3, 1, 2, 2]],
    ));
    check(&sizes(
        1,
        2,
        17,
        1,
        &[[5, 2, 1, 3, 0, 0], [4, 3, 1, 1, -1, 2], [5, 2, 2, 2, 1, 1]],
    ));
}

#[test]
fn bands_and_blocks_of_the_sum_come_into_play() {
    // many small images in a band; an image in several; rows in several; a sum longer than a block; a large image of few channels
    check(&sizes(40, 3, 8, 1, &[[5, 3, 1, 1, 1, 1], [5, 3, 1, 1, 1, 1]]));
    check(&sizes(2, 40, 12, 1, &[[41, 3, 1, 1, 1, 1], [43, 3, 1, 1, 1, 1]]));
    check(&sizes(1, 2, 4, 1, &[[5000, 5, 1, 1, 2, 2]]));
    check(&sizes(1, 130, 9, 1, &[[9, 3, 1, 1, 1, 1], [6, 3, 2, 1, 1, 1]]));
    check(&sizes(3, 4, 900, 1, &[[5, 2, 2, 1, 0, 0]]));
    check(&sizes(1, 3, 4, 1, &[[70, 5, 4, 1, 2, 2], [71, 5, 3, 1, 2, 2]]));
    check(&sizes(2, 24, 24, 24, &[[45, 3, 1, 1, 1, 1], [47, 3, 1, 1, 1, 1]]));
    check(&sizes(2, 5, 5, 5, &[[600, 3, 1, 1, 1, 1]]));
    check(&sizes(3, 6, 12, 6, &[[21, 3, 1, 1, 1, 1], [40, 3, 1, 1, 1, 1]]));
    check(&sizes(
        2,
        2,
        3,
        1,
        &[[13, 3, 2, 1, 1, 1], [30, 3, 2, 1, 0, 1], [33, 3, 2, 1, 1, 0]],
    ));
}

#[test]
fn nothing_is_nothing() {
    check(&sizes(0, 3, 5, 1, &[SAME3, SAME3]));
    check(&sizes(0, 4, 4, 4, &[SAME3]));
    check(&sizes(2, 0, 3, 1, &[SAME3]));
    check(&sizes(2, 3, 0, 1, &[SAME3]));
    // an input without cells, padded: the outputs are zeros
    check(&sizes(2, 3, 5, 1, &[[0, 2, 1, 1, 1, 1]]));
    // strides that meet no second position
    check(&sizes(1, 2, 3, 1, &[[5, 3, 1 << 20, 1, 0, 0]]));
}

#[test]
fn infinite_inputs_stay_where_they_are() {
    let c = sizes(1, 1, 1, 1, &[[5, 1, 1, 1, 0, 0]]);
    let (x, w) = ([1.0, f32::INFINITY, f32::NAN, 2.0, 3.0], [2.0]);
    let y = run(&c, conv::forward, &x, &w, 5, conv::forward_workspace(&c), 5, 1);
    assert!(y[0] == 2.0 && y[1] == f32::INFINITY && y[2].is_nan() && y[3..] == [4.0, 6.0]);
}

#[test]
fn depthwise_convolution_leaves_out_what_is_not_there() {
    // the first tap is infinite: only the first output, which has no first cell, is finite
    let c = sizes(1, 4, 4, 4, &[[5, 3, 1, 1, 1, 1]]);
    let (x, w) = ([1.0; 20], [[f32::INFINITY; 4], [2.0; 4], [3.0; 4]].concat());
    let y = run(&c, conv::forward, &x, &w, 20, conv::forward_workspace(&c), 5, 1);
    assert_eq!(y, [[5.0; 4].as_slice(), &[f32::INFINITY; 16]].concat());
}
