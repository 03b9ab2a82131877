//! (to come)
pub mod par;
