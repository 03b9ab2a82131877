//! Convolution, channels last, and its adjoints: three rows that are closed under their own derivatives, as a product of three tensors is.
//!
//! `⟨conv(x, w), g⟩ = ⟨x, conv_input(g, w)⟩ = ⟨w, conv_kernel(x, g)⟩`: x is [batch, …input, channels], w is
//! […kernel, channels/groups, filters], g is [batch, …output, filters], with one to three spatial axes.

use crate::dtype::DType::F32;
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Attrs, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Units, Vjp};
use crate::shape::numel;
use crate::tensor::Tensor;
use keratin_kernels::conv::{self, Axis, Conv};

pub static ROWS: &[&OpDef] = &[&CONV, &CONV_INPUT, &CONV_KERNEL];

/// `x, w → y`. ints: groups, then per axis stride, dilation, cells of zeros before and behind (negative: cells left out).
pub static CONV: OpDef = OpDef {
    name: "conv",
    kind: Kind::Contract,
    arity: Some(2),
    coerce: Coerce::Float,
    infer: |i| infer(i, &FORWARD),
    vjp: Vjp::Rule(|r| {
        let (x, w, g) = (r.x(0), r.x(1), r.g());
        vec![
            r.wanted[0].then(|| apply(&CONV_INPUT, g, w, with_sizes(&r.attrs, spatial(x)))),
            r.wanted[1].then(|| apply(&CONV_KERNEL, x, g, with_sizes(&r.attrs, window(w)))),
        ]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let s = sizes(
                &FORWARD,
                [c.inputs[0].shape, c.inputs[1].shape],
                &c.types[0].shape,
                c.attrs,
            );
            // SAFETY: operands and result have the sizes of the shape rule, the workspace those that the kernel asked for.
            unsafe { run(c, &s, conv::forward) }
        },
        units: |g| {
            let s = of(&FORWARD, g);
            units(s.batch * s.pixels().1, s.filters, s.taps() * s.depth() * s.filters)
        },
        workspace: |g| conv::forward_workspace(&of(&FORWARD, g)),
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.conv(r.attrs, 4)],
};

/// `g, w → x`, also known as the transposed convolution. ints: those of `conv`, each axis followed by its input size.
pub static CONV_INPUT: OpDef = OpDef {
    name: "conv_input",
    kind: Kind::Contract,
    arity: Some(2),
    coerce: Coerce::Float,
    infer: |i| infer(i, &INPUT),
    vjp: Vjp::Rule(|r| {
        let (g, w, h) = (r.x(0), r.x(1), r.g());
        vec![
            r.wanted[0].then(|| apply(&CONV, h, w, without_sizes(&r.attrs))),
            r.wanted[1].then(|| {
                let attrs = with_sizes(&without_sizes(&r.attrs), window(w));
                apply(&CONV_KERNEL, h, g, attrs)
            }),
        ]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let s = sizes(
                &INPUT,
                [c.inputs[0].shape, c.inputs[1].shape],
                &c.types[0].shape,
                c.attrs,
            );
            // SAFETY: as for `conv`.
            unsafe { run(c, &s, conv::input) }
        },
        units: |g| {
            let s = of(&INPUT, g);
            let all = s.batch * s.pixels().1 * s.taps() * s.depth() * s.filters;
            let count = s.batch * s.pixels().0;
            units(count, s.channels, all / count.max(1))
        },
        workspace: |g| conv::input_workspace(&of(&INPUT, g)),
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.conv_input(r.attrs, 5)],
};

