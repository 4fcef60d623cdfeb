//! What a retry crate adds to a call: medians of one interleaved run, ours and
//! every peer's.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench"
)]

mod contestants;

use std::time::Instant;

const ROUNDS: usize = 101;

fn main() {
    // `cargo bench -- --test` only looks whether it runs.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let rounds = if is_test { 1 } else { ROUNDS };
    for block in contestants::blocks() {
        let is_slow = block.name.contains("failures") || block.name.contains("delays");
        let calls: u64 = match (is_test, is_slow) {
            (true, _) => 10,
            (false, true) => 2_000,
            (false, false) => 50_000,
        };
        let mut times = vec![Vec::new(); block.contestants.len()];
        // Round robin, so that what the machine does besides meets all alike.
        for _ in 0..rounds {
            for (contestant, times) in block.contestants.iter().zip(&mut times) {
                let start = Instant::now();
                (contestant.run)(calls);
                times.push(start.elapsed().as_nanos() as f64 / calls as f64);
            }
        }
        let medians: Vec<f64> = times
            .into_iter()
            .map(|mut times| {
                times.sort_by(f64::total_cmp);
                times.get(times.len() / 2).copied().unwrap()
            })
            .collect();
        let rows = || {
            block
                .contestants
                .iter()
                .map(|contestant| contestant.name)
                .zip(&medians)
        };
        let is_peer = |name: &str| {
            !name.starts_with("direct")
                && !name.starts_with("loop")
                && !name.starts_with("reattempt")
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
            "\n| {} | ns a call | to the direct call | to the best peer |",
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
}
