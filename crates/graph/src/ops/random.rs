//! Random words as a pure function of a key, and the elementwise steps from words to distributions, bit for bit as Keras on JAX.

use crate::dtype::DType::{Bool, F32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, CallDef, Coerce, Infer, Kernel, Kind, OpDef, Reads, Units, Vjp};
use crate::shape::numel;
use keratin_kernels::{map, random};

pub static ROWS: &[&OpDef] = &[
    &RANDOM_BITS,
    &RANDOM_SPLIT,
    &BITS_TO_UNIFORM,
    &BITS_TO_NORMAL,
    &BITS_TO_TRUNCATED_NORMAL,
    &BITS_TO_GUMBEL,
    &BITS_KEEP,
];

fn is_key(i: &Infer) -> Result<(), Error> {
    i.dtype(0, &[U32])?;
    if i.inputs[0].shape == [2] {
        Ok(())
    } else {
        Err(i.shape("a key: two u32", 0))
    }
}

/// `key: u32[2] → u32[shape]`: element i is both halves of threefry2x32(key, i), xored. ints: the shape.
pub static RANDOM_BITS: OpDef = OpDef {
    name: "random_bits",
    kind: Kind::Random,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: |i| {
        is_key(i)?;
        let shape = (0..i.attrs.ints.len())
            .map(|k| i.size(k))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(vec![Type { shape, dtype: U32 }])
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            // SAFETY: the key has two words, the result holds words from..to.
            unsafe {
                let key = c.inputs[0].ptr.cast::<random::Key>().read();
                random::bits(key, c.from as u64, c.to - c.from, c.outputs[0].add(c.from));
            }
        },
        units: |g| Units {
            count: numel(&g.outputs[0].shape),
            words: 1,
            cost: 3.0,
            grain: 256,
            coarse: false,
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let key = [r.inputs[0][[0]] as u32, r.inputs[0][[1]] as u32];
        vec![r.generate(|i| {
            let [a, b] = random::split(key, i as u64);
            (a ^ b) as f64
        })]
    },
};

/// `key: u32[2] → u32[n, 2]`: n keys, as `jax.random.split`. ints: n.
pub static RANDOM_SPLIT: OpDef = OpDef {
    name: "random_split",
    kind: Kind::Random,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: |i| {
        is_key(i)?;
        Ok(vec![Type {
            shape: vec![i.size(0)?, 2],
            dtype: U32,
        }])
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            // SAFETY: the key has two words, the result two per unit.
            unsafe {
                let key = c.inputs[0].ptr.cast::<random::Key>().read();
                for i in c.from..c.to {
                    c.outputs[0]
                        .cast::<random::Key>()
                        .add(i)
                        .write(random::split(key, i as u64));
                }
            }
        },
        units: |g| Units {
            count: g.outputs[0].shape[0],
            words: 2,
            cost: 20.0,
            grain: 16,
            coarse: false,
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let key = [r.inputs[0][[0]] as u32, r.inputs[0][[1]] as u32];
        vec![r.generate(|i| random::split(key, i as u64 / 2)[i % 2] as f64)]
    },
};

macro_rules! draw {
    ($(#[$doc:meta])* $id:ident $name:literal $floats:literal $dtype:ident $kernel:path) => {
        $(#[$doc])*
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Map,
            arity: Some(1),
            coerce: Coerce::Keep,
            infer: |i| {
                i.dtype(0, &[U32])?;
                if i.attrs.floats.len() != $floats {
                    return Err(i.bad("its parameters are missing"));
                }
                Ok(vec![Type { shape: i.inputs[0].shape.clone(), dtype: $dtype }])
            },
            vjp: Vjp::Zero,
            reads: Reads::Nothing,
            algebra: Algebra::NONE,
            kernel: Kernel::Map(|_| Some($kernel)),
            // The draw *is* its bits: the oracle takes them from the kernel, whose own test holds the published vectors.
            #[cfg(feature = "oracle")]
            reference: |r| r.by_kernel($kernel),
        };
    };
}
draw! {
    /// Uniform on [low, high): max(low, fma(u, high − low, low)). floats: low, high.
    BITS_TO_UNIFORM "bits_to_uniform" 2 F32 map::bits_to_uniform
}
draw! {
    /// Standard normal.
    BITS_TO_NORMAL "bits_to_normal" 0 F32 map::bits_to_normal
}
draw! {
    /// Standard normal inside (−2, 2).
    BITS_TO_TRUNCATED_NORMAL "bits_to_truncated_normal" 0 F32 map::bits_to_truncated_normal
}
draw! {
    /// Standard Gumbel.
    BITS_TO_GUMBEL "bits_to_gumbel" 0 F32 map::bits_to_gumbel
}
draw! {
    /// True with probability floats[0].
    BITS_KEEP "bits_keep" 1 Bool map::bits_keep
}
