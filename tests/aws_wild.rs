//! Responses that AWS and servers with its protocols really sent.
#![cfg(feature = "aws")]
#![expect(clippy::expect_used, reason = "a wrong vector should fail the test")]

use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use reattempt::aws::{AwsClassifier, ServiceError, error_code};
use reattempt::{Classify, ErrorKind, Verdict};

const SERVER: Verdict = Verdict::retry(ErrorKind::Server);
const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::try_from(*name).expect("a header name");
        (name, HeaderValue::try_from(*value).expect("a header value"))
    });
    pairs.collect()
}

fn judge(status: u16, pairs: &[(&str, &str)], body: &[u8]) -> Verdict {
    let status = StatusCode::from_u16(status).expect("a status");
    AwsClassifier::new().judge_parts(status, &headers(pairs), body)
}

#[test]
fn every_recorded_response_has_its_code_and_verdict() {
    let mut rows = 0;
    for line in include_str!("data/wild-responses-sample.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row of JSON");
        let pairs: Vec<(&str, &str)> = row["headers"]
            .as_array()
            .expect("headers")
            .iter()
            .map(|pair| {
                let text = |index: usize| pair[index].as_str().expect("a text");
                (text(0), text(1))
            })
            .collect();
        let body = base64::engine::general_purpose::STANDARD
            .decode(row["body"].as_str().expect("a body"))
            .expect("base64");
        let status = u16::try_from(row["status"].as_u64().expect("a status")).expect("a status");
        let mut verdict = judge(status, &pairs, &body);
        if let Verdict::Retry { after, .. } = &mut verdict {
            *after = None;
        }
        let name = match verdict {
            Verdict::Success => "success",
            Verdict::Permanent => "permanent",
            THROTTLING => "throttling",
            SERVER => "server",
            other @ Verdict::Retry { .. } => panic!("{other:?}: {line}"),
        };
        assert_eq!(name, row["verdict"], "{line}");
        let headers = headers(&pairs);
        let code = error_code(&headers, &body);
        if name != "success" {
            assert_eq!(code.as_deref(), row["code"].as_str(), "{line}");
        }
        rows += 1;
    }
    assert_eq!(rows, 78);
    println!("{rows} responses, all as expected");
}

#[test]
fn an_error_inside_a_200_counts_with_any_content_type() {
    let stream = [("content-type", "text/event-stream")];
    let spaces = " ".repeat(30);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{spaces}<Error><Code>InternalError</Code></Error>"
    );
    assert_eq!(judge(200, &stream, body.as_bytes()), SERVER);
    let ranges = [stream[0], ("accept-ranges", "bytes")];
    assert_eq!(judge(200, &ranges, body.as_bytes()), SERVER);
    let slow = b"<Error><Code>SlowDown</Code></Error>";
    assert_eq!(judge(200, &stream, slow), THROTTLING);
    // An object of S3 may be any XML document.
    for header in ["etag", "last-modified"] {
        let object = [stream[0], (header, "x")];
        assert_eq!(judge(200, &object, body.as_bytes()), Verdict::Success);
    }
}

#[test]
fn a_truncated_200_is_an_error_only_if_it_may_be_xml() {
    let cuts: [&[u8]; 6] = [
        b"<CopyObjectResult xmlns=\"x\"><ETag>&quo",
        b"<CopyObjectResult><ETag>&",
        b"<CopyObjectResult><ETag>&#3",
        b"<CompleteMultipartUploadResult>",
        b"  \n ",
        b"\n",
    ];
    for cut in cuts {
        let shown = cut.escape_ascii();
        assert_eq!(judge(200, &[], cut), SERVER, "{shown}");
        let xml = [("content-type", "application/xml")];
        assert_eq!(judge(200, &xml, cut), SERVER, "{shown}");
        let stream = [("content-type", "text/event-stream")];
        assert_eq!(judge(200, &stream, cut), Verdict::Success, "{shown}");
        let object = [xml[0], ("etag", "x")];
        assert_eq!(judge(200, &object, cut), Verdict::Success, "{shown}");
    }
    assert_eq!(judge(200, &[], b""), Verdict::Success);
    // A document that is malformed in the middle is not truncated.
    assert_eq!(judge(200, &[], b"<a>x & y</a>"), Verdict::Success);
    let slow = b"<Error><Code>SlowDown</Code><Message>a &am";
    assert_eq!(judge(503, &[], slow), THROTTLING);
    assert_eq!(judge(200, &[], slow), THROTTLING);
}

#[test]
fn the_code_of_a_query_service_is_read_from_json() {
    let body = br#"{"Error":{"Code":"Throttling","Message":"Rate exceeded","Type":"Sender"},"RequestId":"r1"}"#;
    for status in [400, 403] {
        assert_eq!(judge(status, &[], body), THROTTLING);
    }
    let mut response = Response::new(&body[..]);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let response = response.map(<[u8]>::to_vec);
    let error = ServiceError::from_response(&response).expect("a 400");
    assert_eq!(error.code(), Some("Throttling"));
    assert_eq!(error.message(), Some("Rate exceeded"));
    assert_eq!(error.request_id(), Some("r1"));
    for other in [
        &br#"{"Error":"Throttling"}"#[..],
        br#"{"Error":{"Code":7}}"#,
        br#"{"Error":{"code":"Throttling"}}"#,
        br#"{"Error":["Throttling"]}"#,
        br#"{"x":{"Error":{"Code":"Throttling"}}}"#,
    ] {
        assert_eq!(judge(400, &[], other), Verdict::Permanent);
    }
    // `__type` takes precedence over the nested code.
    let both = br#"{"Error":{"Code":"Throttling"},"__type":"AccessDenied"}"#;
    assert_eq!(judge(400, &[], both), Verdict::Permanent);
}

#[test]
fn a_malformed_amz_hint_falls_back_to_the_next_header() {
    let ms = |ms| SERVER.after(std::time::Duration::from_millis(ms));
    let hinted = |value| {
        judge(
            500,
            &[("x-amz-retry-after", value), ("retry-after", "9")],
            b"",
        )
    };
    assert_eq!(hinted("1500"), ms(1_500));
    assert_eq!(hinted("0"), ms(0));
    for bad in ["-5", "1.5", "", "soon", "+5", "99999999999999999999"] {
        assert_eq!(hinted(bad), ms(9_000), "{bad}");
    }
    let other = [("x-amz-retry-after", "soon"), ("retry-after-ms", "250")];
    assert_eq!(judge(500, &other, b""), ms(250));
}

#[test]
fn codes_beyond_the_sdks_list_are_throttling() {
    for code in [
        "ClientLimitExceededException",
        "ConcurrentLimitExceededException",
        "KMS.ThrottlingException",
        "RateLimitExceededException",
        "RequestLimitExceededException",
        "ResourceProvisionedThroughputExceededException",
    ] {
        let body = format!(r#"{{"__type":"{code}"}}"#);
        assert_eq!(judge(400, &[], body.as_bytes()), THROTTLING, "{code}");
    }
}

#[test]
fn like_sdk_retries_an_unreachable_identity_provider() {
    let body = br#"{"__type":"IDPCommunicationError"}"#.to_vec();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let outcome: Result<_, &std::io::Error> = Ok(&response);
    assert_eq!(AwsClassifier::new().classify(outcome), Verdict::Permanent);
    let sdk = AwsClassifier::new().like_sdk();
    assert_eq!(sdk.classify(outcome), Verdict::retry(ErrorKind::Transient));
}