/// `x, g → w`. ints: those of `conv`, each axis followed by its kernel size.
pub static CONV_KERNEL: OpDef = OpDef {
    name: "conv_kernel",
    kind: Kind::Contract,
    arity: Some(2),
    coerce: Coerce::Float,
    infer: |i| infer(i, &KERNEL),
    vjp: Vjp::Rule(|r| {
        let (x, g, h) = (r.x(0), r.x(1), r.g());
        vec![
            r.wanted[0].then(|| {
                let attrs = with_sizes(&without_sizes(&r.attrs), spatial(x));
                apply(&CONV_INPUT, g, h, attrs)
            }),
            r.wanted[1].then(|| apply(&CONV, x, h, without_sizes(&r.attrs))),
        ]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let s = sizes(
                &KERNEL,
                [c.inputs[0].shape, c.inputs[1].shape],
                &c.types[0].shape,
                c.attrs,
            );
            // SAFETY: as for `conv`.
            unsafe { run(c, &s, conv::kernel) }
        },
        units: |g| {
            let s = of(&KERNEL, g);
            let (rows, products) = (s.taps() * s.depth(), s.batch * s.pixels().1);
            if conv::kernel_by_columns(&s) {
                let columns = units(s.filters, 0, products * rows);
                return Units { grain: 16, ..columns };
            }
            units(rows, s.filters, products * s.filters)
        },
        workspace: |g| conv::kernel_workspace(&of(&KERNEL, g)),
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.conv_kernel(r.attrs, 5)],
};

fn apply<'g>(op: &'static OpDef, a: Tensor<'g>, b: Tensor<'g>, attrs: Attrs) -> Tensor<'g> {
    a.graph.must(op, &[a, b], attrs)
}
/// The spatial sizes of x.
fn spatial(x: Tensor) -> Vec<usize> {
    let shape = x.shape();
    shape[1..shape.len() - 1].to_vec()
}
/// The spatial sizes of a kernel.
fn window(w: Tensor) -> Vec<usize> {
    let shape = w.shape();
    shape[..shape.len() - 2].to_vec()
}
fn with_sizes(attrs: &Attrs, sizes: Vec<usize>) -> Attrs {
    let axes = attrs.ints[1..].chunks(4).zip(sizes);
    let ints = axes.flat_map(|(a, n)| a.iter().copied().chain([n as i64]));
    Attrs::ints([attrs.ints[0]].into_iter().chain(ints))
}
fn without_sizes(attrs: &Attrs) -> Attrs {
    let axes = attrs.ints[1..].chunks(5).flat_map(|a| a[..4].to_vec());
    Attrs::ints([attrs.ints[0]].into_iter().chain(axes))
}

/// Which of the three tensors a row is given, and what its users call it.
struct Role {
    user_name: &'static str,
    /// Indices of x, w and y among the two inputs and the result (2).
    x: usize,
    w: usize,
    y: usize,
    /// Numbers per axis.
    width: usize,
}
static FORWARD: Role = Role {
    user_name: "conv",
    x: 0,
    w: 1,
    y: 2,
    width: 4,
};
static INPUT: Role = Role {
    user_name: "conv_transpose",
    x: 2,
    w: 1,
    y: 0,
    width: 5,
};
static KERNEL: Role = Role {
    user_name: "conv_kernel",
    x: 0,
    w: 2,
    y: 1,
    width: 5,
};

/// The sizes of a call whose shapes have passed the shape rule.
fn sizes(role: &Role, inputs: [&[usize]; 2], result: &[usize], attrs: &Attrs) -> Conv {
    let of = |at: usize| if at == 2 { result } else { inputs[at] };
    let (x, w, y) = (of(role.x), of(role.w), of(role.y));
    let spatial = x.len() - 2;
    let mut axes = [Axis::NONE; 3];
    for (k, a) in attrs.ints[1..].chunks(role.width).enumerate() {
        axes[3 - spatial + k] = Axis {
            input: x[k + 1],
            kernel: w[k],
            output: y[k + 1],
            stride: a[0] as usize,
            dilation: a[1] as usize,
            low: a[2] as isize,
        };
    }
    Conv {
        batch: x[0],
        channels: x[spatial + 1],
        filters: y[spatial + 1],
        groups: attrs.ints[0] as usize,
        axes,
    }
}
fn of(role: &Role, g: &Geometry) -> Conv {
    sizes(
        role,
        [&g.inputs[0].shape, &g.inputs[1].shape],
        &g.outputs[0].shape,
        g.attrs,
    )
}

