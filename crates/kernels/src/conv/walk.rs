//! How the cells of one axis of a result read those of its source, and how an array of them is cut into bands that fit into the cache.

use super::{Axis, Conv};

/// One axis. Result cell `phase + t·phases` reads source cells `t·step + offset(phase, tap)`, one for each tap that has an offset.
///
/// A convolution has one phase and `step = stride`. Its adjoint in x has a stride of phases, each of which meets its own cells of the kernel:
/// the zeros between the cells of a dilated gradient are never made.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    pub source: usize,
    pub result: usize,
    pub taps: usize,
    pub dilation: usize,
    pub shift: isize,
    pub step: usize,
    pub phases: usize,
}

impl Walk {
    /// The axis of images.
    pub fn batch(n: usize) -> Walk {
        Walk {
            source: n,
            result: n,
            taps: 1,
            dilation: 1,
            shift: 0,
            step: 1,
            phases: 1,
        }
    }
    /// From the input to the output of a convolution.
    pub fn forward(a: &Axis) -> Walk {
        Walk {
            source: a.input,
            result: a.output,
            taps: a.kernel,
            dilation: a.dilation,
            shift: a.low,
            step: a.stride,
            phases: 1,
        }
    }
    /// From the output to the input: tap `t` is cell `kernel − 1 − t` of the kernel.
    pub fn backward(a: &Axis) -> Walk {
        Walk {
            source: a.output,
            result: a.input,
            taps: a.kernel,
            dilation: a.dilation,
            shift: ((a.kernel - 1) * a.dilation) as isize - a.low,
            step: 1,
            // with one output, any stride is as good as 1
            phases: if a.output > 1 { a.stride } else { 1 },
        }
    }

    /// Where a tap of a phase is from `t·step`; `None` where they do not meet.
    pub fn offset(&self, phase: usize, tap: usize) -> Option<isize> {
        let (at, phases) = (
            (phase + tap * self.dilation) as isize - self.shift,
            self.phases as isize,
        );
        (at.rem_euclid(phases) == 0).then(|| at.div_euclid(phases))
    }
    /// From a tap that a phase meets to the next: taps, and cells of the source.
    pub fn between(&self) -> (usize, usize) {
        if self.phases == 1 {
            return (1, self.dilation);
        }
        let (mut a, mut b) = (self.phases, self.dilation);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        (self.phases / a, self.dilation / a)
    }
    /// The taps that the phase meets: the first, its offset, and how many there are.
    pub fn first(&self, phase: usize) -> Met {
        let between = self.between().0;
        let first = (0..between.min(self.taps)).find_map(|tap| Some((tap, self.offset(phase, tap)?)));
        first.map_or(
            Met {
                tap: 0,
                at: 0,
                count: 0,
            },
            |(tap, at)| Met {
                tap,
                at,
                count: (self.taps - tap).div_ceil(between),
            },
        )
    }
    /// Those that result cell `r` meets inside of the source, where the first is.
    pub fn reach(&self, r: usize) -> Met {
        let (taps, cells) = self.between();
        if self.phases == 1 {
            let at = (r * self.step) as isize - self.shift;
            if at >= 0 && at as usize + (self.taps - 1) * self.dilation < self.source {
                return Met {
                    tap: 0,
                    at,
                    count: self.taps,
                };
            }
        }
        let met = self.first(r % self.phases);
        let at = (r / self.phases * self.step) as isize + met.at;
        let inside = |end: isize| (ceil_div(end - at, cells).max(0) as usize).min(met.count);
        let (skipped, end) = (inside(0), inside(self.source as isize));
        Met {
            tap: met.tap + skipped * taps,
            at: at + (skipped * cells) as isize,
            count: end - skipped,
        }
    }
    /// Taps that the phase meets.
    pub fn met(&self, phase: usize) -> usize {
        (0..self.taps).filter(|&tap| self.offset(phase, tap).is_some()).count()
    }
    /// Values of t: one line of the result is one of each phase.
    pub fn lines(&self) -> usize {
        self.result.div_ceil(self.phases)
    }
    /// Values of t of one phase.
    pub fn count(&self, phase: usize) -> usize {
        self.result.saturating_sub(phase).div_ceil(self.phases)
    }
    /// The least offset of all phases.
    pub fn low(&self) -> isize {
        ceil_div(-self.shift, self.phases)
    }
    /// Source cells that `lines` lines read, from the least to the largest.
    pub fn extent(&self, lines: usize) -> usize {
        let last = ((self.taps - 1) * self.dilation) as isize - self.shift;
        lines.saturating_sub(1) * self.step + (ceil_div(last, self.phases) - self.low()) as usize + 1
    }
    /// Are all source cells that the result reads there?
    fn inside(&self) -> bool {
        self.low() >= 0 && self.low() as usize + self.extent(self.lines()) <= self.source
    }
}

