//! Reductions: by themselves, fed by elementwise units, several at once. The same bits as the kernel, on any number of threads.

mod common;
use common::{check, run, samples};
use keratin_exec::{Options, Program, StateBuf, compile, par};
use keratin_graph::ops::{fast, reduce, unary};
use keratin_graph::{Attrs, DType::F32, Graph, Tensor, grad};
use keratin_kernels::reduce as kernels;
use std::sync::Mutex;

/// `[outer, n, inner]` around vectors, pieces and the columns of a unit.
const SHAPES: [[usize; 3]; 22] = [
    [0, 3, 2],
    [1, 0, 1],
    [2, 0, 5],
    [1, 1, 1],
    [3, 1, 4],
    [5, 3, 1],
    [4, 10, 1],
    [900, 17, 1],
    [2, 4096, 1],
    [1, 9001, 1],
    [3, 8193, 1],
    [2, 5, 3],
    [300, 4, 5],
    [1, 9, 17],
    [1, 4100, 5],
    [2, 8200, 2],
    [1, 600, 16],
    [1, 40, 257],
    [2, 19, 513],
    [1, 9, 1345],
    [1, 3, 4097],
    [1, 70, 64],
];

/// `set_threads` is for the whole process: tests of this file take turns.
static TURN: Mutex<()> = Mutex::new(());

fn program(g: &Graph, outputs: &[Tensor]) -> Program {
    let ids: Vec<_> = outputs.iter().map(|t| t.id).collect();
    let no_state = |k| -> std::rc::Rc<StateBuf> { panic!("no state {k}") };
    compile(&g.nodes(), &ids, &[], &no_state, &Options::default()).unwrap()
}

#[test]
fn a_reduction_has_the_bits_of_its_kernel_fed_or_not_on_any_number_of_threads() {
    let _turn = TURN.lock();
    for shape @ [outer, n, inner] in SHAPES {
        let g = Graph::new();
        let (x, y) = (g.input(0, shape, F32), g.input(1, shape, F32));
        let outputs = [
            x.sum(&[1]),
            (x * y).sum(&[1]),
            (x * y).reduce(&reduce::MAX, &[1]),
            y.reduce(&reduce::MIN, &[1]),
        ];
        let ids: Vec<_> = outputs.iter().map(|t| t.id).collect();
        let nodes = g.nodes();
        let (inputs, states) = samples(&nodes, 3);
        let words = |k: usize| inputs[&k].iter().map(|&x| x as f32).collect::<Vec<_>>();
        let (x, y) = (words(0), words(1));
        let product: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
        let kernel = |f: kernels::ReduceFn, x: &[f32]| {
            let mut out = vec![0; outer * inner];
            // SAFETY: the arrays have the stated shapes.
            unsafe { f(out.as_mut_ptr(), x.as_ptr().cast(), outer, n, inner, 0, outer * inner) };
            out
        };
        let expected = [
            kernel(kernels::sum, &x),
            kernel(kernels::sum, &product),
            kernel(kernels::max, &product),
            kernel(kernels::min, &y),
        ];
        for threads in [1, 2, 3, 8] {
            par::set_threads(threads);
            let got = run(&nodes, &ids, &[], &inputs, &states, &Options::default(), 1).0;
            assert!(got == expected, "{shape:?} on {threads} threads");
        }
        par::set_threads(1);
    }
}

#[test]
fn a_chain_that_is_only_summed_is_never_written_down() {
    let _turn = TURN.lock();
    let g = Graph::new();
    let (x, y) = (g.input(0, [1000, 64], F32), g.input(1, [1000, 64], F32));
    let out = (x * y).map(&unary::TANH).sum(&[0]) * 2.0;
    let program = program(&g, &[out]);
    assert_eq!(program.steps(), 1, "{}", program.text());
    // Both inputs, and less than half of one beside them for the pieces and the result.
    assert!(program.arena_words() < 2 * 64_000 + 32_000, "{}", program.text());
    check("summed chain", &g, &[out], 1e-5);
}

#[test]
fn a_chain_that_is_read_elsewhere_too_is_written_and_summed_in_one_step() {
    let _turn = TURN.lock();
    let g = Graph::new();
    let x = g.input(0, [50, 30], F32);
    let y = x.map(&unary::TANH);
    let outputs = [y, y.sum(&[0]), y.square().sum(&[0])];
    let program = program(&g, &outputs);
    assert_eq!(program.steps(), 1, "{}", program.text());
    check("written and summed", &g, &outputs, 1e-5);
}

#[test]
fn reductions_of_one_geometry_read_together_whichever_comes_first() {
    let _turn = TURN.lock();
    let g = Graph::new();
    let (x, y) = (g.input(0, [50, 30], F32), g.input(1, [50, 30], F32));
    let outputs = [
        x.sum(&[0]),
        (x * y).sum(&[0]),
        y.reduce(&reduce::MAX, &[0]),
        (x + y).sum(&[0]),
    ];
    let together = program(&g, &outputs);
    assert_eq!(together.steps(), 1, "{}", together.text());
    check("together", &g, &outputs, 1e-5);
    // What depends on another's result waits for it; other geometries stay apart.
    let centred = x - x.sum(&[0]);
    let outputs = [
        centred.square().sum(&[0]),
        x.sum(&[1]),
        (x.sum(&[0]) * 2.0).map(&unary::TANH),
    ];
    check("apart", &g, &outputs, 1e-5);
}

#[test]
fn normalization_and_its_gradient_over_batches_and_over_rows() {
    let _turn = TURN.lock();
    for (shape, axes) in [([6, 7, 5], vec![0, 1]), ([6, 7, 5], vec![2]), ([9, 1, 3], vec![0, 1])] {
        let g = Graph::new();
        let x = g.input(0, shape, F32);
        let kept: Vec<usize> = (0..3).map(|i| if axes.contains(&i) { 1 } else { shape[i] }).collect();
        let gamma = g.input(1, kept.clone(), F32);
        let ints = Attrs::ints([axes[0] as i64, axes[axes.len() - 1] as i64 + 1]);
        let found = g.apply(&fast::MOMENTS, &[x.id], ints).unwrap();
        let [mean, variance] = [0, 1].map(|k| g.tensor(found[k]).reshape(&kept));
        let y = (x - mean) * (variance + 1e-3).map(&unary::RSQRT) * gamma;
        let loss = (y * g.input(2, shape, F32)).sum(&[0, 1, 2]);
        let grads = grad(loss, &[x, gamma]);
        check(
            &format!("normalization over {axes:?}"),
            &g,
            &[y, loss, grads[0], grads[1]],
            1e-4,
        );
    }
}
