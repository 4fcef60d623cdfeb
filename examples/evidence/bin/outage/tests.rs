//! The figures of fleets of several sizes, which the documentation relies on.

use crate::jobs::{Job, Row};
use crate::model::Scenario;
use crate::policies::{self, ALL};
use crate::record::Record;
use crate::table;

fn job(policy: &str, clients: u32) -> Job {
    Job {
        policy: policies::find(policy).unwrap(),
        clients,
        seed: 7,
        seconds: 300,
    }
}

#[track_caller]
fn assert_attempts(record: &Record, expected: f64) {
    let attempts = record.attempts_per_call();
    assert!((attempts / expected - 1.0).abs() < 0.03, "{attempts}");
}

#[test]
fn all_figures_agree_with_the_reference() {
    let mut rows = Vec::new();
    for clients in [100, 10_000] {
        let policies = ALL.iter().filter(|policy| policy.reference.is_some());
        rows.extend(policies.map(|policy| Row {
            policy: *policy,
            clients,
            outage: job(policy.id, clients).outage(),
            calm_success: 1.0,
        }));
    }
    let comparison = table::compare(&rows).unwrap().unwrap();
    let text = &comparison.text;
    assert!(text.contains("14 of 14 rows agree"), "{text}");
    comparison.check().expect("agreement");
}

#[test]
fn a_row_that_differs_from_the_reference_is_an_error() {
    let row = |policy, clients| Row {
        policy: policies::find(policy).unwrap(),
        clients,
        outage: job("none", 100).outage(),
        calm_success: 1.0,
    };
    let rows = [row("none", 100), row("jitter", 100)];
    let error = table::compare(&rows).unwrap().unwrap().check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 of 2 rows differ from the reference, expected at most 5 % and 20 s"
    );
    // The reference does not have seven clients.
    assert!(table::compare(&[row("none", 7)]).unwrap().is_none());
}

#[test]
fn without_retries_the_fleet_recovers_in_50_s() {
    let record = job("none", 100).outage();
    assert_attempts(&record, 1.0);
    assert_eq!(record.recovery(), Some(50));
}

#[test]
fn three_tries_never_recover_with_any_number_of_clients() {
    for (policy, clients) in [
        ("at-once", 1),
        ("exponential", 100),
        ("jitter", 1),
        ("jitter", 100_000),
    ] {
        let record = job(policy, clients).outage();
        assert_attempts(&record, 2.85);
        assert_eq!(record.recovery(), None, "{policy}, {clients}");
        // No call that arrives after the outage is served.
        assert!(record.goodput() < 0.001, "{policy}, {clients}");
    }
}

#[test]
fn aws_quota_protects_few_clients_but_not_many() {
    let few = job("aws", 100).outage();
    assert_attempts(&few, 1.01);
    assert!(
        matches!(few.recovery(), Some(50..=80)),
        "{:?}",
        few.recovery()
    );
    let many = job("aws", 10_000).outage();
    assert_attempts(&many, 2.17);
    assert_eq!(many.recovery(), None);
}

#[test]
fn full_buckets_of_many_clients_prevent_recovery() {
    let few = job("ratio-full", 100).outage();
    assert!(
        matches!(few.recovery(), Some(50 | 60)),
        "{:?}",
        few.recovery()
    );
    let many = job("ratio-full", 10_000).outage();
    assert_attempts(&many, 1.33);
    assert_eq!(many.recovery(), None);
}

#[test]
fn buckets_that_start_empty_let_any_fleet_recover() {
    for clients in [100, 10_000, 1_000_000] {
        let record = job("ratio-empty", clients).outage();
        assert!(matches!(record.recovery(), Some(50 | 60)), "{clients}");
    }
    // The price: small clients can hardly retry without an outage.
    let calm = |policy, clients| job(policy, clients).simulate(Scenario::Calm).success();
    assert!(calm("ratio-empty", 100) > 0.999);
    assert!(calm("ratio-empty", 1_000_000) < 0.955);
    assert!(calm("ratio-full", 1_000_000) > 0.999);
    assert!((calm("none", 100) - 0.95).abs() < 0.002);
}

#[test]
fn adaptive_equals_the_quota_alone_unless_timeouts_throttle() {
    let short = |policy| Job {
        seconds: 60,
        ..job(policy, 100)
    };
    let [quota, adaptive, throttled] = ["aws", "adaptive", "adaptive-timeouts"].map(short);
    for scenario in [Scenario::Calm, Scenario::Outage] {
        assert_eq!(adaptive.simulate(scenario), quota.simulate(scenario));
    }
    // Attempts time out in an outage only.
    assert_ne!(throttled.outage(), quota.outage());
}

#[test]
fn a_leased_budget_lets_any_fleet_recover() {
    for clients in [1, 100, 1_000_000] {
        let record = job("lease", clients).outage();
        assert!(record.attempts_per_call() < 1.11, "{clients}");
        assert!(matches!(record.recovery(), Some(50..=150)), "{clients}");
    }
}

#[test]
fn grpc_throttling_delays_the_recovery_of_many_clients() {
    assert_eq!(job("grpc", 1).outage().recovery(), Some(50));
    let many = job("grpc", 10_000).outage();
    assert_attempts(&many, 1.11);
    assert!(
        matches!(many.recovery(), Some(200..=240)),
        "{:?}",
        many.recovery()
    );
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    for policy in ALL {
        let short = Job {
            seconds: 60,
            ..job(policy.id, 1_000)
        };
        let (first, second) = (short.outage(), short.outage());
        assert_eq!(first.load(), second.load(), "{}", policy.id);
        let other = Job { seed: 8, ..short }.outage();
        assert_ne!(first.load(), other.load(), "{}", policy.id);
    }
}

#[test]
fn attempts_are_at_most_three_times_the_calls_during_the_outage() {
    let record = job("jitter", 100).outage();
    let before: u32 = record.load()[..20].iter().sum();
    let during: u32 = record.load()[20..30].iter().sum();
    assert!((19_500..20_500).contains(&before), "{before}");
    assert!((20_000..30_000).contains(&during), "{during}");
}