/// Nanoseconds of one multiply-add: the planner's estimate, not a promise.
const COST: f32 = 0.05;

fn units(count: usize, words: usize, products: usize) -> Units {
    Units {
        count,
        words,
        cost: COST * products as f32,
        grain: 4,
        coarse: true,
    }
}

/// # Safety
/// As `CallDef::run`; `s` are the call's sizes.
unsafe fn run(c: &Call, s: &Conv, kernel: unsafe fn(&Conv, *const f32, *const f32, *mut f32, usize, usize, *mut f32)) {
    // SAFETY: the caller's.
    unsafe {
        kernel(
            s,
            c.inputs[0].ptr.cast(),
            c.inputs[1].ptr.cast(),
            c.outputs[0].cast(),
            c.from,
            c.to,
            c.workspace.cast(),
        )
    }
}

/// Most words of a padded image.
const PADDED: usize = 1 << 29;

/// The shape of the tensor that is not given.
fn infer(i: &Infer, role: &Role) -> Result<Vec<Type>, Error> {
    let i = &Infer {
        op: role.user_name,
        ..*i
    };
    i.dtype(0, &[F32])?;
    i.dtype(1, &[F32])?;
    let rank = i.inputs[0].shape.len();
    if !(3..=5).contains(&rank) {
        let expected = "[batch, …sizes, channels] with one to three spatial axes";
        return Err(i.shape(expected, 0));
    }
    if i.inputs[1].shape.len() != rank {
        return Err(i.shape(format!("a second operand of {rank} axes, like the first"), 1));
    }
    let spatial = rank - 2;
    if i.attrs.ints.len() != 1 + role.width * spatial {
        return Err(i.bad(format!("each of {spatial} spatial axes needs {} numbers", role.width)));
    }
    let groups = i.size(0)?;
    if groups == 0 {
        return Err(i.bad("groups must be at least 1"));
    }
    let given = |at: usize| (at < 2).then(|| &i.inputs[at].shape[..]);
    let (x, w, y) = (given(role.x), given(role.w), given(role.y));
    let (channels, filters) = channels(i, groups, x, w, y)?;
    let axes = (i.attrs.ints[1..].chunks(role.width).enumerate())
        .map(|(k, numbers)| axis(i, k, numbers, x.map(|x| x[k + 1]), w.map(|w| w[k]), y.map(|y| y[k + 1])))
        .collect::<Result<Vec<(usize, usize)>, Error>>()?;
    // kernels work on padded copies
    let padded: Vec<usize> = axes.iter().map(|a| a.1).chain([channels.max(1)]).collect();
    if numel(&padded) > PADDED {
        return Err(Error::TooLarge {
            op: i.op,
            shape: padded,
        });
    }
    let axes: Vec<usize> = axes.iter().map(|a| a.0).collect();
    let batch = i.inputs[0].shape[0];
    let shape = match role.width {
        4 => [&[batch], &axes[..], &[filters]].concat(),
        _ if w.is_some() => [&[batch], &axes[..], &[channels]].concat(),
        _ => [&axes[..], &[channels / groups, filters]].concat(),
    };
    Ok(vec![Type { shape, dtype: F32 }])
}

