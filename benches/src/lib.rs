//! The work that the benches measure.

pub mod contestants;
pub mod operations;
pub mod peers;
