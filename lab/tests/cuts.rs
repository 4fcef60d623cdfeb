//! A response that is cut at each byte, with each client.

use std::time::{Duration, Instant};

use reattempt::http::HttpClassifier;
use reattempt::{Backoff, Outcome, RetryPolicy, StopReason, http};
use reattempt_lab::clients::{HyperUtil, Reqwest, Ureq};
use reattempt_lab::cut::{CutServer, End};
use reattempt_lab::{BODY, Limits, Reply};

/// Far more than a call needs, and less than a limit of the clients.
const DEADLINE: Duration = Duration::from_secs(30);

const RESPONSES: [&[u8]; 2] = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
];

fn policy<C>(judge: C) -> RetryPolicy<C> {
    http::policy()
        .classify(judge)
        .backoff(Backoff::none())
        .max_elapsed(DEADLINE)
}

/// One place at which the server ends its first two responses.
struct Case {
    response: &'static [u8],
    length: usize,
    end: End,
    server: CutServer,
    started: Instant,
}

fn cases() -> impl Iterator<Item = Case> {
    let lengths = RESPONSES.map(|response| (0..=response.len()).map(move |n| (response, n)));
    let ends = [End::Reset, End::Close];
    let cuts = lengths.into_iter().flatten();
    cuts.flat_map(move |(response, length)| ends.map(|end| (response, length, end)))
        .map(|(response, length, end)| Case {
            response,
            length,
            end,
            server: CutServer::new(response, length, end),
            started: Instant::now(),
        })
}

/// Returns the number of bytes that some client accepts as the whole response. ureq does not
/// wait for the line end after the last chunk.
fn sufficient(response: &[u8]) -> usize {
    let last_line = response.strip_suffix(b"0\r\n\r\n");
    last_line.map_or(response.len(), |chunks| chunks.len() + 3)
}

impl Case {
    /// Checks that a cut response was retried until a whole one arrived.
    fn check<E: std::fmt::Debug>(&self, client: &str, outcome: &Outcome<Reply, E>) {
        let case = format!(
            "{client}, {:?} after {} of {} bytes: {outcome:?}",
            self.end,
            self.length,
            self.response.len()
        );
        assert_eq!(outcome.reason, StopReason::Success, "{case}");
        let reply = outcome.result.as_ref().expect(&case);
        assert_eq!(reply.body(), BODY, "{case}");
        // A reset may or may not overtake the last bytes.
        let may_succeed = self.length >= sufficient(self.response);
        assert!(outcome.attempts == 3 || may_succeed, "{case}");
        assert!(self.started.elapsed() < DEADLINE, "{case}");
    }
}

#[tokio::test]
async fn reqwest_retries_a_response_cut_at_any_byte() {
    let (policy, mut count) = (policy(HttpClassifier::new()), 0);
    for case in cases() {
        let client = Reqwest::new(Limits::GENEROUS);
        let outcome = policy.retry(|_| client.get(&case.server.url)).outcome();
        case.check("reqwest", &outcome.await);
        count += 1;
    }
    println!("reqwest: {count} cases");
}

#[tokio::test]
async fn hyper_util_retries_a_response_cut_at_any_byte() {
    let (policy, mut count) = (policy(HttpClassifier::new().boxed()), 0);
    for case in cases() {
        let client = HyperUtil::new(Limits::GENEROUS);
        let outcome = policy.retry(|_| client.get(&case.server.url)).outcome();
        case.check("hyper-util", &outcome.await);
        count += 1;
    }
    println!("hyper-util: {count} cases");
}

#[test]
fn ureq_retries_a_response_cut_at_any_byte() {
    let (policy, mut count) = (policy(HttpClassifier::new()), 0);
    for case in cases() {
        let client = Ureq::new(Limits::GENEROUS);
        let outcome = policy.retry_blocking(|_| client.get(&case.server.url));
        case.check("ureq", &outcome.outcome());
        count += 1;
    }
    println!("ureq: {count} cases");
}
