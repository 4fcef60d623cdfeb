//! The nanoseconds that each contestant needs per call, as medians of one interleaved run.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::time::Instant;

use reattempt_benches::contestants::{Block, blocks};

const ROUNDS: usize = 101;

fn main() {
    // `cargo bench -- --test` only checks that the bench runs.
    let is_test = std::env::args().any(|argument| argument == "--test");
    for block in blocks() {
        print(&block, &medians(&block, is_test));
    }
}

/// Returns the median of each contestant, in nanoseconds per call.
fn medians(block: &Block, is_test: bool) -> Vec<f64> {
    let rounds = if is_test { 1 } else { ROUNDS };
    let is_slow = block.name.contains("failures") || block.name.contains("delays");
    let calls: u32 = match (is_test, is_slow) {
        (true, _) => 10,
        (false, true) => 2_000,
        (false, false) => 50_000,
    };
    let mut times = vec![Vec::new(); block.contestants.len()];
    // The contestants take turns, so that other load on the machine slows all alike.
    for _ in 0..rounds {
        for (contestant, times) in block.contestants.iter().zip(&mut times) {
            let start = Instant::now();
            (contestant.run)(calls.into());
            times.push(start.elapsed().as_nanos() as f64 / f64::from(calls));
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect()
}

/// Prints a table with one row per contestant.
fn print(block: &Block, medians: &[f64]) {
    let rows = || {
        let names = block.contestants.iter().map(|contestant| contestant.name);
        names.zip(medians)
    };
    let is_peer = |name: &str| {
        !["direct", "loop", "reattempt"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let direct = rows().find(|(name, _)| name.starts_with("direct"));
    let best = rows()
        .filter(|(name, _)| is_peer(name))
        .map(|(_, median)| *median)
        .min_by(f64::total_cmp);
    let ratio = |median: &f64, to: Option<f64>| {
        to.map_or_else(|| "-".to_owned(), |to| format!("{:.2}", median / to))
    };
    println!(
        "\n| {} | ns per call | to the direct call | to the best peer |",
        block.name
    );
    println!("| --- | ---: | ---: | ---: |");
    for (name, median) in rows() {
        println!(
            "| {name} | {median:.1} | {} | {} |",
            ratio(median, direct.map(|(_, direct)| *direct)),
            ratio(median, best),
        );
    }
}
