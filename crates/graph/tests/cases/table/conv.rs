//! Cases of convolution and its adjoints: one to three dimensions, strides, dilation, groups, padding and cropping, empty batches.

use super::super::{Case, real};
use super::{ints, ty};
use keratin_graph::DType::F32;

/// Sizes of one convolution.
struct Sizes {
    batch: usize,
    channels: usize,
    filters: usize,
    groups: usize,
    /// Per axis: input, kernel, stride, dilation, low, high.
    axes: Vec<[i64; 6]>,
}

const fn axis(input: i64, kernel: i64, stride: i64, dilation: i64, low: i64, high: i64) -> [i64; 6] {
    [input, kernel, stride, dilation, low, high]
}

pub fn convolutions() -> Vec<Case> {
    let same = axis(4, 3, 1, 1, 1, 1);
    let all = [
        (1, 1, 1, 1, vec![axis(1, 1, 1, 1, 0, 0)]),
        (1, 1, 1, 1, vec![axis(5, 3, 1, 1, 0, 0)]),
        (2, 3, 5, 1, vec![axis(5, 2, 1, 1, 1, 0)]),
        (2, 4, 17, 1, vec![same]),
        (1, 2, 2, 1, vec![axis(17, 3, 2, 3, 2, 1)]),
        (3, 1, 1, 1, vec![axis(7, 2, 3, 1, 0, 0)]),
        (1, 2, 3, 1, vec![axis(6, 3, 1, 1, -1, -1)]),
        (1, 1, 2, 1, vec![axis(5, 3, 2, 1, 4, 5)]),
        (0, 2, 3, 1, vec![axis(5, 3, 1, 1, 0, 0)]),
        (2, 1, 4, 1, vec![same, same]),
        (1, 3, 8, 1, vec![same, axis(5, 3, 1, 1, 1, 1)]),
        (1, 9, 3, 1, vec![axis(3, 1, 1, 1, 0, 0), axis(4, 1, 1, 1, 0, 0)]),
        (2, 2, 3, 1, vec![axis(5, 3, 2, 1, 1, 1), axis(4, 2, 2, 1, 0, 0)]),
        (1, 2, 2, 1, vec![axis(5, 2, 1, 2, 0, 0), axis(7, 3, 1, 3, 1, 1)]),
        (1, 2, 1, 1, vec![axis(5, 2, 3, 2, 1, 0), axis(4, 1, 2, 1, 0, 0)]),
        (2, 4, 6, 2, vec![axis(4, 3, 1, 1, 1, 1), axis(3, 2, 1, 1, 0, 0)]),
        (1, 17, 17, 17, vec![same, axis(3, 3, 1, 1, 1, 1)]),
        (2, 5, 10, 5, vec![axis(5, 3, 2, 1, 1, 1), axis(3, 2, 1, 1, 0, 1)]),
        (1, 4, 4, 4, vec![axis(4, 2, 1, 2, 0, 0), axis(4, 2, 3, 1, -1, 1)]),
        (1, 3, 9, 3, vec![axis(4, 2, 1, 1, 0, 0)]),
        (0, 4, 4, 2, vec![same, same]),
        (
            1,
            2,
            3,
            1,
            vec![axis(3, 2, 1, 1, 0, 0), axis(3, 2, 2, 1, 1, 0), axis(3, 3, 1, 1, 1, 1)],
        ),
        (
            2,
            4,
            2,
            2,
            vec![axis(2, 2, 1, 1, 0, 0), axis(2, 1, 1, 1, 0, 0), axis(3, 2, 1, 2, 0, 0)],
        ),
    ];
    let all = all.map(|(batch, channels, filters, groups, axes)| Sizes {
        batch,
        channels,
        filters,
        groups,
        axes,
    });
    all.iter().flat_map(Sizes::cases).collect()
}

impl Sizes {
    /// The convolution and both adjoints.
    fn cases(&self) -> [Case; 3] {
        let column = |f: fn(&[i64; 6]) -> i64| self.axes.iter().map(|a| f(a) as usize).collect::<Vec<_>>();
        let around = |before: &[usize], inner: Vec<usize>, behind: &[usize]| [before, &inner, behind].concat();
        // positions p with p·stride + (kernel − 1)·dilation inside of low + input + high, counted
        let steps: fn(&[i64; 6]) -> i64 = |a| {
            (0..)
                .take_while(|p| p * a[2] + (a[1] - 1) * a[3] < a[4] + a[0] + a[5])
                .count() as i64
        };
        let x = around(&[self.batch], column(|a| a[0]), &[self.channels]);
        let w = around(&[], column(|a| a[1]), &[self.channels / self.groups, self.filters]);
        let y = around(&[self.batch], column(steps), &[self.filters]);
        let numbers = |with: Option<usize>| {
            let axes = self
                .axes
                .iter()
                .flat_map(|a| a[2..].iter().copied().chain(with.map(|k| a[k])));
            [self.groups as i64].into_iter().chain(axes).collect::<Vec<_>>()
        };
        let case = |name: &str, a: &[usize], b: &[usize], with, gives: &[usize]| {
            let operands = vec![real(a, -1.0, 1.0), real(b, -1.0, 1.0)];
            Case::new(name, operands, ints(&numbers(with)), vec![ty(gives, F32)]).within(1e-5)
        };
        [
            case("conv", &x, &w, None, &y),
            case("conv_input", &y, &w, Some(0), &x),
            case("conv_kernel", &x, &y, Some(1), &w),
        ]
    }
}
