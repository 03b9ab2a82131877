//! Runs a graph by its rows' kernels, one node at a time: no passes, no plan, no threads. Calls are split into chunks at the borders
//! that their units allow, so that a kernel whose bits depend on the split cannot hide.

use keratin_graph::op::{Call, CallDef, Geometry, Infer, Kernel, Operand, ViewPlan};
use keratin_graph::ops::scan::Loop;
use keratin_graph::shape::{numel, strides};
use keratin_graph::{Node, Nodes, Type, ValueId};
use keratin_kernels::reduce::ReduceFn;
use std::collections::HashMap;

/// Words of each input by value.
pub type Words = HashMap<ValueId, Vec<u32>>;

/// The words of `wanted`; calls are cut into about `chunks` pieces each.
pub fn by_kernels(nodes: &Nodes, inputs: &Words, wanted: &[ValueId], chunks: usize) -> Vec<Vec<u32>> {
    let mut values: Vec<Option<Vec<u32>>> = vec![None; nodes.values.len()];
    for node in &nodes.nodes {
        let types: Vec<&Type> = node.inputs.iter().map(|&v| nodes.ty(v)).collect();
        let outputs: Vec<Type> = node.results().map(|v| nodes.ty(v).clone()).collect();
        let operands: Vec<&[u32]> = node
            .inputs
            .iter()
            .map(|v| values[v.index()].as_deref().expect("made before"))
            .collect();
        let results = match &node.op.kernel {
            Kernel::Source => vec![match &node.attrs.words {
                Some(words) => words.to_vec(),
                None => inputs
                    .get(&node.first)
                    .unwrap_or_else(|| panic!("{:?} has no words", node.first))
                    .clone(),
            }],
            Kernel::Map(kernel) => {
                let kernel = kernel(types[0].dtype)
                    .unwrap_or_else(|| panic!("{} has no kernel for {}", node.op.name, types[0].dtype));
                vec![map(kernel, &operands, outputs[0].numel(), &node.attrs.floats)]
            }
            Kernel::Cast(kernel) => vec![map(
                kernel(types[0].dtype, outputs[0].dtype),
                &operands,
                outputs[0].numel(),
                &[],
            )],
            Kernel::View(plan) => vec![view(
                &plan(
                    &Infer {
                        op: node.op.name,
                        inputs: &types,
                        attrs: &node.attrs,
                    },
                    &outputs,
                ),
                &operands,
                &outputs[0],
            )],
            Kernel::Call(def) => call(def, node, &operands, &types, &outputs, chunks),
            Kernel::Reduce(f) => vec![reduce(
                f(types[0].dtype),
                node,
                operands[0],
                types[0],
                &outputs[0],
                chunks,
            )],
            Kernel::Loop => scan(node, &operands, &types, &outputs, chunks),
        };
        for ((v, words), ty) in node.results().zip(results).zip(&outputs) {
            assert_eq!(words.len(), ty.numel());
            values[v.index()] = Some(words);
        }
    }
    wanted
        .iter()
        .map(|v| values[v.index()].clone().expect("made"))
        .collect()
}

/// What results hold before a kernel runs: a word that it leaves is seen.
const UNWRITTEN: u32 = 0x7fba_dbad;

fn map(kernel: keratin_kernels::map::MapFn, operands: &[&[u32]], n: usize, params: &[f32]) -> Vec<u32> {
    let mut out = vec![UNWRITTEN; n];
    let src = core::array::from_fn(|k| operands.get(k).map_or(core::ptr::null(), |w| w.as_ptr()));
    // SAFETY: shape rules give a map operands of its result's shape.
    unsafe { kernel(n, out.as_mut_ptr(), src, params) }
    out
}

fn view(plan: &ViewPlan, operands: &[&[u32]], ty: &Type) -> Vec<u32> {
    let mut out = vec![plan.fill.unwrap_or(UNWRITTEN); ty.numel()];
    for p in &plan.pieces {
        // SAFETY: a plan's pieces lie inside its operands and the result; those without elements are not touched.
        unsafe {
            let (src, dst) = (
                operands[p.input].as_ptr().wrapping_add(p.src_offset),
                out.as_mut_ptr().wrapping_add(p.dst_offset),
            );
            keratin_kernels::copy::strided(dst, &p.dst_strides, src, &p.src_strides, &p.shape);
        }
    }
    out
}

