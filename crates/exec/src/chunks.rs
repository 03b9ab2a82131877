//! How much of a step goes to a thread at a time. Borders may depend on the number of threads: kernels give the same bits for any split.

use crate::map_vm::{BLOCK, MapProgram};
use crate::par;
use keratin_graph::op::Units;

/// Nanoseconds of work below which a step is not shared: what waking and joining costs on a quiet machine.
const WORTH_SHARING: f32 = 10_000.0;
/// Least nanoseconds of a chunk.
const CHUNK: f32 = 5_000.0;
/// Chunks per thread, so that one that is late leaves little to wait for.
const PER_THREAD: usize = 4;
/// Nanoseconds per element and instruction: between an addition and a transcendental function.
const MAP_COST: f32 = 0.4;

/// Nanoseconds per word of a strided copy.
const COPY_COST: f32 = 0.3;

/// Words between a call and its epilogue.
const STRETCH: usize = 16 * 1024;

/// A value that threads may share because the step's chunks touch disjoint parts of what it points to.
#[derive(Clone, Copy)]
pub struct Shared<T>(pub T);

impl<T: Copy> Shared<T> {
    /// The value. A method, so that a closure captures the wrapper and not the field.
    pub fn get(&self) -> T {
        self.0
    }
}

// SAFETY: see above; every use says why its chunks are disjoint.
unsafe impl<T> Sync for Shared<T> {}
unsafe impl<T> Send for Shared<T> {}

pub fn map_units(m: &MapProgram) -> Units {
    Units {
        count: m.n,
        words: 1,
        cost: MAP_COST * m.instrs.len() as f32,
        grain: BLOCK,
        coarse: false,
    }
}

/// A strided copy by indices of its first axis.
pub fn copy_units(shape: &[usize]) -> Units {
    let (&count, rest) = shape.split_first().unwrap_or((&1, &[]));
    Units {
        count,
        words: 0,
        cost: COPY_COST * rest.iter().product::<usize>() as f32,
        grain: 1,
        coarse: false,
    }
}

/// Units of a call after which its epilogue runs, while what they made is in the second cache. A call may prepare something anew each time,
/// about as much as its workspace holds: that must stay small beside what it makes.
pub fn stretch(units: &Units, workspace: usize) -> usize {
    let words = STRETCH.max(4 * workspace);
    (words / units.words.max(1)).max(1).next_multiple_of(units.grain)
}

pub fn worth_sharing(units: &Units) -> bool {
    units.cost * units.count as f32 >= WORTH_SHARING && units.count > units.grain
}

/// Runs units `0..count` as `f(from, to, thread)`, on all threads where that pays.
pub fn share(units: Units, f: &(dyn Fn(usize, usize, usize) + Sync)) {
    let threads = par::threads();
    if units.count == 0 {
        return;
    }
    if threads == 1 || !worth_sharing(&units) {
        return f(0, units.count, par::thread_id());
    }
    let total = units.cost * units.count as f32;
    let wanted = if units.coarse {
        threads
    } else {
        (threads * PER_THREAD)
            .min((total / CHUNK) as usize)
            .next_multiple_of(threads)
    };
    let grains = units.count.div_ceil(units.grain);
    let chunks = wanted.clamp(1, grains);
    let border = |i: usize| (grains * i / chunks * units.grain).min(units.count);
    par::par(chunks, &|i| {
        let (from, to) = (border(i), border(i + 1));
        if from < to {
            f(from, to, par::thread_id());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn chunks_cover_every_unit_once_and_begin_at_grains() {
        for (count, grain) in [(1, 1), (5, 4), (1000, 4), (4097, 64), (100_000, 512)] {
            let seen = Mutex::new(vec![0; count]);
            let units = Units {
                count,
                words: 1,
                cost: 1e4,
                grain,
                coarse: false,
            };
            share(units, &|from, to, _| {
                assert!(from % grain == 0 || from == count);
                seen.lock().unwrap()[from..to].iter_mut().for_each(|n| *n += 1);
            });
            assert!(seen.into_inner().unwrap().iter().all(|&n| n == 1));
        }
    }
}
