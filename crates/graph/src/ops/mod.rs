//! The op table: one file per kind, one row per op. To add an op, add its row here and its case in `tests/cases/table.rs`.

use crate::op::OpDef;

pub mod binary;
pub mod cast;
pub mod conv;
pub mod dot;
pub mod fast;
pub mod index;
pub mod normalize;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod scan;
pub mod source;
pub mod unary;
pub mod view;

/// Every row. The position in the concatenation is the op's number on the boundary.
pub static TABLES: &[&[&OpDef]] = &[
    source::ROWS,
    unary::ROWS,
    binary::ROWS,
    cast::ROWS,
    reduce::ROWS,
    view::ROWS,
    dot::ROWS,
    conv::ROWS,
    index::ROWS,
    random::ROWS,
    scan::ROWS,
    fast::ROWS,
    normalize::ROWS,
    pool::ROWS,
];
