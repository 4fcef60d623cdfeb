//! Verdicts on responses and transport errors.

use super::*;

#[test]
fn throttling_codes_are_exact_and_apply_at_any_error_status() {
    for name in [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "SlowDownException",
        "KMSThrottling",
        "KMSThrottlingException",
        "KMSThrottlingFault",
        "KmsThrottled",
        "KmsThrottlingException",
        "DependencyThrottle",
        "DependentServiceRequestThrottlingFault",
        "ThrottledClientException",
        "LambdaThrottledException",
    ] {
        let body = format!(r#"{{"__type":"{name}"}}"#);
        for status in [400, 403, 429, 500, 503] {
            assert_eq!(judged(status, &[], &*body), THROTTLING, "{name} {status}");
        }
        assert_eq!(judged(200, &[], &*body), Verdict::Success, "{name}");
        let other_case = body.to_ascii_lowercase();
        assert_eq!(judged(400, &[], &*other_case), Verdict::Permanent, "{name}");
    }
}

#[test]
fn other_errors_are_judged_by_their_status() {
    let body = r#"{"__type":"SomethingElse"}"#;
    assert_eq!(judged(429, &[], body), THROTTLING);
    for status in [500, 502, 503, 504, 599] {
        assert_eq!(judged(status, &[], body), SERVER);
    }
    for status in [400, 401, 403, 404, 408, 409, 412, 413, 425] {
        assert_eq!(judged(status, &[], body), Verdict::Permanent);
    }
    for name in [
        "RequestTimeout",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestTimeTooSkewed",
    ] {
        let body = format!("<Error><Code>{name}</Code></Error>");
        assert_eq!(judged(400, &[], &*body), Verdict::Permanent);
    }
    for status in [100, 200, 204, 206, 301, 304] {
        assert_eq!(judged(status, &[], ()), Verdict::Success);
    }
}

/// An error, and a result that is cut off, as S3 sends them inside a 200.
const ERROR: &str = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
const CUT: &str = "<?xml version=\"1.0\"?>\n\n<CopyObjectResult><LastModified>2026";

#[test]
fn an_error_inside_a_200_is_judged_as_a_500() {
    let (error, cut) = (ERROR, CUT);
    let slow = "<Error><Code>SlowDown</Code></Error>";
    let xml = [("content-type", "application/xml")];
    assert_eq!(judged(200, &xml, error), SERVER);
    assert_eq!(judged(200, &[], error), SERVER);
    assert_eq!(judged(200, &xml, slow), THROTTLING);
    assert_eq!(judged(200, &xml, cut), SERVER);
    for xml in [
        "text/xml",
        "Text/XML; charset=utf-8",
        "application/soap+xml ;v=1",
    ] {
        assert_eq!(judged(200, &[("content-type", xml)], cut), SERVER, "{xml}");
    }
    for early in [
        "<?xml version=\"1.0\"?>  \n \n",
        "  <",
        "<Copy",
        "<Error><Code>InternalError</Code>",
        "<A b='",
        "<!-- ",
    ] {
        assert_eq!(judged(200, &xml, early), SERVER, "{early}");
    }
    assert_eq!(
        judged(200, &xml, "<Error><Code>SlowDown</Code><Mess"),
        THROTTLING
    );
    let error_in_200 = ServiceError::from_response(&response(200, &xml, error)).unwrap();
    assert_eq!(
        (error_in_200.status().as_u16(), error_in_200.code()),
        (200, Some("InternalError"))
    );
}

#[test]
fn an_object_or_a_complete_body_in_a_200_is_a_success() {
    let (error, cut) = (ERROR, CUT);
    let xml = [("content-type", "application/xml")];
    // An object may be a document with an error.
    for header in ["etag", "last-modified"] {
        for body in [error, cut] {
            assert_eq!(
                judged(200, &[xml[0], (header, "x")], body),
                Verdict::Success
            );
        }
    }
    for fine in [
        "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>",
        "<Errors><Error/></Errors>",
        "<a><b></a>",
        "",
        "plain text",
        r#"{"__type":"SlowDown"}"#,
    ] {
        assert_eq!(judged(200, &[], fine), Verdict::Success, "{fine}");
    }
    // What follows the root does not matter, even if it is cut off.
    for tail in ["<", "<!-- x", "&", "&#1", "<?p", "<x", "\0", "x"] {
        let body = format!("<Copy><ETag>x</ETag></Copy>{tail}");
        assert_eq!(judged(200, &xml, &*body), Verdict::Success, "{body}");
    }
    for other in [
        "text/html",
        "text/html; charset=utf-8; x=xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ] {
        let content_type = [("content-type", other)];
        assert_eq!(judged(200, &content_type, "<p>no end"), Verdict::Success);
        assert_eq!(judged(200, &content_type, " "), Verdict::Success);
    }
    assert_eq!(judged(201, &xml, error), Verdict::Success);
    let blind = AwsClassifier::new().never_in_success();
    assert_eq!(
        verdict(&blind, &response(200, &xml, error)),
        Verdict::Success
    );
}

#[test]
fn code_overrides_precede_status_overrides_and_the_table() {
    let judge = AwsClassifier::new()
        .never_code("LimitExceededException")
        .retry_code("ConflictException", ErrorKind::Server)
        .also_retry(StatusCode::REQUEST_TIMEOUT)
        .never_retry(StatusCode::NOT_IMPLEMENTED);
    let of = |status, code: &str| {
        let body = format!(r#"{{"__type":"{code}"}}"#);
        verdict(&judge, &response(status, &[], body))
    };
    for status in [400, 429, 503] {
        assert_eq!(of(status, "LimitExceededException"), Verdict::Permanent);
    }
    assert_eq!(of(400, "ThrottlingException"), THROTTLING);
    for status in [400, 409, 501] {
        assert_eq!(of(status, "ConflictException"), SERVER);
    }
    assert_eq!(of(408, "X"), TRANSIENT);
    assert_eq!(of(501, "X"), Verdict::Permanent);
    assert_eq!(of(501, "SlowDown"), Verdict::Permanent);
    let last = judge
        .clone()
        .retry_code("LimitExceededException", ErrorKind::Throttling);
    let limit = response(400, &[], r#"{"__type":"LimitExceededException"}"#);
    assert_eq!(verdict(&last, &limit), THROTTLING);

    let sdk = AwsClassifier::new().like_sdk();
    for code in ["RequestTimeout", "RequestTimeoutException"] {
        let body = format!("<Error><Code>{code}</Code></Error>");
        assert_eq!(verdict(&sdk, &response(400, &[], &*body)), TRANSIENT);
    }
}

#[test]
fn a_hint_does_not_make_a_response_retryable() {
    let hint = [("x-amz-retry-after", "1500")];
    assert_eq!(judged(500, &hint, ()), SERVER.after(ms(1_500)));
    assert_eq!(
        judged(503, &hint, "<Error><Code>SlowDown</Code></Error>"),
        THROTTLING.after(ms(1_500))
    );
    assert_eq!(
        judged(429, &[("retry-after", "2")], ()),
        THROTTLING.after(ms(2_000))
    );
    assert_eq!(judged(400, &hint, ()), Verdict::Permanent);
    assert_eq!(judged(200, &hint, ()), Verdict::Success);
}

/// The beginning of a body that failed while it was read.
struct Broken(&'static str);

impl PeekBody for Broken {
    fn peek(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn is_broken(&self) -> bool {
        true
    }
}

#[test]
fn a_broken_body_is_retried_unless_overridden() {
    let limit = r#"{"__type":"LimitExceededException","message":"cut"#;
    let judge = AwsClassifier::new();
    let broken = |status, body| response(status, &[("retry-after", "2")], Broken(body));
    let hinted = |verdict: Verdict| verdict.after(ms(2_000));
    assert_eq!(verdict(&judge, &broken(400, "")), hinted(TRANSIENT));
    assert_eq!(verdict(&judge, &broken(400, limit)), hinted(THROTTLING));
    assert_eq!(verdict(&judge, &broken(500, "")), hinted(SERVER));
    let ruled = judge.never_code("LimitExceededException");
    assert_eq!(verdict(&ruled, &broken(400, limit)), Verdict::Permanent);
    let ruled = AwsClassifier::new().never_retry(StatusCode::BAD_REQUEST);
    assert_eq!(verdict(&ruled, &broken(400, "")), Verdict::Permanent);
}

#[test]
fn a_status_override_applies_to_successes_too() {
    let hint = [("retry-after", "7")];
    let also = AwsClassifier::new().also_retry(StatusCode::ACCEPTED);
    let accepted = verdict(&also, &response(202, &hint, ()));
    assert_eq!(accepted, TRANSIENT.after(ms(7_000)));
    let never = AwsClassifier::new().never_retry(StatusCode::OK);
    let error = response(200, &[], "<Error><Code>SlowDown</Code></Error>");
    assert_eq!(verdict(&never, &error), Verdict::Success);
}

#[test]
fn like_sdk_retries_codes_beyond_the_table() {
    let judge = AwsClassifier::new().like_sdk();
    let of = |judge: &AwsClassifier, status| {
        let body = "<Error><Code>RequestTimeout</Code></Error>";
        verdict(judge, &response(status, &[], body))
    };
    assert_eq!(of(&judge, 400), TRANSIENT);
    assert_eq!(of(&judge, 408), TRANSIENT);
    assert_eq!(of(&judge, 429), THROTTLING);
    assert_eq!(of(&judge, 503), SERVER);
    let other = response(400, &[], "<Error><Code>InvalidRequest</Code></Error>");
    assert_eq!(verdict(&judge, &other), Verdict::Permanent);
    let last = judge.never_code("RequestTimeout");
    assert_eq!(of(&last, 400), Verdict::Permanent);
    assert_eq!(of(&last.like_sdk(), 400), TRANSIENT);
    let status = AwsClassifier::new()
        .like_sdk()
        .never_retry(StatusCode::BAD_REQUEST);
    assert_eq!(of(&status, 400), Verdict::Permanent);
}

#[test]
fn plain_text_is_not_truncated_xml() {
    assert_eq!(judged(200, &[], "<3 you"), Verdict::Success);
    assert_eq!(judged(200, &[], "< "), Verdict::Success);
    assert_eq!(judged(200, &[], "<Result><Key>a</Key>"), SERVER);
    assert_eq!(judged(200, &[], "<?xml version='1.0'?>"), SERVER);
    assert_eq!(judged(200, &[], "<Result><Key/>"), SERVER);
    assert_eq!(judged(200, &[], "<Result/>"), Verdict::Success);
    let listing = "<Result><ETag>&quot;1&quot;</ETag></Result>";
    assert_eq!(judged(200, &[], listing), Verdict::Success);
}

#[test]
fn transport_errors_are_judged_by_their_sources() {
    let judge = |error: io::Error| AwsClassifier::new().classify(Err::<&Response<()>, _>(&error));
    assert_eq!(judge(io::ErrorKind::ConnectionReset.into()), TRANSIENT);
    assert_eq!(
        judge(io::ErrorKind::PermissionDenied.into()),
        Verdict::Permanent
    );
    let boxed: Box<dyn std::error::Error + Send + Sync> =
        io::Error::from(io::ErrorKind::TimedOut).into();
    let verdict = AwsClassifier::new()
        .boxed()
        .classify(Err::<&Response<()>, _>(&boxed));
    assert_eq!(verdict, TRANSIENT);
    let by_hand = AwsClassifier::new().transport(|_: &u8| SERVER);
    assert_eq!(by_hand.classify(Err::<&Response<()>, _>(&1)), SERVER);
}
