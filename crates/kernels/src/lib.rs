//! Numbers in, numbers out. A kernel knows pointers, lengths and strides; no graph, no allocation, no threads.
//!
//! # The contract of every kernel
//! - **Words.** Every element is one 32-bit word: `f32`, `i32`, `u32`, or a bool stored as 0 or 1.
//! - **Layout.** Row-major. Strides are in elements. No alignment beyond that of a word is assumed.
//! - **Aliasing.** A map's destination may be exactly one of its sources, never a shifted overlap. Elsewhere destinations alias nothing.
//! - **Outputs** are written whole; a kernel that accumulates says so. Nothing outside the stated range is touched.
//! - **Bits.** Multiplication and addition round separately and sums have a fixed order that depends on the shape alone, so a
//!   result has the same bits on every machine, in every build but `relaxed`, and for every split over threads.
//! - **Safety.** All kernels are `unsafe`: the caller guarantees that every pointer is valid for the stated number of words.

pub mod conv;
pub mod copy;
pub mod fast;
pub mod gemm;
pub mod index;
pub mod lanes;
pub mod map;
pub mod math;
pub mod peak;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod sort;