fn call(
    def: &CallDef,
    node: &Node,
    operands: &[&[u32]],
    types: &[&Type],
    outputs: &[Type],
    chunks: usize,
) -> Vec<Vec<u32>> {
    let own: Vec<Vec<isize>> = types
        .iter()
        .map(|t| strides(&t.shape).into_iter().map(|s| s as isize).collect())
        .collect();
    let inputs: Vec<Operand> = (operands.iter().zip(types).zip(&own))
        .map(|((words, ty), strides)| Operand {
            ptr: words.as_ptr(),
            shape: &ty.shape,
            strides,
            dtype: ty.dtype,
        })
        .collect();
    let geometry = Geometry {
        inputs: types,
        outputs,
        attrs: &node.attrs,
    };
    let units = (def.units)(&geometry);
    let mut workspace = vec![0u32; (def.workspace)(&geometry)];
    let mut out: Vec<Vec<u32>> = outputs.iter().map(|ty| vec![UNWRITTEN; ty.numel()]).collect();
    if units.words > 0 {
        assert_eq!(
            units.words * units.count,
            out[0].len(),
            "{}: units do not cover the result",
            node.op.name
        );
    }
    let pointers: Vec<*mut u32> = out.iter_mut().map(|w| w.as_mut_ptr()).collect();
    let step = units.count.div_ceil(chunks).next_multiple_of(units.grain).max(1);
    for from in (0..units.count).step_by(step) {
        let to = (from + step).min(units.count);
        let call = Call {
            inputs: &inputs,
            outputs: &pointers,
            types: outputs,
            attrs: &node.attrs,
            from,
            to,
            workspace: workspace.as_mut_ptr(),
        };
        // SAFETY: operands and results have the sizes of their types, the workspace that which was asked for.
        unsafe { (def.run)(&call) }
    }
    out
}

fn reduce(f: ReduceFn, node: &Node, operand: &[u32], ty: &Type, output: &Type, chunks: usize) -> Vec<u32> {
    let ints = &node.attrs.ints;
    let (outer, n, inner) = keratin_graph::ops::reduce::split(&ty.shape, ints[0] as usize, ints[1] as usize);
    let (count, mut out) = (outer * inner, vec![UNWRITTEN; output.numel()]);
    let step = count.div_ceil(chunks).max(1);
    for from in (0..count).step_by(step) {
        // SAFETY: the operand and the result have the sizes of their types.
        unsafe {
            f(
                out.as_mut_ptr(),
                operand.as_ptr(),
                outer,
                n,
                inner,
                from,
                count.min(from + step),
            )
        }
    }
    out
}

fn scan(node: &Node, operands: &[&[u32]], types: &[&Type], outputs: &[Type], chunks: usize) -> Vec<Vec<u32>> {
    let (shape, body) = (Loop::of(&node.attrs), node.attrs.body.as_ref().expect("a body"));
    let first_x = shape.consts + shape.carries;
    let mut carry: Vec<Vec<u32>> = operands[shape.consts..first_x].iter().map(|w| w.to_vec()).collect();
    let mut stacked: Vec<Vec<u32>> = outputs[shape.carries..]
        .iter()
        .map(|ty| vec![UNWRITTEN; ty.numel()])
        .collect();
    for step in 0..shape.steps {
        let at = shape.slice(step);
        let slice = |k: usize| {
            let n = numel(&types[k].shape[1..]);
            operands[k][at * n..(at + 1) * n].to_vec()
        };
        let given = (0..operands.len()).map(|k| match k {
            k if k < shape.consts => operands[k].to_vec(),
            k if k < first_x => carry[k - shape.consts].clone(),
            k => slice(k),
        });
        let inputs: Words = body.inputs.iter().copied().zip(given).collect();
        let mut results = by_kernels(&body.nodes, &inputs, &body.outputs, chunks);
        for (all, y) in stacked.iter_mut().zip(results.split_off(shape.carries)) {
            all[at * y.len()..(at + 1) * y.len()].copy_from_slice(&y);
        }
        carry = results;
    }
    carry.into_iter().chain(stacked).collect()
}