/// Channels of x and filters of y, checked against each other.
fn channels(
    i: &Infer,
    groups: usize,
    x: Option<&[usize]>,
    w: Option<&[usize]>,
    y: Option<&[usize]>,
) -> Result<(usize, usize), Error> {
    let last = |s: &[usize]| s[s.len() - 1];
    let depth = w.map(|w| w[w.len() - 2]);
    let channels = match (x, depth) {
        (Some(x), _) => last(x),
        (None, Some(depth)) => depth.saturating_mul(groups),
        (None, None) => unreachable!("internal: two of three tensors are given"),
    };
    let filters = w.or(y).map(last).expect("internal: two of three tensors are given");
    if !channels.is_multiple_of(groups) {
        return Err(i.bad(format!(
            "{groups} groups do not divide the {channels} channels of the input"
        )));
    }
    if !filters.is_multiple_of(groups) {
        return Err(i.bad(format!("{groups} groups do not divide {filters} filters")));
    }
    if let Some(depth) = depth.filter(|&depth| x.is_some() && depth != channels / groups) {
        let per_group = if groups == 1 { "" } else { " per group" };
        return Err(i.bad(format!(
            "the kernel {:?} takes {depth} channels{per_group}, the input {:?} has {}. Was the layer built for another input?",
            w.unwrap_or_default(),
            x.unwrap_or_default(),
            channels / groups,
        )));
    }
    if let (Some(w), Some(y)) = (w, y.filter(|y| last(y) != filters)) {
        return Err(i.bad(format!(
            "the kernel {w:?} has {filters} filters, the tensor {y:?} {} channels",
            last(y)
        )));
    }
    if let (Some(x), Some(y)) = (x, y.filter(|y| x.is_some_and(|x| x[0] != y[0]))) {
        return Err(i.bad(format!("batches of {} and {} images", x[0], y[0])));
    }
    Ok((channels, filters))
}

/// The missing size of spatial axis `k`, which is given by `numbers` (input or kernel size) or follows (output size), and the padded input size.
fn axis(
    i: &Infer,
    k: usize,
    numbers: &[i64],
    input: Option<usize>,
    kernel: Option<usize>,
    output: Option<usize>,
) -> Result<(usize, usize), Error> {
    let (stride, dilation, low, high) = (numbers[0], numbers[1], numbers[2], numbers[3]);
    // sizes and paddings within 32 bits: no product below can leave 64
    const MOST: i64 = i32::MAX as i64;
    if !(1..=MOST).contains(&stride) || !(1..=MOST).contains(&dilation) {
        return Err(i.bad(format!(
            "strides and dilations are at least 1, received {stride} and {dilation} for spatial axis {k}"
        )));
    }
    if !(-MOST..=MOST).contains(&low) || !(-MOST..=MOST).contains(&high) {
        return Err(i.bad(format!("a padding of {low} and {high} cells is out of range")));
    }
    let asked = numbers.get(4).copied().unwrap_or(0);
    let size = |known: Option<usize>| known.map_or(asked, |n| n as i64);
    let (input_size, kernel_size) = (size(input), size(kernel));
    if !(0..=MOST).contains(&input_size) || !(1..=MOST).contains(&kernel_size) {
        return Err(i.bad(format!(
            "spatial axis {k}: an input of {input_size} cells and a kernel of {kernel_size} cells are no sizes"
        )));
    }
    let reach = (kernel_size - 1) * dilation + 1;
    let room = input_size + low + high;
    if room < reach {
        let dilated = if dilation == 1 {
            String::new()
        } else {
            format!(" (size {kernel_size}, dilation {dilation})")
        };
        let padded = if low == 0 && high == 0 {
            String::new()
        } else {
            format!(" ({input_size}, padded by {low} and {high})")
        };
        return Err(i.bad(format!(
            "spatial axis {k}: a kernel of {reach} cells{dilated} does not fit into an input of {room} cells{padded}. Use a smaller kernel, or padding \"same\"."
        )));
    }
    let steps = (room - reach) / stride + 1;
    // on 32 bits what does not fit is too large, and not wrapped
    let words = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    match output {
        Some(n) if n as i64 != steps => Err(i.bad(format!(
            "spatial axis {k}: an input of {input_size} cells and a kernel of {reach} give {steps} positions at stride {stride}, not {n}"
        ))),
        Some(_) => Ok((words(asked), words(room))),
        None => Ok((words(steps), words(room))),
    }
}
