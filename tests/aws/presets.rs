//! The presets, the SDK headers and service errors.

use std::env;
use std::process::Command;

use super::*;

/// Returns the standard preset without jitter, so that each delay is the largest possible.
fn pinned(max_attempts: u32, budget: &RetryBudget) -> RetryPolicy<AwsClassifier> {
    let exponential = |base| Backoff::exponential(ms(base)).jitter(Jitter::None);
    aws::standard()
        .backoff(exponential(50))
        .throttling_backoff(exponential(1_000))
        .max_attempts(max_attempts)
        .budget(budget)
}

#[test]
fn the_standard_mode_matches_the_test_vectors() {
    let mut steps = 0;
    for case in vectors(include_str!("../data/aws-standard.json"))["cases"]
        .as_array()
        .unwrap()
    {
        let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let budget = RetryBudget::new(number(&case["capacity"]));
        let policy = pinned(number(&case["max_attempts"]), &budget);
        let mut session = policy.start_at(Duration::ZERO);
        for step in case["steps"].as_array().unwrap() {
            let (status, body) = match step["response"].as_str().unwrap() {
                "success" => (200, ""),
                "server" => (500, ""),
                "throttling" => (400, r#"{"__type":"ThrottlingException"}"#),
                other => panic!("{other}"),
            };
            let hint = step["hint_ms"].as_u64().map(|ms| ms.to_string());
            let hint: Vec<_> = hint
                .iter()
                .map(|ms| ("x-amz-retry-after", ms.as_str()))
                .collect();
            let answer = response(status, &hint, body);
            let expected = match step["then"].as_str().unwrap() {
                "retry" => Decision::RetryAfter(ms(step["delay_ms"].as_u64().unwrap())),
                "success" => Decision::Stop(StopReason::Success),
                "attempts_exhausted" => Decision::Stop(StopReason::OutOfAttempts),
                "quota_exhausted" => Decision::Stop(StopReason::OutOfBudget),
                other => panic!("{other}"),
            };
            let decision = session.decide(Ok::<_, &io::Error>(&answer), Duration::ZERO);
            assert_eq!(decision, expected, "{case}");
            assert_eq!(budget.available(), number(&step["quota"]), "{case}");
            steps += 1;
        }
    }
    assert_eq!(steps, 16);
}

/// Returns the longest delay before each retry in 2,000 calls whose responses all have this
/// status.
fn longest(policy: &RetryPolicy<AwsClassifier>, status: u16, retries: usize) -> Vec<Duration> {
    let answer = response(status, &[], ());
    let mut longest = vec![Duration::ZERO; retries];
    for _ in 0..2_000 {
        let mut session = policy.start_at(Duration::ZERO);
        for longest in &mut longest {
            match session.decide(Ok::<_, &io::Error>(&answer), Duration::ZERO) {
                Decision::RetryAfter(delay) => *longest = delay.max(*longest),
                Decision::Stop(reason) => panic!("{reason}"),
            }
        }
        let end = session.decide(Ok::<_, &io::Error>(&answer), Duration::ZERO);
        assert_eq!(end, Decision::Stop(StopReason::OutOfAttempts));
    }
    longest
}

#[test]
fn presets_have_the_delays_and_attempts_of_the_sdks() {
    let near = |found: Vec<Duration>, ceilings: &[u64]| {
        for (found, ceiling) in found.iter().zip(ceilings) {
            assert!(*found <= ms(*ceiling), "{found:?} {ceiling}");
            assert!(*found >= ms(*ceiling).mul_f64(0.98), "{found:?} {ceiling}");
        }
        assert_eq!(found.len(), ceilings.len());
    };
    let standard = aws::standard().no_budget();
    near(longest(&standard, 500, 2), &[50, 100]);
    near(longest(&standard, 429, 2), &[1_000, 2_000]);
    let dynamodb = aws::dynamodb().no_budget();
    near(longest(&dynamodb, 500, 3), &[25, 50, 100]);
    near(longest(&dynamodb, 429, 3), &[1_000, 2_000, 4_000]);
    let many = aws::standard().no_budget().max_attempts(8);
    near(
        longest(&many, 429, 7),
        &[1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000],
    );
}

#[test]
fn each_call_of_a_preset_makes_a_budget_and_clones_share_it() {
    let drain = |policy: &RetryPolicy<AwsClassifier>| {
        let answer = response(500, &[], ());
        // Keep the sessions: one that is dropped during its wait returns its tokens.
        let mut waiting = Vec::new();
        loop {
            let mut session = policy.start_at(Duration::ZERO);
            match session.decide(Ok::<_, &io::Error>(&answer), Duration::ZERO) {
                Decision::RetryAfter(_) => waiting.push(session),
                Decision::Stop(reason) => {
                    assert_eq!(reason, StopReason::OutOfBudget);
                    break;
                }
            }
        }
        let retries = waiting.len();
        for mut session in waiting {
            assert_eq!(session.admit(Duration::ZERO), Ok(()));
        }
        retries
    };
    let policy = aws::standard();
    assert_eq!(drain(&policy), 500 / 14);
    assert_eq!(drain(&policy.clone()), 0);
    assert_eq!(drain(&aws::standard()), 500 / 14);
    assert_eq!(drain(&aws::dynamodb()), 500 / 14);
}

#[test]
fn the_adaptive_preset_slows_first_attempts_once_throttled() {
    let policy = aws::adaptive();
    let mut first = policy.start_at(Duration::ZERO);
    assert_eq!(first.admit(Duration::ZERO), Ok(()));
    let throttled = response(429, &[], ());
    let _ = first.decide(Ok::<_, &io::Error>(&throttled), Duration::ZERO);
    let mut next = policy.start_at(Duration::ZERO);
    assert_eq!(next.admit(Duration::ZERO), Err(Duration::from_secs(2)));
    let mut other = aws::adaptive()
        .start_at(Duration::ZERO)
        .admit(Duration::ZERO);
    assert_eq!(other, Ok(()));
    other = aws::standard()
        .start_at(Duration::ZERO)
        .admit(Duration::ZERO);
    assert_eq!(other, Ok(()));
}

#[test]
fn an_invocation_id_is_a_new_version_4_uuid() {
    let ids: std::collections::HashSet<String> = (0..10_000)
        .map(|_| aws::InvocationId::new().to_string())
        .collect();
    assert_eq!(ids.len(), 10_000);
    for id in &ids {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id.bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')),
            "{id}"
        );
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }
    let id = aws::InvocationId::new();
    assert_eq!(id.to_string(), id.to_string());
}

