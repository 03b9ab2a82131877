//! Projections of weights, applied after an optimizer's update: w to w'. Norms are Euclidean over the given axes, kept for broadcasting.

use crate::Composite;
use keratin_graph::{Attrs, DType, Error, Graph, Tensor, ValueId, ops};

/// Keras' epsilon, added to norms before a division.
const EPSILON: f32 = 1e-7;

pub static COMPOSITES: &[Composite] = &[
    // max(w, 0)
    Composite {
        name: "non_neg",
        expand: |g, x, a| project(g, "non_neg", x, a, 0, |w, _, _| w.maximum(w.like(0.0))),
    },
    // w · clip(‖w‖, 0, max) / (ε + ‖w‖). ints: axes; floats: max
    Composite {
        name: "max_norm",
        expand: |g, x, a| {
            project(g, "max_norm", x, a, 1, |w, n, f| {
                w * (clip(n, 0.0, f[0]) / (n + EPSILON))
            })
        },
    },
    // w / (ε + ‖w‖). ints: axes
    Composite {
        name: "unit_norm",
        expand: |g, x, a| project(g, "unit_norm", x, a, 0, |w, n, _| w / (n + EPSILON)),
    },
    // w · (rate·clip(‖w‖, min, max) + (1 − rate)·‖w‖) / (ε + ‖w‖). ints: axes; floats: min, max, rate
    Composite {
        name: "min_max_norm",
        expand: |g, x, a| {
            project(g, "min_max_norm", x, a, 3, |w, n, f| {
                let wanted = clip(n, f[0], f[1]) * f[2] + n * (1.0 - f[2]);
                w * (wanted / (n + EPSILON))
            })
        },
    },
];

type Projection = for<'g> fn(Tensor<'g>, Tensor<'g>, &[f32]) -> Tensor<'g>;

fn clip<'g>(x: Tensor<'g>, low: f32, high: f32) -> Tensor<'g> {
    x.map_with(&ops::unary::CLIP, &[low, high])
}

/// Checks the arguments, measures the norm and projects.
fn project(
    graph: &Graph,
    op: &'static str,
    inputs: &[ValueId],
    attrs: &Attrs,
    floats: usize,
    f: Projection,
) -> Result<Vec<ValueId>, Error> {
    let &[w] = inputs else {
        return Err(Error::Arity {
            op,
            expected: 1,
            found: inputs.len(),
        });
    };
    if attrs.floats.len() != floats {
        return Err(Error::Attribute {
            op,
            what: format!("takes {floats} numbers, received {}", attrs.floats.len()),
        });
    }
    let w = graph.tensor(w);
    if w.dtype() != DType::F32 {
        return Err(Error::DType { op, found: w.dtype() });
    }
    let axes = keratin_graph::shape::axes(op, &attrs.ints, w.ndim())?;
    let mut kept = w.shape();
    axes.iter().for_each(|&a| kept[a] = 1);
    let norm = (w * w).sum(&axes).sqrt().reshape(&kept).broadcast(&w.shape());
    Ok(vec![f(w, norm, &attrs.floats).id])
}

#[cfg(test)]
mod tests {
    use super::*;
    use keratin_graph::reference::evaluate;
    use ndarray::{Array2, ArrayD, Axis};
    use std::collections::HashMap;

    fn run(name: &str, w: &Array2<f64>, ints: &[i64], floats: &[f32]) -> ArrayD<f64> {
        let g = Graph::new();
        let x = g.input(0, w.shape(), DType::F32);
        let c = crate::composites().find(|c| c.name == name).unwrap();
        let attrs = Attrs {
            ints: ints.to_vec(),
            floats: floats.to_vec(),
            ..Default::default()
        };
        let out = (c.expand)(&g, &[x.id], &attrs).unwrap();
        let inputs = HashMap::from([(0, w.clone().into_dyn())]);
        evaluate(&g.nodes(), &inputs, &HashMap::new(), &out).remove(0)
    }

    #[test]
    fn columns_of_a_max_norm_are_no_longer_than_the_bound_and_short_ones_stay() {
        let w = ndarray::array![[3.0, 0.0], [4.0, -0.1]];
        let got = run("max_norm", &w, &[0], &[2.0]);
        let expected = ndarray::array![[1.2, 0.0], [1.6, -0.0999999]]; // Keras' documentation check: ‖(3, 4)‖ = 5 → 2
        assert!((&got - &expected.into_dyn()).iter().all(|d| d.abs() < 1e-6), "{got}");
    }

    #[test]
    fn unit_norm_makes_every_column_one_long() {
        let w = Array2::from_shape_fn((5, 3), |(i, j)| (i * 3 + j) as f64 - 6.5);
        let got = run("unit_norm", &w, &[0], &[]);
        assert!(
            got.mapv(|x| x * x)
                .sum_axis(Axis(0))
                .iter()
                .all(|n| (n - 1.0).abs() < 1e-6)
        );
    }

    #[test]
    fn min_max_norm_moves_by_its_rate() {
        let w = ndarray::array![[3.0, 0.0], [4.0, -0.1]];
        let got = run("min_max_norm", &w, &[0], &[0.5, 1.0, 0.5]);
        let expected = ndarray::array![[1.8, 0.0], [2.4, -0.2999997]];
        assert!((&got - &expected.into_dyn()).iter().all(|d| d.abs() < 1e-6), "{got}");
    }

    #[test]
    fn an_axis_outside_is_an_error() {
        let g = Graph::new();
        let x = g.input(0, [2, 2], DType::F32);
        let c = crate::composites().find(|c| c.name == "unit_norm").unwrap();
        assert!(matches!(
            (c.expand)(&g, &[x.id], &Attrs::ints([2])),
            Err(Error::Axis { .. })
        ));
    }
}
