//! Makes a unit of elementwise nodes a program of instructions on registers; two of arithmetic become one instruction where it can be done.

use crate::group::Unit;
use crate::map_vm::{Instr, MapInput, MapProgram};
use keratin_graph::hash::HashMap;
use keratin_graph::op::Kernel;
use keratin_graph::{Nodes, ValueId};
use keratin_kernels::map::{MapFn, pair};

/// An instruction on values.
struct Line {
    f: MapFn,
    name: String,
    reads: Vec<ValueId>,
    makes: ValueId,
    params: Vec<f32>,
}

/// Gives the values of a unit registers: inputs, results, and as few temporaries as live at once.
pub fn registers(
    nodes: &Nodes,
    unit: &Unit,
    n: usize,
    inputs: &[(ValueId, MapInput)],
    outputs: &[(ValueId, usize)],
) -> MapProgram {
    let mut lines: Vec<Line> = unit.nodes.iter().map(|&m| line(nodes, m)).collect();
    pair_up(&mut lines, |v| outputs.iter().any(|(w, _)| *w == v));
    let first_temporary = inputs.len() + outputs.len();
    let mut register: HashMap<ValueId, usize> = HashMap::default();
    inputs
        .iter()
        .enumerate()
        .for_each(|(r, (v, _))| _ = register.insert(*v, r));
    outputs
        .iter()
        .enumerate()
        .for_each(|(k, (v, _))| _ = register.insert(*v, inputs.len() + k));
    let mut last_use: HashMap<ValueId, usize> = HashMap::default();
    for (i, line) in lines.iter().enumerate() {
        line.reads.iter().for_each(|v| _ = last_use.insert(*v, i));
    }
    let (mut free, mut temporaries) = (Vec::new(), 0);
    let mut instrs = Vec::with_capacity(lines.len());
    for (i, line) in lines.into_iter().enumerate() {
        let read: Vec<usize> = line.reads.iter().map(|v| register[v]).collect();
        let src = core::array::from_fn(|k| read.get(k).or(read.first()).copied().unwrap_or(0));
        // A temporary that is read for the last time may take the result.
        let mut ended = line.reads;
        ended.sort_unstable();
        ended.dedup();
        for v in ended {
            if last_use[&v] == i && register[&v] >= first_temporary {
                free.push(register[&v]);
            }
        }
        let dst = *register.entry(line.makes).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                temporaries += 1;
                first_temporary + temporaries - 1
            })
        });
        instrs.push(Instr {
            f: line.f,
            name: line.name,
            dst,
            src,
            params: line.params,
        });
    }
    MapProgram {
        n,
        inputs: inputs.iter().map(|(_, i)| *i).collect(),
        outputs: outputs.iter().map(|(_, b)| *b).collect(),
        temporaries,
        instrs,
    }
}

fn line(nodes: &Nodes, at: usize) -> Line {
    let node = &nodes.nodes[at];
    let from = node
        .inputs
        .first()
        .map_or(nodes.ty(node.first).dtype, |&v| nodes.ty(v).dtype);
    // The last input's type decides where the first is a condition: kernels of words take any.
    let f = match &node.op.kernel {
        Kernel::Map(f) => f(from).unwrap_or_else(|| panic!("internal: {} has no kernel for {from}", node.op.name)),
        Kernel::Cast(f) => f(from, nodes.ty(node.first).dtype),
        Kernel::Source | Kernel::View(_) | Kernel::Call(_) | Kernel::Reduce(_) | Kernel::Loop => {
            unreachable!("internal: not elementwise")
        }
    };
    Line {
        f,
        name: node.op.name.to_string(),
        reads: node.inputs.clone(),
        makes: node.first,
        params: node.attrs.floats.clone(),
    }
}

/// Takes a line into the one that alone reads its value, once, where a kernel does both.
fn pair_up(lines: &mut Vec<Line>, is_result: impl Fn(ValueId) -> bool) {
    let mut uses: HashMap<ValueId, usize> = HashMap::default();
    let reads = lines.iter().flat_map(|l| &l.reads);
    reads.for_each(|v| *uses.entry(*v).or_default() += 1);
    let made: HashMap<ValueId, usize> = lines.iter().enumerate().map(|(i, l)| (l.makes, i)).collect();
    let mut taken = vec![false; lines.len()];
    for i in 0..lines.len() {
        for operand in 0..lines[i].reads.len().min(2) {
            let v = lines[i].reads[operand];
            let Some(&j) = made.get(&v) else { continue };
            let (first, second) = (&lines[j], &lines[i]);
            let binary = first.reads.len() == 2 && second.reads.len() == 2;
            if !binary || uses[&v] != 1 || is_result(v) {
                continue;
            }
            let Some(f) = pair(first.f, second.f, operand) else {
                continue;
            };
            let reads = [first.reads[0], first.reads[1], second.reads[1 - operand]].to_vec();
            let name = format!("{}·{}", first.name, second.name);
            taken[j] = true;
            lines[i] = Line {
                f,
                name,
                reads,
                makes: lines[i].makes,
                params: vec![],
            };
            break;
        }
    }
    let mut gone = taken.into_iter();
    lines.retain(|_| gone.next() != Some(true));
}
