//! Measures all strategies: means over many runs, with their standard errors.

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::{Model, Run};
use crate::strategy::Strategy;

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean {
    pub(crate) mean: f64,
    pub(crate) error: f64,
}

impl Mean {
    /// Returns the mean of at least two values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        Self { mean, error }
    }

    /// Returns how far this mean is above another one, in standard errors of the difference.
    pub(crate) fn deviation(self, other: Self) -> f64 {
        (self.mean - other.mean) / self.error.hypot(other.error)
    }
}

/// The results of one strategy with one number of clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) strategy: Strategy,
    pub(crate) clients: u32,
    pub(crate) calls: Mean,
    /// In milliseconds.
    pub(crate) time: Mean,
}

/// Measures each strategy with each number of clients. Shows the progress if the error stream is
/// a terminal.
pub(crate) fn all(strategies: &[Strategy], clients: &[u32], runs: u32, seed: u64) -> Vec<Cell> {
    let cells = strategies.len() * clients.len();
    // It is hidden without a terminal.
    let bar = ProgressBar::new(cells as u64 * u64::from(runs));
    if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3} %  {eta}") {
        bar.set_style(style);
    }
    let mut measured = Vec::with_capacity(cells);
    for strategy in strategies.iter().copied() {
        for clients in clients.iter().copied() {
            bar.set_message(format!("{}, {clients} clients", strategy.name()));
            measured.push(cell(strategy, clients, runs, seed, &bar));
        }
    }
    bar.finish_and_clear();
    measured
}

fn cell(strategy: Strategy, clients: u32, runs: u32, seed: u64, bar: &ProgressBar) -> Cell {
    let results: Vec<Run> = (0..runs)
        .filter_map(|run| {
            bar.inc(1);
            let seed = seed_of(seed, strategy, clients, run);
            // The deviation of the network is a valid constant.
            Some(Model::new(clients, strategy, seed).ok()?.run())
        })
        .collect();
    let calls: Vec<f64> = results.iter().map(|run| f64::from(run.calls)).collect();
    let times: Vec<f64> = results
        .iter()
        .map(|run| run.time.as_secs_f64() * 1e3)
        .collect();
    Cell {
        strategy,
        clients,
        calls: Mean::of(&calls),
        time: Mean::of(&times),
    }
}

/// Returns a seed of its own for each run, whatever other runs the program makes.
fn seed_of(seed: u64, strategy: Strategy, clients: u32, run: u32) -> u64 {
    let run = u64::from(run) | u64::from(clients) << 32 | (strategy as u64) << 56;
    // An odd multiplier keeps the seeds of two programs apart.
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_its_standard_error() {
        let mean = Mean::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert!((mean.mean - 5.0).abs() < 1e-12);
        // The variance is 32/7, that of the mean is 4/7.
        assert!((mean.error - (4.0_f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_deviation_combines_both_errors() {
        let mean = |mean, error| Mean { mean, error };
        let deviation = mean(20.0, 3.0).deviation(mean(10.0, 4.0));
        assert!((deviation - 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_two_runs_have_one_seed() {
        let mut seeds: Vec<u64> = Vec::new();
        for strategy in Strategy::ALL {
            for (clients, run) in [(10, 0), (10, 1), (20, 0), (1000, 0)] {
                seeds.push(seed_of(1, strategy, clients, run));
            }
        }
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 24);
    }
}
