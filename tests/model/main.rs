//! An independent model of the rules of retrying, compared with every driver on random
//! scripts.
//!
//! `REATTEMPT_MODEL_CASES` sets the number of scripts. `REATTEMPT_MODEL_SEED=n` runs the
//! script `n` alone and prints it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "figures of a test are small and known"
)]

mod compare;
mod counts;
mod drivers;
mod generate;
mod random;
mod rules;
mod script;
mod stage;
mod trace;
mod world;

use compare::compare;
use counts::Counts;
use drivers::{ClockKind, DRIVERS, Driver};
use script::Script;
use trace::Run;

/// Reads a number from the environment.
fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_driver_does_what_the_model_does() {
    let alone = variable("REATTEMPT_MODEL_SEED");
    let cases = variable("REATTEMPT_MODEL_CASES").unwrap_or(20_000);
    let seeds = alone.map_or(0..cases, |seed| seed..seed + 1);
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for seed in seeds {
        let script = generate::script(seed);
        if alone.is_some() {
            println!("{script:#?}");
        }
        if let Err(difference) = check(&script, &mut counts) {
            failures.push((format!("{script:?}"), difference, seed));
        }
    }
    println!("{counts}");
    // The shortest one is the easiest to read.
    if let Some((script, difference, seed)) =
        failures.iter().min_by_key(|(script, ..)| script.len())
    {
        panic!(
            "{} scripts differ; the shortest is\n{script}\n{difference}\nRun it again with\n\
             REATTEMPT_MODEL_SEED={seed} cargo test --all-features --test model -- --nocapture",
            failures.len()
        );
    }
    if alone.is_none() && cases >= 2_000 {
        counts.assert_complete();
    }
}

/// Makes the script's calls with every driver that can, and compares.
fn check(script: &Script, counts: &mut Counts) -> Result<(), String> {
    let mut first: Option<(Driver, Run)> = None;
    for clock in [ClockKind::Script, ClockKind::Process] {
        if script.refills() {
            // The two clocks refill the budget differently.
            first = None;
        }
        let fits = |driver: &&Driver| driver.clock() == clock && driver.fits(script);
        for &driver in DRIVERS.iter().filter(fits) {
            let found = driver.run(script);
            if script.is_fixed() {
                let drawn = first.as_ref().map_or(&found, |(_, first)| first);
                let expected = rules::run(script, driver, drawn);
                compare(script, (driver, &found), (driver, &expected))?;
                counts.add(driver, &expected);
                first.get_or_insert((driver, found));
            } else {
                counts.add(driver, &found);
                let (other, expected) = first.get_or_insert_with(|| (driver, found.clone()));
                if !(driver.is_loop() && script.has_slow_reports()) {
                    // If a report takes all the time that was left, a loop goes on: its
                    // caller has the result no more.
                    compare(script, (driver, &found), (*other, expected))?;
                }
            }
        }
    }
    Ok(())
}
