//! Runs simulations: a policy with a number of clients, in both scenarios.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use crate::fleet::Fleet;
use crate::model::Scenario;
use crate::policies::FleetPolicy;
use crate::record::Record;
use crate::simulation;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) policy: FleetPolicy,
    pub(crate) clients: u32,
    pub(crate) seed: u64,
    pub(crate) seconds: u32,
}

/// The results of a job.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) policy: FleetPolicy,
    pub(crate) clients: u32,
    /// The run with the outage.
    pub(crate) outage: Record,
    /// The share of the calls that are served in the scenario without an outage.
    pub(crate) calm_success: f64,
}

impl Job {
    /// Simulates the outage.
    pub(crate) fn outage(&self) -> Record {
        self.simulate(Scenario::Outage)
    }

    fn row(&self) -> Row {
        Row {
            policy: self.policy,
            clients: self.clients,
            outage: self.outage(),
            calm_success: self.simulate(Scenario::Calm).success(),
        }
    }

    pub(crate) fn simulate(&self, scenario: Scenario) -> Record {
        let fleet = Fleet::new(self.policy, self.clients, self.seed);
        simulation::run(&fleet, scenario, self.seed, self.seconds)
    }
}

/// Runs each job in both scenarios.
pub(crate) fn rows(jobs: &[Job]) -> Vec<Row> {
    run_all(jobs, Job::row)
}

/// Runs the jobs with the outage only.
pub(crate) fn outages(jobs: &[Job]) -> Vec<Record> {
    run_all(jobs, Job::outage)
}

/// Runs the jobs on all processors and returns what `run` returned, in the order of the jobs.
/// Shows a progress bar if the standard error is a terminal.
fn run_all<T: Send>(jobs: &[Job], run: impl Fn(&Job) -> T + Sync) -> Vec<T> {
    let bar = ProgressBar::new(jobs.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some((index, job)) = take(jobs, &next) {
            bar.set_message(format!("{}, {} clients", job.policy.label, job.clients));
            let result = run(job);
            bar.inc(1);
            if let Ok(mut results) = results.lock() {
                results.push((index, result));
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'j>(jobs: &'j [Job], next: &AtomicUsize) -> Option<(usize, &'j Job)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, job))
}
