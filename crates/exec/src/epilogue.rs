//! Attaches an elementwise unit to the step that feeds it: to a call, where it runs on each finished stretch while that is in the cache, or to
//! the end of a reduction.

use crate::lower::{Home, Lowered, Work};
use crate::map_vm::{Access, MapProgram};

/// Attaches where an elementwise unit of the same size is the first to read a result: the first one of calls, or any of `reductions`. `needed`
/// are buffers that are read after the run.
pub fn attach(low: &mut Lowered, needed: &[usize], reductions: bool) {
    let mut reader = vec![usize::MAX; low.buffers.len()];
    for (at, work) in low.works.iter().enumerate() {
        work.reads().into_iter().for_each(|b| reader[b] = reader[b].min(at));
    }
    let mut writer = vec![usize::MAX; low.buffers.len()];
    low.works
        .iter()
        .enumerate()
        .for_each(|(at, w)| w.writes().into_iter().for_each(|b| writer[b] = at));
    for at in 0..low.works.len() {
        for result in results(&low.works[at], reductions) {
            let reader = reader[result];
            if reader == usize::MAX || needed.contains(&result) || low.buffers[result].home != Home::Arena {
                continue;
            }
            let Work::Map(m) = &low.works[reader] else { continue };
            let whole = m
                .inputs
                .iter()
                .filter(|i| i.buffer == result)
                .all(|i| i.access == Access::Full && i.offset == 0);
            // Everything else that it reads must be there when the step runs. Folds of a reduction are done before its epilogues.
            let folded = results(&low.works[at], reductions);
            let early = m
                .inputs
                .iter()
                .all(|i| folded.contains(&i.buffer) || writer[i.buffer] == usize::MAX || writer[i.buffer] < at);
            if !whole || !early || m.n != low.buffers[result].words || !fits(&low.works[at], m) {
                continue;
            }
            let Work::Map(m) = low.works[reader].take() else {
                unreachable!("internal: matched above")
            };
            m.outputs.iter().for_each(|&b| writer[b] = at);
            match &mut low.works[at] {
                Work::Call { epilogue, .. } => *epilogue = Some(m),
                Work::Reduce(r) => r.epilogues.push(m),
                Work::Map(_) | Work::Copy { .. } | Work::Loop { .. } => {
                    unreachable!("internal: nothing to attach to")
                }
            }
        }
    }
    low.works.retain(|w| !w.is_nothing());
}

/// Results of a step to which a unit may be attached.
fn results(work: &Work, reductions: bool) -> Vec<usize> {
    match work {
        Work::Call {
            results,
            epilogue: None,
            ..
        } if !reductions => results[..1].to_vec(),
        Work::Reduce(r) if reductions => r.folds.iter().map(|f| f.result).collect(),
        Work::Map(_) | Work::Call { .. } | Work::Reduce(_) | Work::Copy { .. } | Work::Loop { .. } => vec![],
    }
}

/// Can the step run the unit stretch by stretch?
fn fits(work: &Work, m: &MapProgram) -> bool {
    match work {
        Work::Call { units, .. } => units.words > 0 && m.n == units.count * units.words,
        Work::Map(_) | Work::Reduce(_) | Work::Copy { .. } | Work::Loop { .. } => true,
    }
}
