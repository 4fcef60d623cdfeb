//! What the programs of this package share: flags, and charts as pictures and as text.

pub mod chart;
pub mod flags;
pub mod terminal;