/// Taps that are evenly spaced.
#[derive(Clone, Copy)]
pub struct Met {
    pub tap: usize,
    /// Where the first of them is in the source.
    pub at: isize,
    pub count: usize,
}

pub fn ceil_div(a: isize, b: usize) -> isize {
    if b == 1 { a } else { -(-a).div_euclid(b as isize) }
}

/// Axes from the batch to the last spatial one.
pub const AXES: usize = 4;

/// A result cut into bands: `lines[a]` lines of each axis at once. All axes before `axis` advance by one line, all behind it are whole.
#[derive(Clone, Copy, Debug)]
pub struct Bands {
    pub walks: [Walk; AXES],
    pub axis: usize,
    pub lines: [usize; AXES],
    /// Words between neighbours of each axis of what a band reads.
    pub strides: [usize; AXES],
    /// Words of one plane of it; 0 where the source itself is read.
    pub words: usize,
}

/// Words of a band's source that should be in the second cache together with the weights.
const WORDS: usize = 1 << 16;

impl Bands {
    /// Bands of at most about `pixels` results each, of a source that is read in `planes` of `cell` words per position. `copied`: never read
    /// the source itself.
    pub fn new(walks: [Walk; AXES], cell: usize, planes: usize, pixels: usize, copied: bool) -> Bands {
        let mut lines = walks.map(|w| w.lines());
        let extent = |lines: &[usize; AXES], from: usize| -> usize {
            (from..AXES).map(|a| walks[a].extent(lines[a])).product::<usize>() * cell * planes
        };
        let mut axis = 0;
        loop {
            let behind: usize = walks[axis + 1..].iter().map(|w| w.lines() * w.phases).product();
            // Source cells of n lines: the first line's, and a step for each other.
            let rest = extent(&lines, axis + 1);
            let most =
                (WORDS / rest.max(1) + walks[axis].step).saturating_sub(walks[axis].extent(1)) / walks[axis].step;
            let most = most.min(pixels / (walks[axis].phases * behind).max(1));
            let all = walks[axis].lines().max(1);
            if axis == AXES - 1 || most > 0 {
                // as many as fit, in bands of equal size
                lines[axis] = all.div_ceil(all.div_ceil(most.max(1)));
                break;
            }
            lines[axis] = 1;
            axis += 1;
        }
        let direct = !copied && walks.iter().all(Walk::inside);
        let sizes: [usize; AXES] = core::array::from_fn(|a| {
            let w = &walks[a];
            if direct { w.source } else { w.extent(lines[a]) }
        });
        let mut strides = [cell; AXES];
        for a in (1..AXES).rev() {
            strides[a - 1] = strides[a] * sizes[a];
        }
        Bands {
            walks,
            axis,
            lines,
            strides,
            words: if direct { 0 } else { strides[0] * sizes[0] },
        }
    }

