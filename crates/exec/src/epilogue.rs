//! Attaches an elementwise unit to the call that feeds it, so that it runs on each finished stretch while that is in the cache.

use crate::lower::{Home, Lowered, Work};
use crate::map_vm::Access;

/// Attaches where a call's only result is read by one elementwise unit of the same size and by nothing else. `needed` are buffers that are
/// read after the run.
pub fn attach(low: &mut Lowered, needed: &[usize]) {
    let mut readers = vec![0usize; low.buffers.len()];
    low.works
        .iter()
        .flat_map(|w| {
            let mut r = w.reads();
            r.sort_unstable();
            r.dedup();
            r
        })
        .for_each(|b| readers[b] += 1);
    let mut writer = vec![usize::MAX; low.buffers.len()];
    low.works
        .iter()
        .enumerate()
        .for_each(|(at, w)| w.writes().into_iter().for_each(|b| writer[b] = at));
    for at in 0..low.works.len() {
        let Work::Call {
            results,
            units,
            epilogue: None,
            ..
        } = &low.works[at]
        else {
            continue;
        };
        let &[result] = &results[..] else { continue };
        if units.words == 0
            || readers[result] != 1
            || needed.contains(&result)
            || low.buffers[result].home != Home::Arena
        {
            continue;
        }
        let Some(reader) = (at + 1..low.works.len()).find(|&i| low.works[i].reads().contains(&result)) else {
            continue;
        };
        let Work::Map(m) = &low.works[reader] else { continue };
        let whole = m
            .inputs
            .iter()
            .filter(|i| i.buffer == result)
            .all(|i| i.access == Access::Full && i.offset == 0);
        // Everything else that it reads must be there when the call runs.
        let early = m
            .inputs
            .iter()
            .all(|i| i.buffer == result || writer[i.buffer] == usize::MAX || writer[i.buffer] < at);
        if !whole || !early || m.n != low.buffers[result].words || m.n != units.count * units.words {
            continue;
        }
        let taken = std::mem::replace(
            &mut low.works[reader],
            Work::Copy {
                dst: result,
                fill: None,
                pieces: vec![],
            },
        );
        let Work::Map(m) = taken else {
            unreachable!("internal: matched above")
        };
        m.outputs.iter().for_each(|&b| writer[b] = at);
        if let Work::Call { epilogue, .. } = &mut low.works[at] {
            *epilogue = Some(m);
        }
    }
    low.works
        .retain(|w| !matches!(w, Work::Copy { pieces, fill: None, .. } if pieces.is_empty()));
}
