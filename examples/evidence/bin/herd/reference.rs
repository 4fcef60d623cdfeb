//! Reads the reference: the means of an independent simulation of the same model.

use std::collections::HashMap;

use serde::Deserialize;

use crate::measure::Mean;
use crate::strategy::Strategy;

const DATA: &str = include_str!("../../data/herd-reference.json");

/// The means of the reference, by strategy and number of clients.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    reference: HashMap<String, HashMap<u32, Figures>>,
}

#[derive(Debug, Deserialize)]
struct Figures {
    calls_mean: f64,
    calls_sem: f64,
    time_mean_ms: f64,
    time_sem: f64,
}

/// The reference of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) calls: Mean,
    /// In milliseconds.
    pub(crate) time: Mean,
}

impl Reference {
    /// Reads the file that is part of the program.
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(DATA)
    }

    /// Returns the means of one cell, if the reference has them.
    pub(crate) fn find(&self, strategy: Strategy, clients: u32) -> Option<Expected> {
        let figures = self.reference.get(strategy.key())?.get(&clients)?;
        Some(Expected {
            calls: Mean {
                mean: figures.calls_mean,
                error: figures.calls_sem,
            },
            time: Mean {
                mean: figures.time_mean_ms,
                error: figures.time_sem,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_strategy() {
        let reference = Reference::read().expect("the file is valid");
        for strategy in Strategy::ALL {
            for clients in [10, 30, 50, 80] {
                assert!(reference.find(strategy, clients).is_some(), "{strategy:?}");
            }
            assert_eq!(reference.find(strategy, 11), None);
        }
    }
}