    pub fn count(&self) -> usize {
        (0..=self.axis)
            .map(|a| self.walks[a].lines().div_ceil(self.lines[a]))
            .product()
    }
    /// The first line of each axis.
    pub fn start(&self, band: usize) -> [usize; AXES] {
        let (mut start, mut rest) = ([0; AXES], band);
        for a in (0..=self.axis).rev() {
            let n = self.walks[a].lines().div_ceil(self.lines[a]);
            start[a] = rest % n * self.lines[a];
            rest /= n;
        }
        start
    }
    /// Most results of a band, all phases together.
    pub fn pixels(&self) -> usize {
        (0..AXES).map(|a| self.lines[a] * self.walks[a].phases).product()
    }
    /// Results between neighbours of each axis.
    pub fn result_strides(&self) -> [usize; AXES] {
        let mut strides = [1; AXES];
        for a in (1..AXES).rev() {
            strides[a - 1] = strides[a] * self.walks[a].result;
        }
        strides
    }
    /// All phases, the last axis fastest.
    pub fn phases(&self) -> impl Iterator<Item = [usize; AXES]> + use<> {
        let n = self.walks.map(|w| w.phases);
        (0..n.iter().product()).map(move |at: usize| {
            let (mut phase, mut rest) = ([0; AXES], at);
            for a in (0..AXES).rev() {
                phase[a] = rest % n[a];
                rest /= n[a];
            }
            phase
        })
    }
    /// Results of a phase in a full band.
    pub fn phase_pixels(&self, phase: [usize; AXES]) -> usize {
        (0..AXES)
            .map(|a| {
                if a > self.axis {
                    self.walks[a].count(phase[a])
                } else {
                    self.lines[a]
                }
            })
            .product()
    }
    /// Those of a band that begins at `start`: the first so many of a full band's.
    pub fn phase_pixels_at(&self, phase: [usize; AXES], start: [usize; AXES]) -> usize {
        let count = |a: usize| self.walks[a].count(phase[a]).saturating_sub(start[a]);
        (0..AXES)
            .map(|a| {
                if a > self.axis {
                    count(a)
                } else {
                    count(a).min(self.lines[a])
                }
            })
            .product()
    }
    /// Calls `f(kernel cell as it is counted by taps, words from a result's first source cell)` for each tap that the phase meets.
    pub fn taps(&self, phase: [usize; AXES], mut f: impl FnMut([usize; 3], usize)) {
        let [_, a, b, c] = self.walks;
        let at = |axis: usize, tap: usize| {
            let w = &self.walks[axis];
            w.offset(phase[axis], tap)
                .map(|offset| (offset - w.low()) as usize * self.strides[axis])
        };
        for i in 0..a.taps {
            let Some(x) = at(1, i) else { continue };
            for j in 0..b.taps {
                let Some(y) = at(2, j) else { continue };
                for k in 0..c.taps {
                    let Some(z) = at(3, k) else { continue };
                    f([i, j, k], x + y + z);
                }
            }
        }
    }
    /// Calls `f(words from the band's first source cell, result relative to the band's first)` for each result of a phase in a full band.
    pub fn results(&self, phase: [usize; AXES], mut f: impl FnMut(usize, usize)) {
        let to = self.result_strides();
        let n: [usize; AXES] = core::array::from_fn(|a| {
            if a > self.axis {
                self.walks[a].count(phase[a])
            } else {
                self.lines[a]
            }
        });
        let from = |a: usize, t: usize| t * self.walks[a].step * self.strides[a];
        let into = |a: usize, t: usize| (phase[a] + t * self.walks[a].phases) * to[a];
        for t in 0..n[0] {
            for u in 0..n[1] {
                for v in 0..n[2] {
                    let (source, result) = (
                        from(0, t) + from(1, u) + from(2, v),
                        into(0, t) + into(1, u) + into(2, v),
                    );
                    for w in 0..n[3] {
                        f(source + from(3, w), result + into(3, w));
                    }
                }
            }
        }
    }
}

/// The four walks of a convolution.
#[inline(never)]
pub fn forward(c: &Conv) -> [Walk; AXES] {
    let [x, y, z] = &c.axes;
    [
        Walk::batch(c.batch),
        Walk::forward(x),
        Walk::forward(y),
        Walk::forward(z),
    ]
}
/// Those of its adjoint in x.
#[inline(never)]
pub fn backward(c: &Conv) -> [Walk; AXES] {
    let [x, y, z] = &c.axes;
    [
        Walk::batch(c.batch),
        Walk::backward(x),
        Walk::backward(y),
        Walk::backward(z),
    ]
}
