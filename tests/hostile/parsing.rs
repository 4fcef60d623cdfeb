//! Error bodies that try to exhaust the parsers.
#![expect(clippy::arithmetic_side_effects, reason = "small numbers")]

use std::thread;

use http::HeaderMap;
use reattempt::aws::error_code;

/// A small stack: a parser with one frame of 128 bytes per level would overflow it.
const STACK: usize = 256 * 1024;

/// Nearly all that is read of a body.
const DEEP: usize = 60_000;

fn code(body: &[u8]) -> Option<String> {
    error_code(&HeaderMap::new(), body).map(Into::into)
}

/// Returns `before`, then `level` repeated, then `after`.
fn nested(before: &[u8], level: &[u8], after: &[u8]) -> Vec<u8> {
    let levels = level.repeat(DEEP / level.len());
    [before, &levels, after].concat()
}

#[test]
fn deep_nesting_in_each_format_takes_little_stack() {
    let bodies = [
        // JSON: in a member that is skipped, and in each member that is read.
        nested(br#"{"x":"#, b"[", b""),
        nested(br#"{"x":"#, br#"{"x":"#, b""),
        nested(br#"{"__type":"#, b"[", b""),
        nested(br#"{"code":"#, br#"{"x":"#, b""),
        nested(br#"{"Error":"#, b"[", b""),
        nested(br#"{"Error":"#, br#"{"Error":"#, b""),
        // XML.
        nested(b"<Error>", b"<x>", b""),
        nested(b"", b"<Error>", b"<Code>A</Code>"),
        // CBOR: arrays, arrays without a length, tags, maps.
        nested(b"\xa2\x61x", b"\x81", b""),
        nested(b"\xa2\x61x", b"\x9f", b""),
        nested(b"\xa2\x61x", b"\xc1", b""),
        nested(b"\xa2\x66__type", b"\xbf\x61x", b""),
        nested(b"", b"\xa1", b""),
    ];
    let run = move || {
        for body in bodies {
            assert_eq!(code(&body), None, "{}", body[..20].escape_ascii());
        }
        // A code after the nesting is read.
        let lists = ["[".repeat(DEEP / 2), "]".repeat(DEEP / 2)].concat();
        let body = format!(r#"{{"x":{lists},"__type":"A"}}"#);
        assert_eq!(code(body.as_bytes()).as_deref(), Some("A"));
        let lists = [&b"\x9f".repeat(DEEP / 2)[..], &b"\xff".repeat(DEEP / 2)].concat();
        let body = [b"\xa2\x61x", &lists[..], b"\x66__type\x61A"].concat();
        assert_eq!(code(&body).as_deref(), Some("A"));
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(run);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_document_type_defines_no_entities() {
    let code_of = |reference: &str| {
        let entities = r#"<!ENTITY a "SlowDown"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///">"#;
        let body = format!("<!DOCTYPE x [{entities}]><Error><Code>{reference}</Code></Error>");
        code(body.as_bytes())
    };
    assert_eq!(code_of("SlowDown").as_deref(), Some("SlowDown"));
    assert_eq!(code_of("Slow&#68;own").as_deref(), Some("SlowDown"));
    for reference in ["&a;", "&b;", "&c;"] {
        assert_eq!(code_of(reference), None, "{reference}");
    }
}

#[test]
fn lengths_and_numbers_of_any_size_are_skipped_or_refused() {
    for body in [
        // A map, a text, a byte string and a list of 2^64 - 1 members.
        &b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x66__type\x61A"[..],
        b"\xa1\x66__type\x7b\xff\xff\xff\xff\xff\xff\xff\xffA",
        b"\xa2\x61x\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x66__type\x61A",
        b"\xa2\x61x\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x66__type\x61A",
    ] {
        assert_eq!(code(body), None, "{}", body.escape_ascii());
    }
    let digits = "9".repeat(DEEP);
    for number in [&*digits, "1e999999999999", "-1e-999999999999"] {
        let body = format!(r#"{{"x":{number},"__type":"A"}}"#);
        assert_eq!(code(body.as_bytes()).as_deref(), Some("A"));
    }
    let body = format!("<Error><Code>&#{digits};</Code></Error>");
    assert_eq!(code(body.as_bytes()), None);
}