#[test]
fn sdk_headers_count_the_attempts() {
    let id = aws::InvocationId::new();
    let policy = aws::standard();
    let mut session = policy.start_at(Duration::ZERO);
    let failed = response(500, &[], ());
    let _ = session.decide(Ok::<_, &io::Error>(&failed), Duration::ZERO);
    let [(name, value), (request, count)] = aws::sdk_headers(&id, &session.attempt());
    assert_eq!(
        (name.as_str(), value.to_str().unwrap()),
        ("amz-sdk-invocation-id", &*id.to_string())
    );
    assert_eq!(
        (request.as_str(), count.to_str().unwrap()),
        ("amz-sdk-request", "attempt=2; max=3")
    );
    let endless = aws::standard().unlimited_attempts();
    let [_, (_, count)] = aws::sdk_headers(&id, &endless.start_at(Duration::ZERO).attempt());
    assert_eq!(count, "attempt=1");
    let timed = aws::standard().max_elapsed(Duration::from_secs(60));
    let [_, (_, count)] = aws::sdk_headers(&id, &timed.start_at(Duration::ZERO).attempt());
    let count = count.to_str().unwrap();
    assert!(
        count.starts_with("ttl=20") && count.ends_with("Z; attempt=1; max=3"),
        "{count}"
    );
    assert_eq!(count.len(), "ttl=20190601T000011Z; attempt=1; max=3".len());
    let forever = aws::standard().max_elapsed(Duration::from_secs(u64::MAX));
    let [_, (_, count)] = aws::sdk_headers(&id, &forever.start_at(Duration::ZERO).attempt());
    assert_eq!(count, "attempt=1; max=3");
}

#[test]
fn a_service_error_has_code_message_and_request_id() {
    let body = "<Error><Code>NoSuchKey</Code><Message>It&apos;s gone</Message>\
                <RequestId>R1</RequestId></Error>";
    let error = ServiceError::from_response(&response(404, &[], body)).unwrap();
    assert_eq!(
        error.to_string(),
        "NoSuchKey (404 Not Found): It's gone [request R1]"
    );
    assert_eq!(error.status(), StatusCode::NOT_FOUND);
    let header = [("x-amzn-requestid", "R2")];
    let error =
        ServiceError::from_response(&response(500, &header, "{\"Message\":\"m\"}")).unwrap();
    assert_eq!(
        (error.code(), error.message(), error.request_id()),
        (None, Some("m"), Some("R2"))
    );
    assert_eq!(
        error.to_string(),
        "500 Internal Server Error: m [request R2]",
    );
    let hinted = response(503, &[("x-amz-retry-after", "10")], ());
    let verdict = ServiceError::from_response(&hinted).unwrap().verdict();
    assert_eq!(verdict, SERVER.after(ms(10)));
    assert_eq!(ServiceError::from_response(&response(200, &[], ())), None);
}

#[test]
fn the_message_of_a_service_error_is_one_line() {
    let body = r#"{"__type":"A\u001b[2J","message":"gone\r\nINFO all is well\u202e"}"#;
    let header = [("x-amzn-requestid", "R\t1")];
    let error = ServiceError::from_response(&response(400, &header, body)).unwrap();
    assert_eq!(
        error.to_string(),
        r"A\u{1b}[2J (400 Bad Request): gone\r\nINFO all is well\u{202e} [request R\t1]"
    );
    // The methods return what the service sent.
    assert_eq!(error.message(), Some("gone\r\nINFO all is well\u{202e}"));
}

#[test]
fn the_environment_sets_the_policy() {
    const PRINTS: &str = "REATTEMPT_TEST_PRINTS_ITS_POLICY";
    if env::var_os(PRINTS).is_some() {
        match aws::from_env() {
            Ok(policy) => eprintln!("policy: {policy}"),
            Err(error) => eprintln!("error: {error}"),
        }
        return;
    }
    // This test again, in a process with another environment.
    let printed = |mode: &str, max: &str| {
        let output = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "presets::the_environment_sets_the_policy",
            ])
            .env(PRINTS, "")
            .env("AWS_RETRY_MODE", mode)
            .env("AWS_MAX_ATTEMPTS", max)
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let standard = printed("standard", "7");
    assert!(standard.contains("policy: 7 attempts"), "{standard}");
    assert!(!standard.contains("with a limiter"), "{standard}");
    let adaptive = printed("adaptive", "2");
    assert!(adaptive.contains("with a limiter"), "{adaptive}");
    let legacy = printed("legacy", "2");
    assert!(
        legacy.contains(r#"error: AWS_RETRY_MODE is "legacy""#),
        "{legacy}"
    );
}
