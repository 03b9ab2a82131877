//! Runs a grouped elementwise program block by block: each instruction is a kernel over at most `BLOCK` elements that lie in the first cache.

use keratin_kernels::copy;
use keratin_kernels::map::MapFn;
use keratin_kernels::reduce::PIECE;

/// Elements per block.
pub const BLOCK: usize = 512;
const MAX_REGISTERS: usize = 72;
/// Stands for the buffer of a result that stays inside its step.
pub const INSIDE: usize = usize::MAX;

/// How element i of the result reads a smaller source: at `(i / inner) % n`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Access {
    /// Element i.
    Full,
    Repeat {
        n: usize,
        inner: usize,
    },
}

impl Access {
    /// Does a block of `step` elements look like the one before it?
    fn stays(self, step: usize) -> bool {
        match self {
            Access::Full => false,
            Access::Repeat { n: 1, .. } => true,
            Access::Repeat { n, inner } => step.is_multiple_of(n * inner),
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapInput {
    pub buffer: usize,
    pub offset: usize,
    pub access: Access,
}

#[derive(Clone)]
pub struct Instr {
    pub f: MapFn,
    /// Of the op, or of two.
    pub name: String,
    pub dst: usize,
    pub src: [usize; 3],
    pub params: Vec<f32>,
}

/// Registers are numbered: inputs, then outputs, then temporaries.
#[derive(Clone)]
pub struct MapProgram {
    pub n: usize,
    pub inputs: Vec<MapInput>,
    /// Buffers of the results, each whole, or `INSIDE`.
    pub outputs: Vec<usize>,
    pub temporaries: usize,
    pub instrs: Vec<Instr>,
}

impl MapProgram {
    /// Words of scratch per thread.
    pub fn workspace(&self) -> usize {
        (self.temporaries + self.inputs.iter().filter(|i| i.access != Access::Full).count()) * BLOCK
    }
    pub fn registers(&self) -> usize {
        self.inputs.len() + self.outputs.len() + self.temporaries
    }
    pub fn fits(&self) -> bool {
        self.registers() <= MAX_REGISTERS
    }

    /// Both programs as one: this one's results first.
    pub fn beside(&self, other: &MapProgram) -> MapProgram {
        let mut inputs = self.inputs.clone();
        inputs.extend(other.inputs.iter().filter(|i| !self.inputs.contains(i)));
        let outputs: Vec<usize> = self.outputs.iter().chain(&other.outputs).copied().collect();
        let first = inputs.len() + outputs.len();
        let renamed = |m: &MapProgram, results: usize, temporaries: usize| {
            let place = |r: usize| match r.checked_sub(m.inputs.len()) {
                None => inputs
                    .iter()
                    .position(|i| *i == m.inputs[r])
                    .expect("internal: an input was lost"),
                Some(k) if k < m.outputs.len() => inputs.len() + results + k,
                Some(k) => first + temporaries + k - m.outputs.len(),
            };
            let instr = |i: &Instr| Instr {
                dst: place(i.dst),
                src: i.src.map(place),
                ..i.clone()
            };
            m.instrs.iter().map(instr).collect::<Vec<_>>()
        };
        // Temporaries of the first are free again when the second runs.
        let instrs = [renamed(self, 0, 0), renamed(other, self.outputs.len(), 0)].concat();
        MapProgram {
            n: self.n,
            inputs,
            outputs,
            temporaries: self.temporaries.max(other.temporaries),
            instrs,
        }
    }

    /// Elements per block: at most `BLOCK`, and a multiple of the periods of repeated inputs as far as they allow it together. Such an input
    /// looks the same in every block and is laid out once.
    fn step(&self) -> usize {
        let together = |all: usize, input: &MapInput| match input.access {
            Access::Full => all,
            Access::Repeat { n, inner } => {
                let both = all / gcd(all, n * inner) * n * inner;
                if n * inner <= BLOCK && both <= BLOCK { both } else { all }
            }
        };
        let period = self.inputs.iter().fold(1, together);
        BLOCK / period * period
    }

    /// Computes elements `from..to`.
    ///
    /// # Safety
    /// `buffers` gives every buffer its address, valid for its words; `scratch` is this thread's and has `workspace` words.
    pub unsafe fn run(&self, buffers: &[*mut u32], scratch: *mut u32, from: usize, to: usize) {
        // SAFETY: the caller's; no result is inside.
        unsafe { self.run_inside(buffers, scratch, from, to, core::ptr::null_mut()) }
    }

    /// The same, where result `k` that is `INSIDE` goes to `inside[k·PIECE..]`, its element `from` first.
    ///
    /// # Safety
    /// As `run`; `inside` has room for `to − from` elements of each.
    pub unsafe fn run_inside(&self, buffers: &[*mut u32], scratch: *mut u32, from: usize, to: usize, inside: *mut u32) {
        if from == to {
            return;
        }
        let step = self.step();
        let mut at: [*mut u32; MAX_REGISTERS] = [core::ptr::null_mut(); MAX_REGISTERS];
        let mut free = scratch;
        let mut take = || {
            let p = free;
            free = free.wrapping_add(BLOCK);
            p
        };
        for (r, input) in self.inputs.iter().enumerate() {
            match input.access {
                Access::Full => {}
                Access::Repeat { n, inner } => {
                    at[r] = take();
                    if input.access.stays(step) {
                        // SAFETY: the source has n words at its offset, the register a block.
                        unsafe {
                            let source = buffers[input.buffer].add(input.offset);
                            load(at[r], source, from, step.min(to - from), n, inner);
                        }
                    }
                }
            }
        }
        let first_temporary = self.inputs.len() + self.outputs.len();
        at[first_temporary..self.registers()].fill_with(take);
        let mut start = from;
        while start < to {
            let len = step.min(to - start);
            for (r, input) in self.inputs.iter().enumerate() {
                // SAFETY: element `start` (or its place in the repeated source) is inside the source.
                unsafe {
                    let source = buffers[input.buffer].add(input.offset);
                    match input.access {
                        Access::Full => at[r] = source.add(start),
                        Access::Repeat { .. } if input.access.stays(step) => {}
                        Access::Repeat { n, inner } => load(at[r], source, start, len, n, inner),
                    }
                }
            }
            for (k, &buffer) in self.outputs.iter().enumerate() {
                at[self.inputs.len() + k] = match buffer {
                    INSIDE => inside.wrapping_add(k * PIECE + start - from),
                    // SAFETY: the result has `n` words.
                    _ => unsafe { buffers[buffer].add(start) },
                };
            }
            for i in &self.instrs {
                let src = i.src.map(|r| at[r] as *const u32);
                // SAFETY: registers hold at least `len` words; a result that shares memory with a source is exactly it.
                unsafe { (i.f)(len, at[i.dst], src, &i.params) }
            }
            start += len;
        }
    }
}

/// Fills a block with elements `(i / inner) % n` of a source: one period from the source, the others from the one before.
///
/// # Safety
/// `dst` has `len` words, `source` has `n`.
unsafe fn load(dst: *mut u32, source: *const u32, start: usize, len: usize, n: usize, inner: usize) {
    if n == 1 {
        // SAFETY: the source has a word.
        return unsafe { copy::fill(dst, len, *source) };
    }
    let first = len.min(n * inner);
    let mut done = 0;
    while done < first {
        let i = start + done;
        // SAFETY: a run ends at the source's end, or with what repeats one word of it, or with the block.
        let run = unsafe {
            if inner == 1 {
                let run = (n - i % n).min(first - done);
                copy::row(dst.add(done), source.add(i % n), run);
                run
            } else {
                let run = (inner - i % inner).min(first - done);
                copy::fill(dst.add(done), run, *source.add(i / inner % n));
                run
            }
        };
        done += run;
    }
    while done < len {
        // Twice as much each time: whole periods, so the words go on where they stopped.
        let run = done.min(len - done);
        // SAFETY: the words before `done` are written, and those after it are others.
        unsafe { copy::row(dst.add(done), dst, run) };
        done += run;
    }
}

/// The access that reads strides over a shape, if it has one: one contiguous stretch of axes that advance, all others repeat.
pub fn access_of(shape: &[usize], strides: &[isize]) -> Option<Access> {
    let axes: Vec<(usize, isize)> = shape
        .iter()
        .copied()
        .zip(strides.iter().copied())
        .filter(|(n, _)| *n != 1)
        .collect();
    let Some(last) = axes.iter().rposition(|(_, s)| *s != 0) else {
        return Some(Access::Repeat { n: 1, inner: 1 });
    };
    let first = axes.iter().position(|(_, s)| *s != 0)?;
    let mut expected = 1;
    for (n, s) in axes[first..=last].iter().rev() {
        if *s != expected {
            return None;
        }
        expected *= *n as isize;
    }
    let inner: usize = axes[last + 1..].iter().map(|(n, _)| n).product();
    let n = expected as usize;
    let outer: usize = axes[..first].iter().map(|(n, _)| n).product();
    Some(if outer == 1 && inner == 1 {
        Access::Full
    } else {
        Access::Repeat { n, inner }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_that_repeat_around_one_stretch_have_an_access() {
        assert_eq!(access_of(&[4, 5], &[5, 1]), Some(Access::Full));
        assert_eq!(access_of(&[4, 5], &[0, 1]), Some(Access::Repeat { n: 5, inner: 1 })); // a bias
        assert_eq!(access_of(&[4, 5], &[1, 0]), Some(Access::Repeat { n: 4, inner: 5 })); // a row's mean
        assert_eq!(
            access_of(&[2, 3, 4], &[0, 1, 0]),
            Some(Access::Repeat { n: 3, inner: 4 })
        ); // a channel in the middle
        assert_eq!(access_of(&[4, 5], &[0, 0]), Some(Access::Repeat { n: 1, inner: 1 }));
        assert_eq!(access_of(&[4, 5], &[1, 4]), None); // a transpose
        assert_eq!(access_of(&[4, 5, 6], &[6, 0, 1]), None); // a gap
        assert_eq!(access_of(&[1, 5], &[0, 1]), Some(Access::Full));
    }

    #[test]
    fn a_block_of_a_repeated_source_is_read_by_its_formula() {
        let source: Vec<u32> = (0..7).collect();
        for (n, inner) in [(7, 1), (7, 3), (2, 5), (1, 4)] {
            for start in [0, 1, 6, 20, 511] {
                let mut got = vec![0; 65];
                unsafe { load(got.as_mut_ptr(), source.as_ptr(), start, 65, n, inner) };
                let expected: Vec<u32> = (start..start + 65).map(|i| (i / inner % n) as u32).collect();
                assert_eq!(got, expected, "n {n}, inner {inner}, start {start}");
            }
        }
    }
}
