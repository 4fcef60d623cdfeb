//! Error codes in each wire format.

use super::body_codes::{JSON_BODIES, XML_BODIES};
use super::*;

/// The response of a row of the sample.
fn response_of(row: &Value) -> Response<Vec<u8>> {
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
    response(status, &headers, body)
}

#[test]
fn every_row_of_the_wire_sample_has_its_code_and_verdict() {
    let mut counts = BTreeMap::new();
    for line in include_str!("../data/aws-wire-sample.jsonl").lines() {
        let row = vectors(line);
        let response = response_of(&row);
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
            let has_message = error.message().is_some_and(|message| !message.is_empty());
            assert!(has_message || row["protocol"] == "hand", "{line}");
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
fn a_code_is_borrowed_from_the_body() {
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
fn a_json_code_is_in_the_header_then_code_then_type() {
    let header = [("x-amzn-errortype", "ns#FromHeader:http://x")];
    let body = br#"{"__type":"FromType","code":"FromCode"}"#;
    assert_eq!(code(&header, body).as_deref(), Some("FromHeader"));
    assert_eq!(code(&header, b"").as_deref(), Some("FromHeader"));
    for &(body, expected) in JSON_BODIES {
        assert_eq!(
            code(&[], body).as_deref(),
            expected,
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn an_xml_code_is_found_by_its_path() {
    for &(body, expected) in XML_BODIES {
        assert_eq!(code(&[], body.as_bytes()).as_deref(), expected, "{body}");
    }
}

#[test]
fn a_cbor_code_is_the_type_of_the_outermost_map() {
    let headers = [("smithy-protocol", "rpc-v2-cbor")];
    for (body, expected) in [
        (&b"\xa1\x66__type\x61A"[..], Some("A")),
        // A map of indefinite length, with a nested map first and the text in pieces.
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
fn a_query_compatible_header_does_not_hide_throttling() {
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
        "<Error><Code>SlowDown</Code></Error><![CDATA[ ]]>",
        "<Error><Code>SlowDown</Code></Error>&#32;",
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
fn at_most_64_kib_of_a_body_are_read() {
    let padded = |before: usize| {
        let pad = " ".repeat(before);
        format!(r#"{{{pad}"__type":"SlowDown"}}"#)
    };
    assert_eq!(
        code(&[], padded(1_000).as_bytes()).as_deref(),
        Some("SlowDown")
    );
    assert_eq!(code(&[], padded(70_000).as_bytes()), None);
    // A code within the first 64 KiB is read, although the rest of the body is not.
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
fn a_code_survives_a_cut_after_it() {
    for name in ["__type", "code", "Code"] {
        let message = "m".repeat(70_000);
        let body = format!(r#"{{"{name}":"ThrottlingException","Message":"{message}"}}"#);
        assert_eq!(judged(400, &[], body), THROTTLING, "{name}");
    }
    let long = "m".repeat(70_000);
    let nested = format!(r#"{{"Error":{{"Code":"ThrottlingException","x":"{long}"}}}}"#);
    assert_eq!(judged(400, &[], nested), THROTTLING);
    // The order of precedence holds before a cut too.
    let cut = format!(r#"{{"Code":"A","Error":"x","code":"B","x":"{long}"}}"#);
    assert_eq!(code(&[], cut.as_bytes()).as_deref(), Some("B"));
    for (body, expected) in [
        (r#"{"Code":"A","code":"B"}"#, "B"),
        (r#"{"code":"B","Code":"A"}"#, "B"),
        (r#"{"code":7,"Code":"A"}"#, "A"),
        (r#"{"Code":"A","Code":"C"}"#, "C"),
    ] {
        let found = code(&[], body.as_bytes());
        assert_eq!(found.as_deref(), Some(expected), "{body}");
    }
}

#[test]
fn a_skipped_member_may_have_any_name() {
    for body in [
        &br#"{"\ud800":1,"__type":"A"}"#[..],
        b"{\"\xff\":1,\"__type\":\"A\"}",
        b"{\"x\":\"\xff\",\"__type\":\"A\"}",
    ] {
        assert_eq!(code(&[], body).as_deref(), Some("A"), "{body:?}");
    }
}

#[test]
fn a_message_that_is_not_text_does_not_hide_the_code() {
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

proptest! {
    #[test]
    fn no_body_or_header_causes_a_panic(
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
