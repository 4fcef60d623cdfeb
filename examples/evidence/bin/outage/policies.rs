//! The ways to retry that the program compares.

use reattempt::ErrorKind;

/// How all clients of a fleet retry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetPolicy {
    /// The name in `--policy`.
    pub(crate) id: &'static str,
    /// The name in tables and pictures.
    pub(crate) label: &'static str,
    /// The name in the reference data, if they contain this policy.
    pub(crate) reference: Option<&'static str>,
    pub(crate) max_attempts: u32,
    pub(crate) delays: Delays,
    pub(crate) limit: Limit,
    /// What the classifier makes of an attempt that timed out.
    pub(crate) timeout: ErrorKind,
}

/// The delay before retry n.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delays {
    /// None.
    AtOnce,
    /// min(20, 2ⁿ⁻¹) s, without jitter.
    Exponential,
    /// U[0, min(20, 2ⁿ⁻¹)] s.
    FullJitter,
}

/// What limits the retries of a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// AWS's quota: 500 tokens, and 14 for a retry.
    Aws,
    /// AWS's quota and its adaptive limiter.
    AwsAdaptive,
    /// Envoy's retry budget.
    Envoy,
    /// Finagle's retry budget.
    Finagle,
    /// gRPC's retry throttling.
    Grpc,
    /// Tokens that the clients lease from one bucket of the fleet.
    Lease,
    Nothing,
    /// `RetryBudget::ratio(0.1, 10)`, holding this many tokens at first. A fraction is a
    /// chance.
    Ratio {
        start: f64,
    },
}

/// The capacity of a client's budget with [`Limit::Ratio`] and [`Limit::Lease`].
pub(crate) const BURST: u32 = 10;

const THREE_TRIES: FleetPolicy = FleetPolicy {
    id: "jitter",
    label: "3 tries, full jitter",
    reference: Some("3 tries"),
    max_attempts: 3,
    delays: Delays::FullJitter,
    limit: Limit::Nothing,
    timeout: ErrorKind::Transient,
};

const fn limited(id: &'static str, label: &'static str, limit: Limit) -> FleetPolicy {
    FleetPolicy {
        id,
        label,
        reference: None,
        limit,
        ..THREE_TRIES
    }
}

const fn in_reference(policy: FleetPolicy, reference: &'static str) -> FleetPolicy {
    FleetPolicy {
        reference: Some(reference),
        ..policy
    }
}

/// All policies, in the order of the tables.
pub(crate) const ALL: [FleetPolicy; 14] = [
    FleetPolicy {
        id: "none",
        label: "no retry",
        reference: Some("no retry"),
        max_attempts: 1,
        ..THREE_TRIES
    },
    FleetPolicy {
        id: "at-once",
        label: "3 tries at once",
        reference: None,
        delays: Delays::AtOnce,
        ..THREE_TRIES
    },
    FleetPolicy {
        id: "exponential",
        label: "3 tries, exponential",
        reference: None,
        delays: Delays::Exponential,
        ..THREE_TRIES
    },
    THREE_TRIES,
    in_reference(
        limited("aws", "AWS quota", Limit::Aws),
        "AWS quota (500 tokens, 14 a retry)",
    ),
    limited("adaptive", "AWS adaptive", Limit::AwsAdaptive),
    FleetPolicy {
        timeout: ErrorKind::Throttling,
        ..limited(
            "adaptive-timeouts",
            "AWS adaptive, timeouts throttle",
            Limit::AwsAdaptive,
        )
    },
    in_reference(
        limited(
            "ratio-full",
            "ratio 0.1, full",
            Limit::Ratio {
                start: BURST as f64,
            },
        ),
        "ratio 0.1, burst 10, full",
    ),
    in_reference(
        limited(
            "ratio-empty",
            "ratio 0.1, empty",
            Limit::Ratio { start: 0.0 },
        ),
        "ratio 0.1, burst 10, empty",
    ),
    in_reference(
        limited(
            "ratio-chance",
            "ratio 0.1, by chance",
            Limit::Ratio { start: 0.1 },
        ),
        "ratio 0.1 by chance, a token at start with chance 0.1",
    ),
    limited("lease", "leased by the fleet", Limit::Lease),
    in_reference(
        limited("grpc", "gRPC A6", Limit::Grpc),
        "gRPC A6 (10 tokens, 0.1)",
    ),
    limited("envoy", "Envoy budget", Limit::Envoy),
    limited("finagle", "Finagle budget", Limit::Finagle),
];

/// Returns the policy with this name.
pub(crate) fn find(id: &str) -> Option<FleetPolicy> {
    ALL.into_iter().find(|policy| policy.id == id)
}
