//! What the programs of this package share: charts as pictures and as text.

pub mod chart;
pub mod terminal;
