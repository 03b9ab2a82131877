//! Every op against its case table: the shape rule, the kernel against the f64 reference, and what must be refused.

mod cases;

use cases::run::{Words, by_kernels};
use cases::{Case, cases};
use keratin_graph::op::{Infer, Kernel, Kind};
use keratin_graph::reference::{from_words, to_words};
use keratin_graph::{Attrs, DType, Error, Graph, OpDef, Type, ValueId, display, op, verify};
use std::collections::{HashMap, HashSet};

fn find_op(name: &str) -> &'static OpDef {
    op::find(name).expect(name)
}

#[test]
fn every_op_has_a_case() {
    let known: HashSet<&str> = cases().iter().map(|c| c.op.name).collect();
    let missing: Vec<&str> = op::table()
        .map(|op| op.name)
        .filter(|name| !known.contains(name))
        .collect();
    assert!(missing.is_empty(), "no case in tests/cases/table.rs for {missing:?}");
}

#[test]
fn names_are_unique() {
    let mut seen = HashSet::new();
    assert!(op::table().all(|op| seen.insert(op.name)));
}

#[test]
fn shape_rules_answer_what_the_cases_say() {
    for case in cases() {
        let types: Vec<&Type> = case.operands.iter().map(|o| &o.ty).collect();
        let found = (case.op.infer)(&Infer {
            op: case.op.name,
            inputs: &types,
            attrs: &case.attrs,
        });
        assert_eq!(found.as_ref(), Ok(&case.gives), "{case}");
    }
}

#[test]
fn kernels_agree_with_the_reference() {
    for (seed, case) in cases().iter().enumerate().filter(|(_, c)| c.op.kind != Kind::Source) {
        let (graph, outputs) = case.graph();
        let nodes = graph.nodes();
        // both sides start from the same 32-bit words
        let words: Vec<Vec<u32>> = case
            .values(seed as u64)
            .iter()
            .zip(&case.operands)
            .map(|(x, o)| to_words(x, o.ty.dtype))
            .collect();
        let given: Words = nodes
            .nodes
            .iter()
            .filter(|n| n.op.kind == Kind::Source)
            .map(|n| (n.first, words[n.attrs.ints[0] as usize].clone()))
            .collect();
        let inputs = words
            .iter()
            .zip(&case.operands)
            .map(|(w, o)| from_words(w, &o.ty))
            .enumerate()
            .collect();
        let expected = keratin_graph::reference::evaluate(&nodes, &inputs, &HashMap::new(), &outputs);
        let found = by_kernels(&nodes, &given, &outputs, 1);
        for ((words, want), ty) in found.iter().zip(&expected).zip(&case.gives) {
            for (at, (got, &want)) in from_words(words, ty).iter().zip(want).enumerate() {
                let near = (got - want).abs() <= case.tolerance * (1.0 + want.abs());
                let same = *got == want || (got.is_nan() && want.is_nan());
                let ok = same || (ty.dtype == DType::F32 && near);
                assert!(ok, "{case}: element {at} is {got}, the reference says {want}");
            }
        }
        for chunks in [2, 3, 1000] {
            assert!(
                by_kernels(&nodes, &given, &outputs, chunks) == found,
                "{case}: the bits depend on the split into {chunks}"
            );
        }
    }
}

#[test]
fn in_place_kernels_answer_as_apart() {
    for (seed, case) in cases().iter().enumerate() {
        let Kernel::Map(kernel) = &case.op.kernel else { continue };
        let kernel = kernel(case.operands[0].ty.dtype).expect("checked elsewhere");
        let words: Vec<Vec<u32>> = case
            .values(seed as u64)
            .iter()
            .zip(&case.operands)
            .map(|(x, o)| to_words(x, o.ty.dtype))
            .collect();
        let n = case.gives[0].numel();
        let src = |words: &[Vec<u32>]| core::array::from_fn(|k| words.get(k).map_or(core::ptr::null(), |w| w.as_ptr()));
        let mut apart = vec![0; n];
        // SAFETY: all operands and the result hold n words.
        unsafe { kernel(n, apart.as_mut_ptr(), src(&words), &case.attrs.floats) }
        for k in 0..words.len() {
            let mut words = words.clone();
            let dst = words[k].as_mut_ptr();
            // SAFETY: as above; the result is exactly one operand.
            unsafe { kernel(n, dst, src(&words), &case.attrs.floats) }
            assert_eq!(words[k], apart, "{case}: in the place of operand {k}");
        }
    }
}

