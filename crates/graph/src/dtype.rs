//! The element types of a program, and what combines with what. Every element is one 32-bit word.

use core::fmt;

/// Element type; a bool is a word that is 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DType {
    F32,
    I32,
    U32,
    Bool,
}

impl DType {
    pub const ALL: [DType; 4] = [DType::F32, DType::I32, DType::U32, DType::Bool];

    /// The number that stands for the type on the boundary to JavaScript.
    pub fn code(self) -> usize {
        self as usize
    }

    pub fn from_code(code: usize) -> Option<DType> {
        Self::ALL.get(code).copied()
    }

    pub fn name(self) -> &'static str {
        ["f32", "i32", "u32", "bool"][self.code()]
    }

    /// The type of `a + b`, as Keras promotes: float beats integer beats unsigned beats bool.
    pub fn promote(self, other: DType) -> DType {
        use DType::*;
        match (self, other) {
            (F32, _) | (_, F32) => F32,
            (I32, _) | (_, I32) => I32,
            (U32, _) | (_, U32) => U32,
            (Bool, Bool) => Bool,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}
