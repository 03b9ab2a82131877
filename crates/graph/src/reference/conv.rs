//! Convolution and its adjoints on f64, by the definition: every cell of the kernel at every position that it meets.

use super::{Reference, flat};
use crate::op::Attrs;
use ndarray::ArrayD;

/// The flat indices of an input cell, a kernel weight and an output that multiply.
struct Meeting {
    x: usize,
    w: usize,
    y: usize,
}

/// All meetings. Shapes are x: [batch, …, channels], w: […, channels/groups, filters], y: [batch, …, filters]; `width` numbers per axis.
fn meetings(x: &[usize], w: &[usize], y: &[usize], attrs: &Attrs, width: usize) -> Vec<Meeting> {
    let r = x.len() - 2;
    let groups = attrs.ints[0] as usize;
    let (channels, depth, filters) = (x[r + 1], w[r], w[r + 1]);
    let mut all = vec![];
    for n in 0..x[0] {
        for o in ndarray::indices(&y[1..=r]) {
            for k in ndarray::indices(&w[..r]) {
                let (mut pixel, mut tap, mut place, mut inside) = (n, 0, n, true);
                for a in 0..r {
                    let numbers = &attrs.ints[1 + width * a..];
                    let at = o[a] as i64 * numbers[0] + k[a] as i64 * numbers[1] - numbers[2];
                    inside &= (0..x[a + 1] as i64).contains(&at);
                    pixel = pixel * x[a + 1] + at.max(0) as usize;
                    tap = tap * w[a] + k[a];
                    place = place * y[a + 1] + o[a];
                }
                if !inside {
                    continue;
                }
                for f in 0..filters {
                    let first = f / (filters / groups) * depth;
                    all.extend((0..depth).map(|c| Meeting {
                        x: pixel * channels + first + c,
                        w: (tap * depth + c) * filters + f,
                        y: place * filters + f,
                    }));
                }
            }
        }
    }
    all
}

impl Reference<'_> {
    /// `x, w → y`
    pub fn conv(&self, attrs: &Attrs, width: usize) -> ArrayD<f64> {
        let (x, w) = (flat(self.inputs[0]), flat(self.inputs[1]));
        let mut y = vec![0.0; self.outputs[0].numel()];
        let shapes = (&self.types[0].shape, &self.types[1].shape, &self.outputs[0].shape);
        meetings(shapes.0, shapes.1, shapes.2, attrs, width)
            .iter()
            .for_each(|m| y[m.y] += x[m.x] * w[m.w]);
        self.result(y)
    }
    /// `y, w → x`
    pub fn conv_input(&self, attrs: &Attrs, width: usize) -> ArrayD<f64> {
        let (y, w) = (flat(self.inputs[0]), flat(self.inputs[1]));
        let mut x = vec![0.0; self.outputs[0].numel()];
        let shapes = (&self.outputs[0].shape, &self.types[1].shape, &self.types[0].shape);
        meetings(shapes.0, shapes.1, shapes.2, attrs, width)
            .iter()
            .for_each(|m| x[m.x] += y[m.y] * w[m.w]);
        self.result(x)
    }
    /// `x, y → w`
    pub fn conv_kernel(&self, attrs: &Attrs, width: usize) -> ArrayD<f64> {
        let (x, y) = (flat(self.inputs[0]), flat(self.inputs[1]));
        let mut w = vec![0.0; self.outputs[0].numel()];
        let shapes = (&self.types[0].shape, &self.outputs[0].shape, &self.types[1].shape);
        meetings(shapes.0, shapes.1, shapes.2, attrs, width)
            .iter()
            .for_each(|m| w[m.w] += x[m.x] * y[m.y]);
        self.result(w)
    }
}
