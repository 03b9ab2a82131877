//! Lets an elementwise unit feed the reductions of its results, and reductions of one geometry read together: the mirror of `epilogue`.

use crate::lower::{Home, Lowered, Work};
use crate::map_vm::{Access, INSIDE, MapProgram};
use crate::reduction::{Reduction, Source};

/// Feeds reductions by the units that make what they read, then joins those that read the same. `needed` are buffers that are read after the
/// run.
pub fn attach(low: &mut Lowered, needed: &[usize]) {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); low.buffers.len()];
    for (at, work) in low.works.iter().enumerate() {
        work.reads().into_iter().for_each(|b| readers[b].push(at));
    }
    for at in 0..low.works.len() {
        feed(low, at, needed, &mut readers);
    }
    let reductions: Vec<usize> = (0..low.works.len())
        .filter(|&at| matches!(low.works[at], Work::Reduce(_)))
        .collect();
    for (k, &at) in reductions.iter().enumerate() {
        join(low, at, &reductions[k + 1..]);
    }
    low.works.retain(|w| !w.is_nothing());
}

/// Work `at`, if it is an elementwise unit, takes in the reductions of its results.
fn feed(low: &mut Lowered, at: usize, needed: &[usize], readers: &mut [Vec<usize>]) {
    let Work::Map(m) = &low.works[at] else { return };
    let (n, outputs) = (m.n, m.outputs.clone());
    let mut candidates: Vec<usize> = outputs.iter().flat_map(|&b| readers[b].iter().copied()).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let mut all: Option<Reduction> = None;
    for later in candidates {
        let Work::Reduce(r) = &low.works[later] else { continue };
        let [Source::Memory { buffer, offset: 0 }] = r.folds.iter().map(|f| f.source).collect::<Vec<_>>()[..] else {
            continue;
        };
        let alike = all.as_ref().is_none_or(|a| a.shape == r.shape);
        let alone = r.map.is_none() && r.epilogues.is_empty();
        if !alike || !alone || r.shape.iter().product::<usize>() != n {
            continue;
        }
        let Work::Reduce(r) = low.works[later].take() else {
            unreachable!("internal: matched above")
        };
        readers[buffer].retain(|&reader| reader != later);
        match &mut all {
            Some(a) => a.folds.extend(r.folds),
            None => all = Some(r),
        }
    }
    let Some(mut all) = all else { return };
    let Work::Map(mut m) = low.works[at].take() else {
        unreachable!("internal: matched above")
    };
    for (k, output) in m.outputs.iter_mut().enumerate() {
        let unseen = readers[*output].is_empty() && !needed.contains(output);
        if unseen && low.buffers[*output].home == Home::Arena {
            let memory = Source::Memory {
                buffer: *output,
                offset: 0,
            };
            let folds = all.folds.iter_mut().filter(|f| f.source == memory);
            folds.for_each(|f| f.source = Source::Inside(k));
            low.buffers[*output].words = 0; // nobody asks for its place any more
            *output = INSIDE;
        }
    }
    all.map = Some(m);
    low.works[at] = Work::Reduce(all);
}

/// Work `at`, a reduction, takes in later ones of its geometry that read nothing else and can run now, or goes into one that follows.
fn join(low: &mut Lowered, at: usize, others: &[usize]) {
    for &later in others {
        let (Work::Reduce(a), Work::Reduce(b)) = (&low.works[at], &low.works[later]) else {
            continue;
        };
        if a.shape != b.shape || !a.epilogues.is_empty() || !b.epilogues.is_empty() || !shares(a, b) {
            continue;
        }
        let before = |buffer: &usize| !low.works[at..later].iter().any(|w| w.writes().contains(buffer));
        let unread = |buffer: &usize| !low.works[at + 1..=later].iter().any(|w| w.reads().contains(buffer));
        let (first, second) = if b.reads().iter().all(before) {
            (at, later) // the later one comes forward
        } else if a.writes().iter().all(unread) {
            (later, at) // the earlier one waits
        } else {
            continue;
        };
        let maps = [a, b].map(|r| r.map.as_ref());
        let joined = match maps {
            [Some(x), Some(y)] => {
                let both = x.beside(y);
                if !both.fits() {
                    continue;
                }
                Some(both)
            }
            [x, y] => x.or(y).cloned(),
        };
        // Results of the second program are counted after those of the first.
        let shift = maps[0].map_or(0, |m| m.outputs.len());
        let moved = b.folds.iter().cloned().map(|mut f| {
            if let Source::Inside(k) = &mut f.source {
                *k += shift;
            }
            f
        });
        let folds = a.folds.iter().cloned().chain(moved).collect();
        let joined = Reduction {
            node: a.node,
            shape: a.shape,
            folds,
            map: joined,
            epilogues: vec![],
        };
        low.works[second].take();
        low.works[first] = Work::Reduce(joined);
        if first != at {
            return;
        }
    }
}

/// Do both read an array from end to end that the other reads too?
fn shares(a: &Reduction, b: &Reduction) -> bool {
    let arrays = |r: &Reduction| {
        let whole = |m: &MapProgram| {
            m.inputs
                .iter()
                .filter(|i| i.access == Access::Full)
                .map(|i| i.buffer)
                .collect()
        };
        let mut all: Vec<usize> = r.map.as_ref().map_or(vec![], whole);
        all.extend(r.folds.iter().filter_map(|f| match f.source {
            Source::Memory { buffer, .. } => Some(buffer),
            Source::Inside(_) => None,
        }));
        all
    };
    let own = arrays(a);
    arrays(b).iter().any(|x| own.contains(x))
}
