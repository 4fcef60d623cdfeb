//! Settings from a file on a policy with settings of its own.

use super::*;

#[test]
fn absent_fields_leave_the_policy_as_it_is() {
    let policy = every_setting()
        .name("orders")
        .seed(7)
        .assume_idempotent()
        .when(|error: &&str| *error == "busy");
    let before = settings(&policy);
    let policy = PolicyConfig::default().apply(policy);
    assert_eq!(settings(&policy), before);
    let policy = json(r#"{"max_attempts": 2}"#).apply(policy);
    let expected = before.replace("max_attempts: Some(7)", "max_attempts: Some(2)");
    assert_eq!(settings(&policy), expected);
    let call = |error| {
        policy
            .start_at(Duration::ZERO)
            .decide(Err::<&(), _>(&error), Duration::ZERO)
    };
    assert!(matches!(call("busy"), Decision::RetryAfter(_)));
    assert!(matches!(call("forbidden"), Decision::Stop(_)));
}

#[test]
fn an_absent_hint_keeps_that_of_the_policy() {
    for own in [
        ServerHint::Ignore,
        ServerHint::Honor { max: s(3) },
        ServerHint::Exact { max: s(3) },
        ServerHint::Bounded { slack: s(5) },
    ] {
        let policy = RetryPolicy::default().server_hint(own);
        let before = settings(&policy);
        let applied = PolicyConfig::default().apply(policy);
        assert_eq!(settings(&applied), before);
    }
}

#[test]
fn a_field_may_be_equal_to_its_limit() {
    let delays = json(r#"{"base_delay": "5s", "max_delay": "5s"}"#);
    let backoff = Backoff::exponential(s(5)).cap(s(5));
    assert_eq!(
        settings(&delays.apply(RetryPolicy::default())),
        settings(&RetryPolicy::new(backoff))
    );
    let budget = json(r#"{"budget_capacity": 14, "budget_starting_tokens": 14}"#);
    let policy = budget.apply(RetryPolicy::default());
    assert!(settings(&policy).contains("budget: Some"));
}

#[test]
fn a_part_of_a_backoff_leaves_the_rest() {
    let own = Backoff::exponential(ms(50))
        .factor(3.0)
        .cap(s(5))
        .jitter(Jitter::Equal);
    let throttling = Backoff::constant(s(4));
    let applied = |text: &str| {
        let policy = RetryPolicy::new(own).throttling_backoff(throttling);
        settings(&json(text).apply(policy))
    };
    let expected =
        |own, throttling| settings(&RetryPolicy::new(own).throttling_backoff(throttling));
    let faster = Backoff::exponential(ms(20))
        .factor(3.0)
        .cap(s(5))
        .jitter(Jitter::Equal);
    assert_eq!(
        applied(r#"{"base_delay": "20ms"}"#),
        expected(faster, throttling)
    );
    let capped = expected(own.cap(s(2)), throttling.cap(s(2)));
    assert_eq!(applied(r#"{"max_delay": "2s"}"#), capped);
    let plain = expected(own.jitter(Jitter::None), throttling);
    assert_eq!(applied(r#"{"jitter": "none"}"#), plain);
    let doubled = expected(own.factor(2.0), Backoff::exponential(s(4)));
    assert_eq!(applied(r#"{"factor": 2}"#), doubled);
    let separate = expected(own, Backoff::exponential(s(2)));
    assert_eq!(applied(r#"{"throttling_base_delay": "2s"}"#), separate);
}

#[test]
fn a_constant_backoff_becomes_exponential() {
    let policy = json(r#"{"base_delay": "2s"}"#).apply(RetryPolicy::new(Backoff::none()));
    assert_eq!(
        settings(&policy),
        settings(&RetryPolicy::new(Backoff::exponential(s(2))))
    );
}

#[test]
fn a_hint_keeps_what_the_policy_has() {
    let applied = |text: &str, own| {
        let policy = RetryPolicy::new(Backoff::none()).server_hint(own);
        let policy = json(text).apply(policy);
        let hinted = Verdict::retry(ErrorKind::Server).after(s(30));
        (
            policy
                .start_at(Duration::ZERO)
                .decide_as(hinted, Duration::ZERO),
            policy.to_string(),
        )
    };
    let exact = ServerHint::Exact { max: s(60) };
    let (decision, text) = applied(r#"{"server_hint_max": "40s"}"#, exact);
    assert_eq!(decision, Decision::RetryAfter(s(30)));
    assert!(text.ends_with("exact hints up to 40 s"), "{text}");
    let (_, text) = applied(r#"{"server_hint": "honor"}"#, exact);
    assert!(text.ends_with("hints up to 60 s"), "{text}");
    let (_, text) = applied(
        r#"{"server_hint": "exact"}"#,
        ServerHint::Honor { max: s(60) },
    );
    assert!(text.ends_with("exact hints up to 60 s"), "{text}");
    let (_, text) = applied(r#"{"server_hint": "exact"}"#, ServerHint::Ignore);
    assert!(text.ends_with("exact hints up to 300 s"), "{text}");
    let (decision, text) = applied("{}", exact);
    assert_eq!(decision, Decision::RetryAfter(s(30)));
    assert!(text.ends_with("exact hints up to 60 s"), "{text}");
}

#[test]
fn a_base_delay_from_a_file_keeps_the_cap_of_the_policy() {
    let config: PolicyConfig = serde_json::from_str(r#"{"base_delay":"2s"}"#).unwrap();
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
    let config: PolicyConfig = serde_json::from_str(r#"{"base_delay":"2s"}"#).unwrap();
    let policy = RetryPolicy::new(Backoff::linear(s(1)).jitter(Jitter::None));
    let first = config.apply(policy).schedule().retries()[0];
    assert_eq!((first.least, first.most), (s(2), s(2)));
}

#[test]
fn a_constant_backoff_with_a_cap_or_jitter_keeps_it() {
    let config = json(r#"{"base_delay": "2s"}"#);
    let apply = |backoff| settings(&config.apply(RetryPolicy::new(backoff)));
    let expected = |backoff| settings(&RetryPolicy::new(backoff));
    // The cap and the jitter that are not set are those of a schedule that grows.
    assert_eq!(
        apply(Backoff::constant(s(1)).cap(s(5))),
        expected(Backoff::exponential(s(2)).cap(s(5)))
    );
    assert_eq!(
        apply(Backoff::constant(s(1)).jitter(Jitter::Equal)),
        expected(Backoff::exponential(s(2)).jitter(Jitter::Equal))
    );
}
