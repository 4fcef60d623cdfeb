//! AWS: codes in every wire format, verdicts, presets.
#![cfg(feature = "aws")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's own data")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;
use reattempt::aws::{self, AwsClassifier, PeekBody, ServiceError, error_code};
use reattempt::{
    Backoff, Classify, Decision, ErrorKind, Jitter, RetryBudget, RetryPolicy, StopReason, Verdict,
};
use serde_json::Value;

const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);
const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn response<B>(status: u16, headers: &[(&str, &str)], body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).unwrap();
        response
            .headers_mut()
            .append(name, HeaderValue::try_from(*value).unwrap());
    }
    response
}

fn verdict(judge: &AwsClassifier, response: &Response<impl PeekBody>) -> Verdict {
    judge.classify(Ok::<_, &io::Error>(response))
}

fn judged(status: u16, headers: &[(&str, &str)], body: impl PeekBody) -> Verdict {
    verdict(&AwsClassifier::new(), &response(status, headers, body))
}

fn code(headers: &[(&str, &str)], body: &[u8]) -> Option<String> {
    let response = response(400, headers, ());
    error_code(response.headers(), body).map(Cow::into_owned)
}

fn vectors(text: &'static str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_row_of_the_wire_sample_has_its_code_and_verdict() {
    let mut counts = BTreeMap::new();
    for line in include_str!("data/aws-wire-sample.jsonl").lines() {
        let row = vectors(line);
        let body = base64::engine::general_purpose::STANDARD
            .decode(row["body_b64"].as_str().unwrap())
            .unwrap();
        let headers: Vec<_> = row["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let response = response(status, &headers, body);
        let found = error_code(response.headers(), response.body());
        assert_eq!(found.as_deref(), row["code"].as_str(), "{line}");
        let expected = row["expected"].as_str().unwrap();
        let verdict = verdict(&AwsClassifier::new(), &response);
        let name = match verdict {
            Verdict::Success => "success",
            Verdict::Permanent => "permanent",
            THROTTLING => "throttling",
            SERVER => "server",
            other @ Verdict::Retry { .. } => panic!("{other:?}: {line}"),
        };
        assert_eq!(name, expected, "{line}");
        let error = ServiceError::from_response(&response);
        assert_eq!(error.is_some(), expected != "success", "{line}");
        if let Some(error) = error {
            assert_eq!(
                (error.code(), error.verdict()),
                (row["code"].as_str(), verdict),
                "{line}"
            );
            let told = error.message().is_some_and(|message| !message.is_empty());
            assert!(told || row["protocol"] == "hand", "{line}");
        }
        *counts.entry(expected.to_owned()).or_insert(0) += 1;
    }
    let counted: Vec<_> = counts
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(
        counted,
        [
            ("permanent", 472),
            ("server", 43),
            ("success", 1),
            ("throttling", 42)
        ],
    );
}

#[test]
fn a_code_is_borrowed_from_where_it_stands() {
    let headers = HeaderMap::new();
    for body in [
        &br#"{"__type":"a.b#Throttled:http://x","message":"\u0041"}"#[..],
        b"<Error><Code>Throttled</Code></Error>",
        b"\xa1\x66__type\x69Throttled",
    ] {
        assert_eq!(error_code(&headers, body), Some(Cow::Borrowed("Throttled")));
        let code = error_code(&headers, body);
        assert!(matches!(code, Some(Cow::Borrowed(_))));
    }
    assert_eq!(
        code(&[], br#"{"__type":"Thr\u006fttled"}"#).as_deref(),
        Some("Throttled")
    );
}

#[test]
fn json_tells_by_header_then_code_then_type_and_only_at_the_top_and_in_text() {
    let header = [("x-amzn-errortype", "ns#FromHeader:http://x")];
    let body = br#"{"__type":"FromType","code":"FromCode"}"#;
    assert_eq!(code(&header, body).as_deref(), Some("FromHeader"));
    assert_eq!(code(&header, b"").as_deref(), Some("FromHeader"));
    for (body, expected) in [
        (&body[..], Some("FromCode")),
        (br#"{"Code":"Upper","__type":"FromType"}"#, Some("Upper")),
        (br#"{"Code":"Upper","code":"lower"}"#, Some("lower")),
        (br#"{"code":400,"__type":"FromType"}"#, Some("FromType")),
        (
            br#"{"code":null,"Code":{"code":"x"},"__type":"FromType"}"#,
            Some("FromType"),
        ),
        (br#"{"code":"","__type":"FromType"}"#, Some("FromType")),
        (
            br#"{"code":["SlowDown"],"error":{"__type":"SlowDown"}}"#,
            None,
        ),
        (b" \r\n\t{\"__type\":\"Spaced\"}\n", Some("Spaced")),
        (b"\xef\xbb\xbf{\"__type\":\"Marked\"}", Some("Marked")),
        (br#"["__type","SlowDown"]"#, None),
        (br#""SlowDown""#, None),
        (b"{}", None),
        (br#"{"__type":"ns#"}"#, None),
        (br#"{"__type":":http"}"#, None),
    ] {
        assert_eq!(
            code(&[], body).as_deref(),
            expected,
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn xml_tells_by_the_path_and_nothing_else() {
    for (body, expected) in [
        (
            "<ErrorResponse><Error><Code>A</Code></Error></ErrorResponse>",
            Some("A"),
        ),
        (
            "<Response><Errors><Error><Code>A</Code></Error></Errors></Response>",
            Some("A"),
        ),
        (
            "<Whatever><Errors><Error><Code>A</Code></Error></Errors></Whatever>",
            Some("A"),
        ),
        ("<Error><Code>A</Code></Error>", Some("A")),
        (
            "<e:Error xmlns:e='x'><e:Code>A</e:Code></e:Error>",
            Some("A"),
        ),
        (
            "\n<?xml version='1.0'?><!-- c -->\n<Error>\n <Code>\n A\n </Code></Error>\n",
            Some("A"),
        ),
        ("<Error><Code><![CDATA[A]]>B</Code></Error>", Some("AB")),
        ("<Error><Code>A&amp;&#66;</Code></Error>", Some("A&B")),
        (
            "<R><Errors><Error><Code>A</Code></Error><Error><Code>B</Code></Error></Errors></R>",
            Some("A"),
        ),
        (
            "<Error><Detail><Code>SlowDown</Code></Detail><Code>A</Code></Error>",
            Some("A"),
        ),
        (
            "<Error><Detail><Code>SlowDown</Code></Detail></Error>",
            None,
        ),
        ("<ErrorResponse><Code>SlowDown</Code></ErrorResponse>", None),
        (
            "<Foo><Error><Code>SlowDown</Code></Error></Foo>",
            Some("SlowDown"),
        ),
        (
            "<ErrorResponse><Error><X><Code>SlowDown</Code></X></Error></ErrorResponse>",
            None,
        ),
        ("<Error Code='SlowDown'/>", None),
        ("<Error><code>SlowDown</code></Error>", None),
        ("<Error><Code/></Error>", None),
        ("<Error><Code> </Code></Error>", None),
    ] {
        assert_eq!(code(&[], body.as_bytes()).as_deref(), expected, "{body}");
    }
}

#[test]
fn cbor_tells_by_the_type_of_its_outermost_map() {
    let headers = [("smithy-protocol", "rpc-v2-cbor")];
    for (body, expected) in [
        (&b"\xa1\x66__type\x61A"[..], Some("A")),
        // Of indefinite length, the text in pieces, something nested before it.
        (
            b"\xbf\x61x\x9f\xa1\x66__type\x61B\xff\x66__type\x7f\x61a\x61b\xff\xff",
            Some("ab"),
        ),
        (b"\xa1\x66__type\x01", None),
        (b"\xa1\x61x\xa1\x66__type\x61A", None),
        (b"\xa1\x01\x02", None),
        (b"\xa0", None),
        (b"\xa1\x66__type", None),
        (b"\xa2\x66__type\x61A", None),
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x66__type\x61A", None),
        (b"\xa1\x66__type\x61A\x00", Some("A")),
    ] {
        assert_eq!(
            code(&headers, body).as_deref(),
            expected,
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn a_query_compatible_header_names_the_code_and_hides_no_throttling() {
    let with = |value: &str, body: &str| code(&[("x-amzn-query-error", value)], body.as_bytes());
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#;
    let query = "AWS.SimpleQueueService.NonExistentQueue";
    assert_eq!(
        with(&format!("{query};Sender"), body).as_deref(),
        Some(query)
    );
    for malformed in ["Only", ";Sender", "A;B;C", ""] {
        assert_eq!(
            with(malformed, body).as_deref(),
            Some("QueueDoesNotExist"),
            "{malformed}"
        );
    }
    let throttled = r#"{"__type":"com.amazonaws.sqs#ThrottlingException"}"#;
    assert_eq!(
        with("Other;Sender", throttled).as_deref(),
        Some("ThrottlingException")
    );
    let header = [("x-amzn-query-error", "Other;Sender")];
    assert_eq!(judged(400, &header, throttled), THROTTLING);
    let header = [("x-amzn-query-error", "RequestThrottled;Sender")];
    assert_eq!(judged(400, &header, body), THROTTLING);
}

#[test]
fn a_malformed_body_has_no_code_and_its_status_decides() {
    for body in [
        r#"{"__type":"ThrottlingException""#,
        r#"{"__type":"ThrottlingException"}}"#,
        r#"{"__type":"ThrottlingException",}"#,
        "{__type:ThrottlingException}",
        "<Error><Code>SlowDown</Error>",
        "<Error><Code>SlowDown</Code></Errors>",
        "<Error><Code>SlowDown</Code></Error>junk",
        "<Error><Code>SlowDown</Code></Error><Error/>",
        "<html><body>SlowDown</body></html>",
        "SlowDown",
        "",
    ] {
        assert_eq!(code(&[], body.as_bytes()), None, "{body}");
        assert_eq!(judged(400, &[], body), Verdict::Permanent, "{body}");
        assert_eq!(judged(502, &[], body), SERVER, "{body}");
        assert_eq!(judged(429, &[], body), THROTTLING, "{body}");
    }
    assert_eq!(code(&[], b"{\"__type\":\"Slow\xff\"}"), None);
    assert_eq!(code(&[], b"<Error><Code>Slow\xff</Code></Error>"), None);
}

#[test]
fn at_most_64_kib_of_a_body_are_looked_at() {
    let padded = |before: usize| {
        let pad = " ".repeat(before);
        format!(r#"{{{pad}"__type":"SlowDown"}}"#)
    };
    assert_eq!(
        code(&[], padded(1_000).as_bytes()).as_deref(),
        Some("SlowDown")
    );
    assert_eq!(code(&[], padded(70_000).as_bytes()), None);
    // What stands before the bound counts, though the end is out of sight.
    let long = format!(
        r#"{{"__type":"SlowDown","message":"{}"}}"#,
        "x".repeat(100_000)
    );
    assert_eq!(code(&[], long.as_bytes()).as_deref(), Some("SlowDown"));
    let xml = format!(
        "<Error><Code>SlowDown</Code><X>{}</X></Error>",
        "x".repeat(100_000)
    );
    assert_eq!(code(&[], xml.as_bytes()).as_deref(), Some("SlowDown"));
    let deep = format!(
        r#"{{"x":{}1{},"__type":"A"}}"#,
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    assert_eq!(code(&[], deep.as_bytes()).as_deref(), Some("A"));
    let deep = format!("<Error>{}<Code>A</Code>", "<x>".repeat(20_000));
    assert_eq!(code(&[], deep.as_bytes()), None);
}

#[test]
fn throttling_codes_are_throttling_at_any_error_status_and_compare_exactly() {
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

#[test]
fn an_error_inside_a_200_is_judged_as_a_500() {
    let error = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
    let slow = "<Error><Code>SlowDown</Code></Error>";
    let cut = "<?xml version=\"1.0\"?>\n\n<CopyObjectResult><LastModified>2026";
    let xml = [("content-type", "application/xml")];
    assert_eq!(judged(200, &xml, error), SERVER);
    assert_eq!(judged(200, &[], error), SERVER);
    assert_eq!(judged(200, &xml, slow), THROTTLING);
    assert_eq!(judged(200, &xml, cut), SERVER);
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

    // An object that happens to be such a document.
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
    assert_eq!(
        judged(200, &[("content-type", "text/html")], "<p>no end"),
        Verdict::Success
    );
    assert_eq!(judged(201, &xml, error), Verdict::Success);
    let blind = AwsClassifier::new().never_in_success();
    assert_eq!(
        verdict(&blind, &response(200, &xml, error)),
        Verdict::Success
    );
}

#[test]
fn the_callers_word_goes_before_the_table_and_a_code_before_a_status() {
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
fn a_hint_goes_with_any_retry_and_makes_none() {
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

#[test]
fn the_place_of_a_code_survives_a_cut_behind_it() {
    for name in ["__type", "code", "Code"] {
        let message = "m".repeat(70_000);
        let body = format!(r#"{{"{name}":"ThrottlingException","Message":"{message}"}}"#);
        assert_eq!(judged(400, &[], body), THROTTLING, "{name}");
    }
    for (body, told) in [
        (r#"{"Code":"A","code":"B"}"#, "B"),
        (r#"{"code":"B","Code":"A"}"#, "B"),
        (r#"{"code":7,"Code":"A"}"#, "A"),
        (r#"{"Code":"A","Code":"C"}"#, "C"),
    ] {
        assert_eq!(code(&[], body.as_bytes()).as_deref(), Some(told), "{body}");
    }
}

#[test]
fn a_member_that_is_passed_over_may_be_named_anything() {
    for body in [
        &br#"{"\ud800":1,"__type":"A"}"#[..],
        b"{\"\xff\":1,\"__type\":\"A\"}",
        b"{\"x\":\"\xff\",\"__type\":\"A\"}",
    ] {
        assert_eq!(code(&[], body).as_deref(), Some("A"), "{body:?}");
    }
}

#[test]
fn a_message_that_is_no_text_hides_no_code() {
    for body in [
        &br#"{"__type":"ThrottlingException","message":"\ud800"}"#[..],
        b"{\"__type\":\"ThrottlingException\",\"message\":\"caf\xe9\"}",
        b"<Error><Code>SlowDown</Code><Message>caf\xe9</Message></Error>",
        b"<Error><Code>SlowDown</Code><Message>a&nbsp;b</Message></Error>",
        b"<Error><Code>SlowDown</Code><RequestId>&x;</RequestId></Error>",
        b"\xa2\x66__type\x68SlowDown\x67message\x61\xff",
    ] {
        let shown = body.escape_ascii();
        let error = ServiceError::from_response(&response(400, &[], body)).unwrap();
        assert_eq!(error.code(), code(&[], body).as_deref(), "{shown}");
        assert_eq!(error.message(), None, "{shown}");
    }
}

/// The beginning of a body that failed on the way.
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
fn a_broken_body_is_a_failed_attempt_unless_the_caller_has_said_otherwise() {
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
fn the_callers_word_on_a_status_holds_for_successes_too() {
    let hint = [("retry-after", "7")];
    let also = AwsClassifier::new().also_retry(StatusCode::ACCEPTED);
    let accepted = verdict(&also, &response(202, &hint, ()));
    assert_eq!(accepted, TRANSIENT.after(ms(7_000)));
    let never = AwsClassifier::new().never_retry(StatusCode::OK);
    let error = response(200, &[], "<Error><Code>SlowDown</Code></Error>");
    assert_eq!(verdict(&never, &error), Verdict::Success);
}

#[test]
fn like_sdk_retries_its_codes_where_the_table_would_not() {
    let judge = AwsClassifier::new().like_sdk();
    let of = |judge: &AwsClassifier, status| {
        let body = "<Error><Code>RequestTimeout</Code></Error>";
        verdict(judge, &response(status, &[], body))
    };
    assert_eq!(of(&judge, 400), TRANSIENT);
    assert_eq!(of(&judge, 408), TRANSIENT);
    assert_eq!(of(&judge, 429), THROTTLING);
    assert_eq!(of(&judge, 503), SERVER);
    let last = judge.never_code("RequestTimeout");
    assert_eq!(of(&last, 400), Verdict::Permanent);
    assert_eq!(of(&last.like_sdk(), 400), TRANSIENT);
    let status = AwsClassifier::new()
        .like_sdk()
        .never_retry(StatusCode::BAD_REQUEST);
    assert_eq!(of(&status, 400), Verdict::Permanent);
}

#[test]
fn text_that_is_no_markup_is_no_document_that_ends_early() {
    assert_eq!(judged(200, &[], "<3 you"), Verdict::Success);
    assert_eq!(judged(200, &[], "< "), Verdict::Success);
    assert_eq!(judged(200, &[], "<Result><Key>a</Key>"), SERVER);
    assert_eq!(judged(200, &[], "<?xml version='1.0'?>"), SERVER);
    let listing = "<Result><ETag>&quot;1&quot;</ETag></Result>";
    assert_eq!(judged(200, &[], listing), Verdict::Success);
}

#[test]
fn errors_of_the_transport_are_judged_by_their_sources() {
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

/// The preset as it is, but with its jitter at the upper end.
fn pinned(max_attempts: u32, budget: &RetryBudget) -> RetryPolicy<AwsClassifier> {
    let exponential = |base| Backoff::exponential(ms(base)).jitter(Jitter::None);
    aws::standard()
        .backoff(exponential(50))
        .throttling_backoff(exponential(1_000))
        .max_attempts(max_attempts)
        .budget(budget)
}

#[test]
fn the_standard_mode_follows_the_vectors_step_by_step() {
    let mut steps = 0;
    for case in vectors(include_str!("data/aws-standard.json"))["cases"]
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

/// The longest of many first, second, third .. delays that a policy draws when
/// every answer has this status.
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
fn presets_wait_and_count_as_the_sdks_do() {
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
        // A session that is dropped in its wait returns the tokens, so these are kept.
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
fn an_invocation_id_is_a_version_4_uuid_and_drawn_anew() {
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
fn a_service_error_tells_what_people_ask_for() {
    let body = "<Error><Code>NoSuchKey</Code><Message>It&apos;s gone</Message>\
                <RequestId>R1</RequestId></Error>";
    let error = ServiceError::from_response(&response(404, &[], body)).unwrap();
    assert_eq!(
        error.to_string(),
        "NoSuchKey (404 Not Found): It's gone [request R1]"
    );
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

proptest! {
    #[test]
    fn no_body_and_no_header_makes_anything_panic(
        status in 100_u16..1000,
        start in proptest::sample::select(vec!["{", "<", "\u{feff}{\"", "", "<Error><Code>"]),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        cbor in any::<bool>(),
        header in "[ -~]{0,30}",
    ) {
        let mut body = if cbor { vec![0xbf] } else { start.as_bytes().to_vec() };
        body.extend(bytes);
        for name in ["x-amzn-errortype", "x-amzn-query-error", "x-amz-retry-after", "retry-after"] {
            let response = response(status, &[(name, &header)], body.clone());
            let _ = error_code(response.headers(), response.body());
            let verdict = judged(status, &[(name, &header)], body.clone());
            prop_assert_eq!(verdict == Verdict::Success, ServiceError::from_response(&response).is_none());
        }
    }

    #[test]
    fn a_prefix_of_an_error_never_has_another_code(cut in 0_usize..200) {
        for body in [
            &br#"{"__type":"com.amazonaws#ThrottlingException:http://x","message":"SlowDown"}"#[..],
            b"<ErrorResponse><Error><Code>ThrottlingException</Code></Error></ErrorResponse>",
            b"\xa2\x66__type\x73ThrottlingException\x67message\x68SlowDown",
        ] {
            let found = code(&[], &body[..cut.min(body.len())]);
            prop_assert!(found.as_deref().is_none_or(|code| code == "ThrottlingException"));
        }
    }
}