/// A type that the shape rule accepts and no kernel can run would fail only when somebody uses it.
#[test]
fn every_accepted_element_type_has_a_kernel() {
    for op in op::table() {
        let Kernel::Map(kernel) = &op.kernel else { continue };
        let arity = op.arity.expect("maps have a fixed number of inputs");
        let attrs = Attrs {
            ints: vec![0],
            floats: vec![],
            ..Default::default()
        };
        for code in 0..4usize.pow(arity as u32) {
            let types: Vec<Type> = (0..arity)
                .map(|k| Type::new([2], DType::ALL[code >> (2 * k) & 3]))
                .collect();
            for floats in 0..3 {
                let attrs = Attrs {
                    floats: vec![0.5; floats],
                    ..attrs.clone()
                };
                let accepted = (op.infer)(&Infer {
                    op: op.name,
                    inputs: &types.iter().collect::<Vec<_>>(),
                    attrs: &attrs,
                })
                .is_ok();
                assert!(
                    !accepted || kernel(types[0].dtype).is_some(),
                    "{} accepts {} and has no kernel",
                    op.name,
                    types[0].dtype
                );
            }
        }
    }
}

/// Operands that do not fit are errors with the values in them, and leave the graph as it was.
#[test]
fn operands_that_do_not_fit_are_refused() {
    let g = Graph::new();
    let (a, b, i) = (
        g.input(0, [2, 3], DType::F32).id,
        g.input(1, [4, 5], DType::F32).id,
        g.input(2, [2], DType::I32).id,
    );
    let size = g.nodes().nodes.len();
    let ints = |list: &[i64]| Attrs::ints(list.iter().copied());
    let refused = |name: &str, inputs: &[ValueId], attrs: Attrs| g.emit(find_op(name), inputs, attrs).expect_err(name);
    assert!(matches!(
        refused("add", &[a], ints(&[])),
        Error::Arity {
            expected: 2,
            found: 1,
            ..
        }
    ));
    assert!(matches!(refused("add", &[a, b], ints(&[])), Error::Broadcast { .. }));
    assert!(matches!(
        refused("exp", &[i], ints(&[])),
        Error::DType { found: DType::I32, .. }
    ));
    assert!(matches!(
        refused("dot", &[a, b], ints(&[0, 0])),
        Error::Inner { sizes: (3, 4), .. }
    ));
    assert!(matches!(refused("dot", &[a, i], ints(&[0, 0])), Error::DType { .. }));
    assert!(matches!(refused("reshape", &[a], ints(&[4])), Error::Size { .. }));
    assert!(matches!(refused("reshape", &[a], ints(&[-6])), Error::Attribute { .. }));
    assert!(matches!(
        refused("transpose", &[a], ints(&[0, 0])),
        Error::Attribute { .. }
    ));
    assert!(matches!(
        refused("broadcast", &[a], ints(&[3, 2])),
        Error::Broadcast { .. }
    ));
    assert!(matches!(
        refused("slice", &[a], ints(&[0, 3, 1, 0, 1, 1])),
        Error::Attribute { .. }
    ));
    assert!(matches!(
        refused("slice", &[a], ints(&[0, 2, 0, 0, 1, 1])),
        Error::Attribute { .. }
    ));
    assert!(matches!(
        refused("concatenate", &[a, b], ints(&[0])),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused("concatenate", &[], ints(&[0])),
        Error::Attribute { .. }
    ));
    assert!(matches!(
        refused("sum", &[a], ints(&[1, 3])),
        Error::Axis { ndim: 2, .. }
    ));
    assert!(matches!(refused("cumsum", &[a], ints(&[-1])), Error::Attribute { .. }));
    assert!(matches!(refused("gather", &[a, a], ints(&[0])), Error::DType { .. }));
    assert!(matches!(
        refused("broadcast", &[i], ints(&[1 << 20, 1 << 20, 2])),
        Error::TooLarge { .. }
    ));
    let wide = Attrs {
        floats: vec![0.0],
        ..ints(&[i32::MAX as i64, i32::MAX as i64, 0, 0, 0, i32::MAX as i64])
    };
    assert!(matches!(refused("pad", &[a], wide), Error::TooLarge { .. }));
    assert_eq!(g.nodes().nodes.len(), size, "a refused node was added");
}

#[test]
fn graphs_of_cases_verify_and_survive_their_text() {
    for case in cases().iter().filter(|c: &&Case| c.op.kind != Kind::Source) {
        let (graph, outputs) = case.graph();
        verify::verify(&graph.nodes()).unwrap();
        let text = display::text(&graph.nodes(), &outputs);
        let (parsed, back) = display::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(display::text(&parsed.nodes(), &back), text);
        verify::verify(&parsed.nodes()).unwrap();
    }
}
