//! Settings from a file on a policy with settings of its own.

use reattempt::{Backoff, Jitter, RetryPolicy};

use crate::s;

#[test]
fn a_base_delay_from_a_file_keeps_the_cap_of_the_policy() {
    let config: reattempt::PolicyConfig = serde_json::from_str(r#"{"base_delay":"2s"}"#).unwrap();
    for backoff in [
        Backoff::linear(s(1)),
        Backoff::fibonacci(s(1)),
        Backoff::from_fn(|_| s(1)),
        Backoff::exponential(s(1)),
        Backoff::constant(s(1)),
    ] {
        let policy = RetryPolicy::new(backoff.cap(s(5))).max_attempts(9);
        let schedule = config.apply(policy).schedule();
        let longest = schedule.retries().iter().map(|retry| retry.most).max();
        assert!(longest <= Some(s(5)), "{backoff}: {longest:?}");
    }
}

#[test]
fn a_base_delay_from_a_file_keeps_the_jitter_of_the_policy() {
    let config: reattempt::PolicyConfig = serde_json::from_str(r#"{"base_delay":"2s"}"#).unwrap();
    let policy = RetryPolicy::new(Backoff::linear(s(1)).jitter(Jitter::None));
    let first = config.apply(policy).schedule().retries()[0];
    assert_eq!((first.least, first.most), (s(2), s(2)));
}
