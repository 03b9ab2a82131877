//! Seeded first values, bit for bit Keras' on JAX: draws as graphs, and the orthogonal matrix by Householder QR.

use crate::Composite;
use keratin_graph::op::OpDef;
use keratin_graph::{Attrs, Error, Graph, ValueId, ops};
use keratin_kernels::{map, random};
use ndarray::{Array2, s};

// Inputs: a key (two u32). ints: the shape.
pub static COMPOSITES: &[Composite] = &[
    // floats: low, high
    Composite {
        name: "random_uniform",
        expand: |g, x, a| draw(g, x, a, &ops::random::BITS_TO_UNIFORM, Scale::Inside),
    },
    // floats: mean, stddev
    Composite {
        name: "random_normal",
        expand: |g, x, a| draw(g, x, a, &ops::random::BITS_TO_NORMAL, Scale::After),
    },
    // floats: mean, stddev
    Composite {
        name: "random_truncated_normal",
        expand: |g, x, a| draw(g, x, a, &ops::random::BITS_TO_TRUNCATED_NORMAL, Scale::After),
    },
];

/// Where the two parameters of a distribution enter.
#[derive(PartialEq)]
enum Scale {
    /// The draw takes them.
    Inside,
    /// sample·stddev + mean, rounded twice as Keras' eager calls do.
    After,
}

fn draw(
    graph: &Graph,
    inputs: &[ValueId],
    attrs: &Attrs,
    op: &'static OpDef,
    scale: Scale,
) -> Result<Vec<ValueId>, Error> {
    let &[a, b] = &attrs.floats[..] else {
        return Err(Error::Attribute {
            op: op.name,
            what: "two parameters are needed".into(),
        });
    };
    let bits = graph.apply(
        &ops::random::RANDOM_BITS,
        inputs,
        Attrs::ints(attrs.ints.iter().copied()),
    )?;
    if scale == Scale::Inside {
        return graph.apply(op, &bits, Attrs::floats([a, b]));
    }
    let sample = graph.tensor(graph.apply(op, &bits, Attrs::default())?[0]);
    Ok(vec![(sample * b + a).id])
}

/// A matrix with orthonormal columns (or rows, when there are fewer), times `gain`: the Q of a normal matrix's QR, its
/// columns signed so that R's diagonal is positive. Computed in f64, so it is Keras' up to the last bits.
pub fn orthogonal(rows: usize, cols: usize, key: (u32, u32), gain: f32) -> Array2<f32> {
    let (tall, thin) = (rows.max(cols), rows.min(cols));
    let mut words = vec![0u32; tall * thin];
    // SAFETY: both kernels read and write exactly the words of the vector; in place is allowed.
    unsafe {
        let p = words.as_mut_ptr();
        random::bits([key.0, key.1], 0, words.len(), p);
        map::bits_to_normal(words.len(), p, [p; 3].map(|p| p as *const u32), &[]);
    }
    let a = Array2::from_shape_fn((tall, thin), |(i, j)| f32::from_bits(words[i * thin + j]) as f64);
    let q = positive_q(a).mapv(|x| x as f32 * gain);
    if rows < cols { q.reversed_axes() } else { q }
}

/// The Q of A = Q·R whose R has a positive diagonal: `[m, n] → [m, n]`, m ≥ n.
fn positive_q(mut a: Array2<f64>) -> Array2<f64> {
    let (m, n) = a.dim();
    let mut reflectors: Vec<(ndarray::Array1<f64>, f64)> = Vec::with_capacity(n);
    let mut signs = vec![1.0; n];
    for (k, sign) in signs.iter_mut().enumerate() {
        // v = x + sign(x₀)·‖x‖·e₀ maps x to −sign(x₀)·‖x‖·e₀
        let mut v = a.slice(s![k.., k]).to_owned();
        let norm = v.dot(&v).sqrt();
        let lead = if v[0] < 0.0 { -norm } else { norm };
        *sign = if lead > 0.0 { -1.0 } else { 1.0 };
        v[0] += lead;
        let scale = v.dot(&v);
        let beta = if scale == 0.0 { 0.0 } else { 2.0 / scale };
        let mut rest = a.slice_mut(s![k.., k..]);
        reflect(&mut rest, &v, beta);
        reflectors.push((v, beta));
    }
    let mut q = Array2::eye(m).slice_move(s![.., ..n]);
    for (k, (v, beta)) in reflectors.iter().enumerate().rev() {
        reflect(&mut q.slice_mut(s![k.., ..]), v, *beta);
    }
    for (mut column, sign) in q.columns_mut().into_iter().zip(signs) {
        column *= sign;
    }
    q
}

/// M ← (I − β·v·vᵀ)·M
fn reflect(m: &mut ndarray::ArrayViewMut2<f64>, v: &ndarray::Array1<f64>, beta: f64) {
    for mut column in m.columns_mut() {
        let t = beta * v.dot(&column);
        column.scaled_add(-t, v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_orthonormal_and_rows_where_they_are_fewer() {
        for (rows, cols) in [(1, 1), (4, 3), (3, 4), (17, 5), (5, 17)] {
            let q = orthogonal(rows, cols, (7, 0), 1.0).mapv(|x| x as f64);
            let gram = if rows < cols { q.dot(&q.t()) } else { q.t().dot(&q) };
            let wrong = (&gram - &Array2::<f64>::eye(rows.min(cols))).mapv(f64::abs);
            assert!(wrong.iter().all(|&d| d < 1e-6), "{rows}×{cols}: {gram}");
        }
    }

    #[test]
    fn it_is_the_matrix_that_keras_draws() {
        // random.md §5.11: Orthogonal (4, 3), seed 1337, row-major
        let expected = [
            0.58614874,
            0.5207487,
            -0.22092918,
            0.6131104,
            0.2106056,
            0.18195741,
            -0.30279398,
            0.3793015,
            -0.80501556,
            -0.4345586,
            0.73525274,
            0.5196457,
        ];
        let q = orthogonal(4, 3, (1337, 0), 1.0);
        for (got, want) in q.iter().zip(expected) {
            assert!((got - want as f32).abs() < 3e-7, "{got} {want}");
        }
    }

    #[test]
    fn a_gain_scales() {
        let (one, two) = (orthogonal(3, 3, (5, 0), 1.0), orthogonal(3, 3, (5, 0), 2.0));
        assert!(one.iter().zip(&two).all(|(a, b)| a * 2.0 == *b));
    }
}
