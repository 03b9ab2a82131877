//! What the rows of pooling mean, window by window.

use super::{Reference, flat};
use ndarray::ArrayD;

impl Reference<'_> {
    pub fn max_pool(&self) -> ArrayD<f64> {
        let x = flat(self.inputs[0]);
        let windows = self.windows(&self.types[0].shape, &self.outputs[0].shape, 4);
        let largest = |cells: Vec<usize>| first_maximum(&x, &cells).map_or(f64::NEG_INFINITY, |at| x[at]);
        self.result(windows.map(largest).collect())
    }
    pub fn max_pool_pick(&self) -> ArrayD<f64> {
        let (x, t) = (flat(self.inputs[0]), flat(self.inputs[1]));
        let windows = self.windows(&self.types[0].shape, &self.outputs[0].shape, 4);
        self.result(
            windows
                .map(|cells| first_maximum(&x, &cells).map_or(0.0, |at| t[at]))
                .collect(),
        )
    }
    pub fn max_pool_spread(&self) -> ArrayD<f64> {
        let (x, mut y) = (flat(self.inputs[0]), vec![0.0; self.outputs[0].numel()]);
        let windows = self.windows(&self.types[0].shape, &self.types[1].shape, 4);
        for (cells, g) in windows.zip(self.inputs[1]) {
            if let Some(at) = first_maximum(&x, &cells) {
                y[at] += g;
            }
        }
        self.result(y)
    }
    pub fn sum_pool(&self) -> ArrayD<f64> {
        let x = flat(self.inputs[0]);
        let windows = self.windows(&self.types[0].shape, &self.outputs[0].shape, 4);
        let divisor = self.divisor();
        let mean = |cells: Vec<usize>| cells.into_iter().map(|at| x[at]).sum::<f64>() / divisor;
        self.result(windows.map(mean).collect())
    }
    pub fn sum_pool_spread(&self) -> ArrayD<f64> {
        let mut y = vec![0.0; self.outputs[0].numel()];
        let windows = self.windows(&self.outputs[0].shape, &self.types[0].shape, 5);
        windows
            .zip(self.inputs[0])
            .for_each(|(cells, g)| cells.into_iter().for_each(|at| y[at] += g / self.divisor()));
        self.result(y)
    }
    /// Of sums.
    fn divisor(&self) -> f64 {
        self.attrs.floats.first().map_or(1.0, |&d| d as f64)
    }

    /// For each element of a pooled array, row-major: the places of the cells of `[N, s1…sr, C]` that its window covers, ascending.
    fn windows(&self, full: &[usize], pooled: &[usize], per_axis: usize) -> impl Iterator<Item = Vec<usize>> {
        let (full, last) = (full.to_vec(), full.len() - 1);
        let ints: Vec<Vec<i64>> = self.attrs.ints.chunks(per_axis).map(<[i64]>::to_vec).collect();
        let box_of: Vec<usize> = ints.iter().map(|ints| ints[0] as usize).collect();
        ndarray::indices(pooled).into_iter().map(move |at| {
            let at: Vec<usize> = ndarray::Dimension::as_array_view(&at).to_vec();
            let place = |cell: ndarray::IxDyn| {
                let mut place = at[0];
                for (k, ints) in ints.iter().enumerate() {
                    let along = at[k + 1] as i64 * ints[1] - ints[2] + cell[k] as i64;
                    if along < 0 || along >= full[k + 1] as i64 {
                        return None;
                    }
                    place = place * full[k + 1] + along as usize;
                }
                Some(place * full[last] + at[last])
            };
            ndarray::indices(&box_of[..]).into_iter().filter_map(place).collect()
        })
    }
}

/// Where the first maximum is; a NaN is larger than everything.
fn first_maximum(x: &[f64], cells: &[usize]) -> Option<usize> {
    cells.iter().copied().reduce(|best, at| {
        if x[at] > x[best] || (x[at].is_nan() && !x[best].is_nan()) {
            at
        } else {
            best
        }
    })
}
