//! Times convolution and its adjoints as shares of the peak of one thread, measured in the same run: `cargo run --release --example conv`.

use keratin_kernels::conv::{self, Axis, Conv};
use keratin_kernels::peak::peak;
use std::hint::black_box;
use std::time::Instant;

/// Sizes of a square image under a 3×3 (or `kernel`²) convolution.
struct Shape {
    name: &'static str,
    batch: usize,
    size: usize,
    channels: usize,
    filters: usize,
    groups: usize,
    kernel: usize,
    stride: usize,
}
const fn shape(name: &'static str, size: usize, channels: usize, filters: usize, groups: usize) -> Shape {
    Shape {
        name,
        batch: 32,
        size,
        channels,
        filters,
        groups,
        kernel: 3,
        stride: 1,
    }
}

fn shapes() -> Vec<Shape> {
    vec![
        shape("28² 16→32", 28, 16, 32, 1),
        shape("14² 32→64", 14, 32, 64, 1),
        shape("28² 1→16", 28, 1, 16, 1),
        shape("28² 1→32", 28, 1, 32, 1),
        shape("32² 3→32", 32, 3, 32, 1),
        shape("28² 8→8", 28, 8, 8, 1),
        shape("7² 128→128", 7, 128, 128, 1),
        Shape {
            stride: 2,
            ..shape("28² 16→32 stride 2", 28, 16, 32, 1)
        },
        Shape {
            kernel: 1,
            ..shape("14² 64→64 1×1", 14, 64, 64, 1)
        },
        Shape {
            kernel: 5,
            ..shape("14² 16→32 5×5", 14, 16, 32, 1)
        },
        shape("28² 32→64 4 groups", 28, 32, 64, 4),
        shape("28² 16 depthwise", 28, 16, 16, 16),
        shape("14² 64 depthwise", 14, 64, 64, 64),
        shape("28² 16 depthwise ×2", 28, 16, 32, 16),
        Shape {
            stride: 2,
            ..shape("28² 32 depthwise stride 2", 28, 32, 32, 32)
        },
        Shape {
            batch: 1,
            ..shape("28² 16→32 batch 1", 28, 16, 32, 1)
        },
    ]
}

impl Shape {
    fn sizes(&self) -> Conv {
        let pad = self.kernel / 2;
        let axis = Axis {
            input: self.size,
            kernel: self.kernel,
            output: (self.size + 2 * pad - self.kernel) / self.stride + 1,
            stride: self.stride,
            dilation: 1,
            low: pad as isize,
        };
        Conv {
            batch: self.batch,
            channels: self.channels,
            filters: self.filters,
            groups: self.groups,
            axes: [Axis::NONE, axis, axis],
        }
    }
}

/// The best nanoseconds of a call in rounds of some milliseconds.
fn best(mut f: impl FnMut()) -> f64 {
    let once = Instant::now();
    f();
    let calls = (2_000_000.0 / once.elapsed().as_nanos().max(1) as f64).ceil().max(1.0) as u32;
    let round = |f: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..calls).for_each(|_| f());
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    (0..12).map(|_| round(&mut f)).fold(f64::INFINITY, f64::min)
}

/// Operations per nanosecond.
fn measured_peak() -> f64 {
    const ROUNDS: usize = 512;
    let (y, x, mut out) = (vec![1e-3f32; 8 * ROUNDS], [0.999f32; 16], [0f32; 32]);
    // SAFETY: the lengths that the loop states.
    let ns = best(|| unsafe { peak(ROUNDS, black_box(y.as_ptr()), x.as_ptr(), out.as_mut_ptr()) });
    (64 * ROUNDS) as f64 / ns
}

/// Nanoseconds of reading and writing so many words: what a layer moves at least, forward and backward.
fn moved(words: usize) -> f64 {
    let (from, mut to) = (vec![1f32; words], vec![0f32; words]);
    best(|| {
        for (to, from) in to.iter_mut().zip(black_box(&from)) {
            *to = from + 1.0;
        }
        black_box(&mut to);
    })
}

fn main() {
    let p = measured_peak();
    println!("peak {p:.1} GFLOP/s; share of it: forward, input, kernel");
    for shape in shapes() {
        let c = shape.sizes();
        let (cells, positions) = c.pixels();
        let fill = |n: usize| (0..n).map(|i| (i % 17) as f32 * 0.1 - 0.8).collect::<Vec<f32>>();
        let mut x = fill(c.batch * cells * c.channels);
        let mut w = fill(c.taps() * c.depth() * c.filters);
        let mut y = fill(c.batch * positions * c.filters);
        let workspace = [
            conv::forward_workspace(&c),
            conv::input_workspace(&c),
            conv::kernel_workspace(&c),
        ];
        let mut ws = vec![0f32; workspace.into_iter().max().unwrap_or(0)];
        let units = [
            c.batch * positions,
            c.batch * cells,
            if conv::kernel_by_columns(&c) {
                c.filters
            } else {
                c.taps() * c.depth()
            },
        ];
        let (x, w, y, ws) = (x.as_mut_ptr(), w.as_mut_ptr(), y.as_mut_ptr(), ws.as_mut_ptr());
        // SAFETY: all arrays have the sizes of the convolution, the workspace is the largest.
        let ns = unsafe {
            [
                best(|| conv::forward(&c, x, w, y, 0, units[0], ws)),
                best(|| conv::input(&c, y, w, x, 0, units[1], ws)),
                best(|| conv::kernel(&c, x, y, w, 0, units[2], ws)),
            ]
        };
        let work = 2.0 * (c.batch * positions * c.taps() * c.depth() * c.filters) as f64;
        let share = ns.map(|ns| work / ns / p * 100.0);
        let again = measured_peak();
        let moved = moved(c.batch * (cells * c.channels + positions * c.filters));
        println!(
            "{:26} {:5.0} % {:5.0} % {:5.0} %   {:7.0} {:7.0} {:7.0} µs, {:5.2}× x and y moved twice   (peak now {again:.1})",
            shape.name,
            share[0],
            share[1],
            share[2],
            ns[0] / 1e3,
            ns[1] / 1e3,
            ns[2] / 1e3,
            ns.iter().sum::<f64>() / moved
        );
    }
}
