//! Responses that try to make a client wait, or make attempts, without end.

use std::io;
use std::time::Duration;

use http::Response;
use reattempt::{AdaptiveLimiter, Classify, Decision, Limiter, RetryPolicy, StopReason, aws};

use super::response;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Values of hint headers, in seconds or milliseconds.
const HINTS: [&str; 8] = [
    "0",
    "1",
    "299",
    "300",
    "301",
    "86400",
    "18446744073709551615",
    "Fri, 31 Dec 9999 23:59:59 GMT",
];

/// Returns what `policy` does after a 503 with this header.
fn decide<C>(policy: &RetryPolicy<C>, header: &str, value: &str) -> Decision
where
    C: Classify<Response<()>, io::Error>,
{
    let response = response(503, &[(header, value)], ());
    policy.start_at(s(0)).decide(Ok(&response), s(0))
}

#[test]
fn no_hint_makes_a_default_policy_wait_longer_than_300_s() {
    let headers = [
        "retry-after",
        "retry-after-ms",
        "x-ms-retry-after-ms",
        "x-amz-retry-after",
    ];
    for header in headers {
        for value in HINTS {
            // The hint, and at most the ceiling of the backoff in addition.
            match decide(&reattempt::http::policy(), header, value) {
                Decision::RetryAfter(delay) => assert!(delay <= s(301), "{header}: {value}"),
                Decision::Stop(StopReason::ServerDelayTooLong(hint)) => assert!(hint > s(300)),
                Decision::Stop(reason) => panic!("{header}: {value}: {reason}"),
            }
            // The delay, and at most the slack in addition.
            for policy in [aws::standard(), aws::dynamodb(), aws::adaptive()] {
                match decide(&policy, header, value) {
                    Decision::RetryAfter(delay) => {
                        assert!(delay <= Duration::from_millis(5_050), "{header}: {value}");
                    }
                    Decision::Stop(reason) => panic!("{header}: {value}: {reason}"),
                }
            }
        }
    }
    let too_long = decide(&reattempt::http::policy(), "retry-after", "301");
    assert_eq!(
        too_long,
        Decision::Stop(StopReason::ServerDelayTooLong(s(301)))
    );
}

#[test]
fn a_server_that_always_asks_to_wait_gets_three_requests() {
    fn run<C>(policy: &RetryPolicy<C>, hint: &str) -> (u32, Duration)
    where
        C: Classify<Response<()>, io::Error>,
    {
        let mut waited = s(0);
        let outcome = policy
            .retry_blocking(|_| Ok::<_, io::Error>(response(429, &[("retry-after", hint)], ())))
            .sleep_with(|delay| waited = waited.saturating_add(delay))
            .outcome();
        (outcome.attempts, waited)
    }
    let (attempts, waited) = run(&reattempt::http::policy(), "300");
    assert!(
        attempts == 3 && (s(600)..=s(603)).contains(&waited),
        "{waited:?}"
    );
    let (attempts, waited) = run(&aws::standard(), "300");
    assert!(
        attempts == 3 && (s(10)..=s(13)).contains(&waited),
        "{waited:?}"
    );
    let limited = reattempt::http::policy().max_elapsed(s(400));
    let (attempts, waited) = run(&limited, "300");
    assert!(attempts == 2 && waited <= s(301), "{waited:?}");
}

#[test]
fn a_single_call_waits_at_most_two_seconds_for_a_token() {
    let limiter = AdaptiveLimiter::new();
    let mut longest = s(0);
    for step in 0..2_000_u64 {
        // Bursts of attempts, all of them throttled, with pauses of up to a day.
        let now = Duration::from_millis(step * step * step % 86_400_000);
        limiter.record(now, true);
        if let Err(wait) = limiter.acquire(now) {
            longest = longest.max(wait);
        }
    }
    assert_eq!(longest, s(2));
}

#[cfg(feature = "tonic")]
#[test]
fn a_pushback_of_more_than_300_seconds_ends_the_call() {
    let policy = reattempt::grpc::policy();
    let decide = |millis: &str| {
        let mut status = tonic::Status::unavailable("later");
        let value = millis.parse().expect("digits");
        status
            .metadata_mut()
            .insert("grpc-retry-pushback-ms", value);
        policy.start_at(s(0)).decide(Err::<&(), _>(&status), s(0))
    };
    assert_eq!(decide("300000"), Decision::RetryAfter(s(300)));
    for (millis, hint) in [
        ("300001", Duration::from_millis(300_001)),
        ("2147483647", Duration::from_millis(2_147_483_647)),
    ] {
        let too_long = StopReason::ServerDelayTooLong(hint);
        assert_eq!(decide(millis), Decision::Stop(too_long), "{millis}");
    }
}
