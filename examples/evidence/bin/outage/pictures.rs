//! The pictures: the load over time, and the attempts per call of fleets of all sizes.

use std::path::Path;

use reattempt_evidence::chart::{Chart, ChartError, Line};

use crate::jobs::{self, Job};
use crate::model::OUTAGE;
use crate::policies::{self, FleetPolicy};
use crate::record::Record;

/// The sizes of the fleets in the last picture.
const SIZES: [u32; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// The load is the mean of this many seconds.
const WINDOW: usize = 5;

/// Draws all pictures into `folder`.
///
/// # Errors
///
/// Returns an error if a file cannot be written.
pub(crate) fn write(folder: &Path, seed: u64, seconds: u32) -> Result<(), ChartError> {
    let job = |policy, clients| Job {
        policy,
        clients,
        seed,
        seconds,
    };
    load(
        "100 clients: a token bucket in each lets the server recover",
        &["jitter", "aws", "ratio-empty"],
        |policy| job(policy, 100),
    )
    .write(folder.join("outage-large-clients.svg"))?;
    load(
        "A million clients: budgets that start full limit almost nothing",
        &["aws", "grpc", "lease", "ratio-empty"],
        |policy| job(policy, 1_000_000),
    )
    .write(folder.join("outage-small-clients.svg"))?;
    attempts(seconds, job).write(folder.join("outage-attempts.svg"))
}

/// Draws the attempts per second over time.
fn load(title: &str, ids: &[&str], job: impl Fn(FleetPolicy) -> Job) -> Chart {
    let jobs: Vec<Job> = select(ids).map(job).collect();
    let mut chart = Chart::new(title)
        .subtitle("attempts at the server; 1,000 calls arrive per second, at most 3 attempts each")
        .x_axis("time", "s")
        .y_axis("attempts", "1/s")
        .span(
            OUTAGE.start.as_secs_f64(),
            OUTAGE.end.as_secs_f64(),
            "outage",
        )
        .horizontal(1_200.0, "capacity");
    for (job, record) in jobs.iter().zip(jobs::outages(&jobs)) {
        chart = chart.series(job.policy.label, smooth(&record));
    }
    chart
}

/// Draws the attempts per call over the number of clients.
fn attempts(seconds: u32, job: impl Fn(FleetPolicy, u32) -> Job) -> Chart {
    let ids = [
        "jitter",
        "aws",
        "grpc",
        "ratio-full",
        "lease",
        "ratio-empty",
    ];
    let mut jobs: Vec<Job> = Vec::new();
    for policy in select(&ids) {
        jobs.extend(SIZES.map(|clients| job(policy, clients)));
    }
    let records = jobs::outages(&jobs);
    let points: Vec<(f64, f64)> = jobs
        .iter()
        .zip(&records)
        .map(|(job, record)| (f64::from(job.clients), record.attempts_per_call()))
        .collect();
    let mut chart = Chart::new("The more clients share the load, the less a full bucket protects")
        .subtitle(format!(
            "mean over {seconds} s with an outage of 10 s, 1,000 calls per second in all"
        ))
        .x_axis("clients", "")
        .y_axis("attempts per call", "")
        .log_x()
        .y_range(0.0, 3.0);
    for (policy, points) in select(&ids).zip(points.chunks(SIZES.len())) {
        chart = chart.line(Line::new(policy.label, points.iter().copied()));
    }
    chart
}

fn select<'i>(ids: &'i [&str]) -> impl Iterator<Item = FleetPolicy> + 'i {
    ids.iter().filter_map(|id| policies::find(id))
}

/// Returns the mean load of each window, at its middle.
fn smooth(record: &Record) -> Vec<(f64, f64)> {
    let windows = record.load().chunks(WINDOW).enumerate();
    windows
        .map(|(index, window)| {
            let sum: u32 = window.iter().sum();
            let middle = (index * WINDOW) as f64 + window.len() as f64 / 2.0;
            (middle, f64::from(sum) / window.len() as f64)
        })
        .collect()
}
