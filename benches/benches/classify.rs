//! Cost of the error code and of the verdict in each AWS protocol, beside a parse of the whole body.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its result, and its bodies are well formed"
)]

use std::alloc::System;
use std::hint::black_box;
use std::time::Instant;

use http::{HeaderMap, Response, StatusCode};
use reattempt::Classify;
use reattempt::aws::{AwsClassifier, error_code};
use stats_alloc::{Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

const ROUNDS: usize = 31;

/// Returns the nanoseconds of `work`, the median of all rounds, and its allocations.
fn measure(calls: u32, work: impl Fn()) -> (f64, usize) {
    let region = Region::new(&ALLOCATOR);
    work();
    let allocations = region.change().allocations;
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| work());
            start.elapsed().as_nanos() as f64 / f64::from(calls)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[ROUNDS / 2], allocations)
}

/// Returns a body of `len` bytes: `before`, a message, `after`.
fn filled(before: &str, after: &str, len: usize) -> Vec<u8> {
    let fill = len.saturating_sub(before.len().saturating_add(after.len()));
    format!("{before}{}{after}", "m".repeat(fill)).into_bytes()
}

/// Returns a CBOR body of about `len` bytes.
fn cbor(len: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut body);
    let message = "m".repeat(len.saturating_sub(50));
    encoder.map(2).unwrap().str("__type").unwrap();
    encoder.str("ThrottlingException").unwrap();
    encoder.str("message").unwrap().str(&message).unwrap();
    body
}

/// Parses a whole XML document into a list of its names and texts.
fn parsed(xml: &[u8]) -> Vec<(String, String)> {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut nodes: Vec<(String, String)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                nodes.push((name, String::new()));
            }
            quick_xml::events::Event::Text(text) => {
                if let Some(node) = nodes.last_mut() {
                    node.1.push_str(std::str::from_utf8(&text).unwrap());
                }
            }
            quick_xml::events::Event::Eof => return nodes,
            _ => {}
        }
    }
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let headers = HeaderMap::new();
    println!("| body | bytes | error_code ns | GB/s | verdict ns | allocations | whole parse ns |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for len in [200, 60 * 1024] {
        let bodies = [
            (
                "awsJson",
                filled(
                    r#"{"__type":"com.amazonaws#ThrottlingException","message":""#,
                    "\"}",
                    len,
                ),
            ),
            (
                "restJson",
                filled(r#"{"message":""#, r#"","code":"ThrottlingException"}"#, len),
            ),
            (
                "query",
                filled(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>",
                    "</Message></Error><RequestId>1</RequestId></ErrorResponse>",
                    len,
                ),
            ),
            (
                "S3",
                filled(
                    "<Error><Code>SlowDown</Code><Message>",
                    "</Message></Error>",
                    len,
                ),
            ),
            ("rpcv2Cbor", cbor(len)),
        ];
        for (name, body) in bodies {
            let calls = match (is_test, len) {
                (true, _) => 1,
                (false, 200) => 10_000,
                _ => 200,
            };
            let (code, _) = measure(calls, || {
                black_box(error_code(&headers, black_box(&body)));
            });
            let mut response = Response::new(body.clone());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            let judge = AwsClassifier::new();
            let (verdict, allocations) = measure(calls, || {
                let outcome: Result<_, &std::io::Error> = Ok(black_box(&response));
                assert!(black_box(judge.classify(outcome)).is_retry());
            });
            let (whole, _) = measure(calls, || match body.first() {
                Some(b'{') => {
                    let _ = black_box(serde_json::from_slice::<serde_json::Value>(&body));
                }
                Some(b'<') => drop(black_box(parsed(&body))),
                _ => {
                    let tokens = minicbor::decode::Decoder::new(&body).skip();
                    let _ = black_box(tokens);
                }
            });
            println!(
                "| {name} | {} | {code:.0} | {:.2} | {verdict:.0} | {allocations} | {whole:.0} |",
                body.len(),
                body.len() as f64 / code,
            );
        }
    }
}
