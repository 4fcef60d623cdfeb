//! What happened in a run, and the figures that follow from it.

use std::time::Duration;

use crate::model::OUTAGE;

/// Calls are counted in steps of this many seconds.
pub(crate) const STEP: usize = 10;
/// A fleet has recovered at the first step with at least this share of its calls served, if no
/// later step falls below [`STILL_RECOVERED`].
const RECOVERED: f64 = 0.97;
/// The least share of the calls that each step after the recovery serves.
const STILL_RECOVERED: f64 = 0.93;

/// The counts of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// The attempts that started in each second.
    attempts: Vec<u32>,
    /// The calls that arrived in each step, and those of them that were served.
    steps: Vec<Step>,
    /// The calls that ended without success.
    failed: u32,
    /// The sum of the times from arrival to success.
    served_time: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Step {
    arrived: u32,
    served: u32,
}

impl Step {
    fn share(self) -> f64 {
        if self.arrived == 0 {
            1.0
        } else {
            f64::from(self.served) / f64::from(self.arrived)
        }
    }
}

impl Record {
    pub(crate) fn new(seconds: u32) -> Self {
        let seconds = seconds as usize;
        Self {
            attempts: vec![0; seconds],
            steps: vec![Step::default(); seconds.div_ceil(STEP)],
            ..Self::default()
        }
    }

    pub(crate) fn call_arrived(&mut self, now: Duration) {
        if let Some(step) = self.steps.get_mut(second(now) / STEP) {
            step.arrived += 1;
        }
    }

    pub(crate) fn attempt_started(&mut self, now: Duration) {
        if let Some(attempts) = self.attempts.get_mut(second(now)) {
            *attempts += 1;
        }
    }

    /// Records the end of a call that arrived at `start`.
    pub(crate) fn call_ended(&mut self, start: Duration, is_success: bool, now: Duration) {
        if is_success {
            self.served_time += now.saturating_sub(start);
            if let Some(step) = self.steps.get_mut(second(start) / STEP) {
                step.served += 1;
            }
        } else {
            self.failed += 1;
        }
    }

    /// Returns the attempts that started in each second.
    pub(crate) fn load(&self) -> &[u32] {
        &self.attempts
    }

    /// Returns the number of calls that were not served before the end of the run.
    pub(crate) fn lost(&self) -> u32 {
        self.arrived() - self.served()
    }

    /// Returns the attempts made for each call.
    pub(crate) fn attempts_per_call(&self) -> f64 {
        let attempts: u32 = self.attempts.iter().sum();
        f64::from(attempts) / f64::from(self.arrived())
    }

    /// Returns the share of the ended calls that were served.
    pub(crate) fn success(&self) -> f64 {
        let served = f64::from(self.served());
        served / (served + f64::from(self.failed))
    }

    /// Returns the mean time from arrival to success.
    pub(crate) fn mean_time(&self) -> Duration {
        self.served_time
            .checked_div(self.served())
            .unwrap_or_default()
    }

    /// Returns the calls that arrived after the outage and were served, per second.
    pub(crate) fn goodput(&self) -> f64 {
        let first = second(OUTAGE.end) / STEP;
        let steps = self.steps.get(first..).unwrap_or_default();
        let served: u32 = steps.iter().map(|step| step.served).sum();
        f64::from(served) / self.attempts.len().saturating_sub(first * STEP) as f64
    }

    /// Returns the seconds from the end of the outage to the first step of the recovered
    /// fleet, or `None` if it does not recover.
    pub(crate) fn recovery(&self) -> Option<usize> {
        let first = second(OUTAGE.end) / STEP;
        let after = self.steps.get(first..)?;
        let recovered = after.iter().position(|step| step.share() >= RECOVERED)?;
        let lasts = after
            .iter()
            .skip(recovered)
            .all(|step| step.share() >= STILL_RECOVERED);
        lasts.then_some(recovered * STEP)
    }

    fn arrived(&self) -> u32 {
        self.steps.iter().map(|step| step.arrived).sum()
    }

    fn served(&self) -> u32 {
        self.steps.iter().map(|step| step.served).sum()
    }
}

fn second(time: Duration) -> usize {
    usize::try_from(time.as_secs()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record whose step number n serves `shares[n]` calls of a hundred.
    fn record(shares: &[u32]) -> Record {
        Record {
            steps: shares
                .iter()
                .map(|&served| Step {
                    arrived: 100,
                    served,
                })
                .collect(),
            ..Record::default()
        }
    }

    #[test]
    fn recovery_is_the_first_good_step_if_no_later_one_is_bad() {
        assert_eq!(
            record(&[100, 100, 0, 50, 96, 97, 93, 100]).recovery(),
            Some(20)
        );
        assert_eq!(record(&[100, 100, 0, 99]).recovery(), Some(0));
        assert_eq!(record(&[100, 100, 0, 97, 92, 100]).recovery(), None);
        assert_eq!(record(&[100, 100, 0, 96, 96, 96]).recovery(), None);
    }
}
