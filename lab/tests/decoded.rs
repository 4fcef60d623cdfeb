//! A response that is cut at each byte, with clients that decode its body.

use reattempt::http::{ErrorClassifier, HttpClassifier, judge_error};
use reattempt::{Backoff, Outcome, RetryPolicy, StopReason, Verdict, http};
use reattempt_lab::clients::{Reqwest, Ureq};
use reattempt_lab::cut::{CutServer, End};
use reattempt_lab::{BODY, Limits, Reply};

/// A response whose body is [`BODY`] as gzip.
const GZIP: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 30\r\n\r\n\
    \x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x33\x30\x34\x32\x36\x31\x35\x33\xb7\xb0\x04\x00\
    \xc6\xc7\x84\xa6\x0a\x00\x00\x00";

/// A document that ureq parses while it reads it, because its length is unknown.
const JSON: &[u8] =
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n[0,12,\r\n4\r\n345]\r\n0\r\n\r\n";

fn policy<C>(judge: C) -> RetryPolicy<C> {
    http::policy().classify(judge).backoff(Backoff::none())
}

/// Returns a server for each cut of `response`, with the name of the case.
fn servers(response: &'static [u8]) -> impl Iterator<Item = (CutServer, String)> {
    (0..response.len()).flat_map(move |length| {
        [End::Reset, End::Close].map(|end| {
            let case = format!("{end:?} after {length} of {} bytes", response.len());
            (CutServer::new(response, length, end), case)
        })
    })
}

fn check<E: std::fmt::Debug>(case: &str, outcome: &Outcome<Reply, E>) {
    assert_eq!(outcome.reason, StopReason::Success, "{case}: {outcome:?}");
    assert_eq!(outcome.attempts, 3, "{case}: {outcome:?}");
    let reply = outcome.result.as_ref().expect(case);
    assert_eq!(reply.body(), BODY, "{case}");
}

#[tokio::test]
async fn reqwest_retries_a_gzip_body_cut_at_any_byte() {
    let policy = policy(HttpClassifier::new());
    for (server, case) in servers(GZIP) {
        let client = Reqwest::new(Limits::GENEROUS);
        let outcome = policy.retry(|_| client.get(&server.url)).outcome();
        check(&case, &outcome.await);
    }
}

#[test]
fn ureq_retries_a_gzip_body_cut_at_any_byte() {
    let policy = policy(HttpClassifier::new());
    for (server, case) in servers(GZIP) {
        let client = Ureq::new(Limits::GENEROUS);
        check(
            &case,
            &policy.retry_blocking(|_| client.get(&server.url)).outcome(),
        );
    }
}

#[test]
fn ureq_retries_a_json_document_cut_at_any_byte() {
    let policy = policy(ErrorClassifier::new());
    for (server, case) in servers(JSON) {
        let read = || {
            ureq::get(&server.url)
                .call()?
                .body_mut()
                .read_json::<Vec<u32>>()
        };
        let outcome = policy.retry_blocking(|_| read()).outcome();
        assert_eq!(
            outcome.result.as_deref().ok(),
            Some(&[0, 12, 345][..]),
            "{case}: {outcome:?}"
        );
    }
}

#[test]
fn a_body_that_cannot_be_decoded_is_permanent() {
    let gzip =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\r\nnot any gzip";
    let json = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[0}\r\n0\r\n\r\n";
    // serde_json quotes the document.
    let quoted = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
        18\r\n[\"reset (os error 104)\"]\r\n0\r\n\r\n";
    let quoted_format = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
        1a\r\n[\" decompression failed: \"]\r\n0\r\n\r\n";
    for response in [&gzip[..], json, quoted, quoted_format] {
        let server = CutServer::new(response, response.len(), End::Close);
        let mut found = ureq::get(&server.url).call().expect("a whole head");
        let error = found
            .body_mut()
            .read_json::<Vec<u32>>()
            .expect_err("not a list");
        assert_eq!(judge_error(&error), Verdict::Permanent, "{error}");
    }
}
