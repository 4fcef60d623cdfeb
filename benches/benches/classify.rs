//! The cost of the error code and of the verdict in each AWS protocol, compared with a parse
//! of the whole body.
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

/// Returns a body of `len` bytes that consists of `before`, a message and `after`.
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

/// Returns one throttling error of about `len` bytes per protocol.
fn bodies(len: usize) -> [(&'static str, Vec<u8>); 5] {
    let row = |name, before: &str, after: &str| (name, filled(before, after, len));
    [
        row(
            "awsJson",
            r#"{"__type":"com.amazonaws#ThrottlingException","message":""#,
            "\"}",
        ),
        row(
            "restJson",
            r#"{"message":""#,
            r#"","code":"ThrottlingException"}"#,
        ),
        row(
            "query",
            "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>",
            "</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        ),
        row(
            "S3",
            "<Error><Code>SlowDown</Code><Message>",
            "</Message></Error>",
        ),
        ("rpcv2Cbor", cbor(len)),
    ]
}

/// Reads a whole body with the parser of its format.
fn parse(body: &[u8]) {
    match body.first() {
        Some(b'{') => drop(black_box(serde_json::from_slice::<serde_json::Value>(body))),
        Some(b'<') => drop(black_box(parsed(body))),
        _ => {
            let _ = black_box(minicbor::decode::Decoder::new(body).skip());
        }
    }
}

/// Prints the row of one body.
fn print(name: &str, body: &[u8], calls: u32) {
    let headers = HeaderMap::new();
    let (code, _) = measure(calls, || {
        black_box(error_code(&headers, black_box(body)));
    });
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let classifier = AwsClassifier::new();
    let (verdict, allocations) = measure(calls, || {
        let outcome: Result<_, &std::io::Error> = Ok(black_box(&response));
        assert!(black_box(classifier.classify(outcome)).is_retry());
    });
    let (whole, _) = measure(calls, || parse(body));
    println!(
        "| {name} | {} | {code:.0} | {:.2} | {verdict:.0} | {allocations} | {whole:.0} |",
        body.len(),
        body.len() as f64 / code,
    );
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    println!("| body | bytes | error_code ns | GB/s | verdict ns | allocations | whole parse ns |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (len, calls) in [(200, 10_000), (60 * 1024, 200)] {
        for (name, body) in bodies(len) {
            print(name, &body, if is_test { 1 } else { calls });
        }
    }
}
