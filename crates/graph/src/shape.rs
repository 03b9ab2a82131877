//! Shapes, strides, broadcasting and axis normalisation: the only place that knows their rules.

use crate::error::Error;

/// Sizes of the axes, outermost first; `[]` is a scalar, and sizes may be 0.
pub type Shape = Vec<usize>;

/// Number of elements; the largest `usize` where it cannot hold them.
pub fn numel(shape: &[usize]) -> usize {
    shape
        .iter()
        .fold(1, |n: usize, &d| if n == 0 || d == 0 { 0 } else { n.saturating_mul(d) })
}

/// Row-major strides in elements.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    strides
}

/// The shape of `a ∘ b` under NumPy's rule: align at the end, sizes agree or one is 1.
pub fn broadcast(op: &'static str, a: &[usize], b: &[usize]) -> Result<Shape, Error> {
    let ndim = a.len().max(b.len());
    let size = |s: &[usize], i: usize| (i + s.len()).checked_sub(ndim).map_or(1, |j| s[j]);
    (0..ndim)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Error::Broadcast {
                op,
                left: a.to_vec(),
                right: b.to_vec(),
            }),
        })
        .collect()
}

/// An axis that may count from the end, as an index into the shape.
pub fn axis(op: &'static str, axis: i64, ndim: usize) -> Result<usize, Error> {
    let at = if axis < 0 { axis + ndim as i64 } else { axis };
    if (0..ndim as i64).contains(&at) {
        Ok(at as usize)
    } else {
        Err(Error::Axis { op, axis, ndim })
    }
}

/// Several axes, each once, ascending.
pub fn axes(op: &'static str, list: &[i64], ndim: usize) -> Result<Vec<usize>, Error> {
    let mut out = list.iter().map(|&a| axis(op, a, ndim)).collect::<Result<Vec<_>, _>>()?;
    out.sort_unstable();
    if out.windows(2).any(|w| w[0] == w[1]) {
        return Err(Error::Attribute {
            op,
            what: format!("axes {list:?} name an axis twice"),
        });
    }
    Ok(out)
}
