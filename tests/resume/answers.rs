//! What each answer to a later request means.

use std::error::Error;
use std::io;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::{HeaderName, Response};
use reattempt::StopReason;
use reattempt::resume::ResumeError;

use crate::mock::{
    Frames, MockError, Read, Reply, Server, block_on, breaks_once, fetch, object, policy, read,
    reset, status, with,
};

const LEN: usize = 100;

/// Breaks the first body after 40 bytes and returns what `second` makes of the rest.
fn second_answer(second: impl Fn(&Server, Response<Frames>) -> Reply) -> (Read<MockError>, Server) {
    let server = Server::new(&object(LEN));
    let other = server.clone();
    let read = fetch(&server, &policy(), |number, response| match number {
        0 => Ok(response.map(|body| body.breaks_after(40))),
        1 => second(&other, response),
        _ => panic!("the body must not be requested again"),
    });
    // Nothing is delivered but the beginning of the object.
    assert!(object(LEN).starts_with(&read.bytes));
    (read, server)
}

/// Asserts that the second answer ends the body with one error, after 40 bytes.
#[track_caller]
fn assert_ends(
    second: impl Fn(&Server, Response<Frames>) -> Reply,
    is_right: impl Fn(&MockError) -> bool,
) {
    let (read, server) = second_answer(second);
    let error = read.error.unwrap();
    assert!(is_right(&error), "{error:?}");
    assert_eq!((read.bytes.len(), error.offset()), (40, 40));
    assert_eq!(server.count(), 2);
    assert!(error.source().is_none());
}

fn header(name: HeaderName, value: &'static str) -> impl Fn(&Server, Response<Frames>) -> Reply {
    move |_, response| Ok(with(response, name.clone(), value))
}

const fn is_changed(error: &MockError) -> bool {
    matches!(error, ResumeError::Changed { .. })
}

const fn is_wrong_range(error: &MockError) -> bool {
    matches!(error, ResumeError::WrongRange { .. })
}

#[test]
fn another_etag_is_a_changed_object() {
    assert_ends(header(ETAG, "\"two\""), is_changed);
    assert_ends(header(ETAG, "W/\"one\""), is_changed);
    assert_ends(header(ETAG, "one"), is_changed);
}

#[test]
fn a_part_without_an_etag_is_a_changed_object() {
    let without = |_: &Server, mut response: Response<Frames>| {
        response.headers_mut().remove(ETAG);
        Ok(response)
    };
    assert_ends(without, is_changed);
}

#[test]
fn a_server_that_obeys_if_range_reports_a_changed_object() {
    let server = Server::new(&object(LEN));
    let changing = server.clone();
    let read = fetch(&server, &policy(), |number, response| {
        assert_eq!(response.status(), 200, "a changed object is sent whole");
        changing.etag(Some("\"two\""));
        breaks_once(40)(number, response)
    });
    assert!(is_changed(&read.error.unwrap()));
    assert_eq!((read.bytes.len(), server.count()), (40, 2));
}

#[test]
fn if_match_gets_a_412_for_a_changed_object() {
    let server = Server::new(&object(LEN));
    let changing = server.clone();
    let policy = policy();
    let get = server.get(&policy, |number, response| {
        changing.etag(Some("\"two\""));
        breaks_once(40)(number, response)
    });
    let read = read(block_on(get.if_match().send()).unwrap().into_body());
    assert!(is_changed(&read.error.unwrap()));
    let headers = &server.requests()[1];
    assert_eq!(headers["if-match"], "\"one\"");
    assert_eq!(headers.len(), 2, "the other header is Range");
}

#[test]
fn if_match_resumes_an_object_that_has_not_changed() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, breaks_once(40)).if_match();
    let read = read(block_on(get.send()).unwrap().into_body());
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 2));
}

#[test]
fn a_412_is_a_changed_object() {
    assert_ends(|_, _| Ok(status(412)), is_changed);
}

#[test]
fn a_416_ends_the_body() {
    assert_ends(
        |_, _| Ok(with(status(416), CONTENT_RANGE, "bytes */30")),
        |error| matches!(error, ResumeError::NotSatisfiable { .. }),
    );
}

#[test]
fn a_wrong_content_range_ends_the_body() {
    for range in [
        "bytes 39-99/100",
        "bytes 41-99/100",
        "bytes 0-99/100",
        "bytes 40-99/101",
        "bytes 40-100/101",
        "bytes 40-100/100",
        "bytes 40-99/99",
        "bytes 99-40/100",
        "bytes 40-18446744073709551615/*",
        "bytes */100",
        "bytes 40-99",
        "items 40-99/100",
        "",
    ] {
        assert_ends(header(CONTENT_RANGE, range), is_wrong_range);
    }
}

#[test]
fn a_part_without_one_range_ends_the_body() {
    let multipart = |_: &Server, mut response: Response<Frames>| {
        response.headers_mut().remove(CONTENT_RANGE);
        Ok(with(
            response,
            CONTENT_TYPE,
            "multipart/byteranges; boundary=b",
        ))
    };
    assert_ends(multipart, is_wrong_range);
}

#[test]
fn an_unknown_total_is_accepted_with_the_same_etag() {
    let (read, _) = second_answer(header(CONTENT_RANGE, "bytes 40-99/*"));
    assert_eq!(read.bytes, object(LEN));
}

#[test]
fn a_part_that_is_shorter_than_asked_for_is_continued() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| {
        Ok(match number {
            0 => response.map(|body| body.breaks_after(40)),
            1 => with(response, CONTENT_RANGE, "bytes 40-59/100").map(|body| body.ends_after(20)),
            _ => response,
        })
    });
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 3));
    assert_eq!(server.range(2), "bytes=60-");
}

#[test]
fn a_part_that_is_longer_than_it_says_ends_the_body() {
    let (read, _) = second_answer(header(CONTENT_RANGE, "bytes 40-59/100"));
    assert!(is_wrong_range(&read.error.unwrap()));
    // A frame has eight bytes, and the third one would end after byte 59.
    assert_eq!(read.bytes.len(), 56);
}

#[test]
fn a_whole_answer_of_another_length_is_a_changed_object() {
    assert_ends(
        |server, _| Ok(with(server.whole(), CONTENT_LENGTH, "101")),
        is_changed,
    );
}

#[test]
fn another_content_encoding_is_a_changed_object() {
    assert_ends(header(CONTENT_ENCODING, "gzip"), is_changed);
    let error = encoded(|response| with(response, CONTENT_ENCODING, "br")).error;
    assert!(is_changed(&error.unwrap()));
}

#[test]
fn a_part_without_if_range_must_repeat_the_encoding() {
    let reply = first_as_gzip(|response| response);
    let (server, policy) = (Server::new(&object(LEN)), policy());
    let get = server.get(&policy, &reply).if_match();
    let error = read(block_on(get.send()).unwrap().into_body()).error;
    assert!(is_changed(&error.unwrap()));
    server.etag(None);
    let get = server.get(&policy, move |number, response| reply(number % 2, response));
    let error = read(block_on(get.without_etag().send()).unwrap().into_body()).error;
    assert!(is_changed(&error.unwrap()));
}

#[test]
fn an_encoded_body_is_resumed_by_its_encoded_bytes() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| {
        breaks_once(40)(number, with(response, CONTENT_ENCODING, "gzip"))
    });
    assert_eq!(read.bytes, object(LEN));
}

/// The first response is encoded and breaks, and the others are as `later` makes them.
fn first_as_gzip(
    later: impl Fn(Response<Frames>) -> Response<Frames>,
) -> impl Fn(usize, Response<Frames>) -> Reply {
    move |number, response| {
        let response = match number {
            0 => with(response, CONTENT_ENCODING, "gzip"),
            _ => later(response),
        };
        breaks_once(40)(number, response)
    }
}

/// Gets an encoded object whose later responses are as `later` makes them.
fn encoded(later: impl Fn(Response<Frames>) -> Response<Frames>) -> Read<MockError> {
    fetch(&Server::new(&object(LEN)), &policy(), first_as_gzip(later))
}

#[test]
fn a_part_of_the_same_length_may_leave_the_encoding_out() {
    // A 206 to If-Range should not repeat it (RFC 9110, section 15.3.7).
    assert_eq!(encoded(|response| response).bytes, object(LEN));
}

#[test]
fn a_part_of_another_length_must_repeat_the_encoding() {
    let with_range =
        |range: &'static str| encoded(move |response| with(response, CONTENT_RANGE, range)).error;
    for error in [
        with_range("bytes 40-99/250"),
        with_range("bytes 40-99/*"),
        encoded(|_| Server::new(&object(LEN)).whole()).error,
    ] {
        assert!(is_changed(error.as_ref().unwrap()), "{error:?}");
    }
}

#[test]
fn a_failed_request_is_sent_again() {
    let server = Server::new(&object(LEN));
    let read = fetch(
        &server,
        &policy().max_attempts(5),
        |number, response| match number {
            0 => breaks_once(40)(number, response),
            1 => Err(reset()),
            2 => Ok(status(503)),
            3 => Ok(status(429)),
            _ => Ok(response),
        },
    );
    assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 5));
    let asked: Vec<_> = (1..5).map(|request| server.range(request)).collect();
    assert_eq!(asked, ["bytes=40-"; 4]);
}

#[test]
fn the_last_error_of_a_request_is_the_source() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| match number {
        0 => breaks_once(40)(number, response),
        _ => Err(io::ErrorKind::ConnectionRefused.into()),
    });
    let error = read.error.unwrap();
    assert_eq!(
        error.to_string(),
        "the request for the bytes from 40 on failed: attempts exhausted",
    );
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(server.count(), 3);
}

#[test]
fn the_last_error_response_is_kept() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |number, response| match number {
        0 => breaks_once(40)(number, response),
        _ => Ok(status(503).map(|_| Frames::of(&Bytes::from("slow down"), 4))),
    });
    let error = read.error.unwrap();
    assert_eq!(
        error.to_string(),
        "the request for the bytes from 40 on got 503 Service Unavailable: attempts exhausted",
    );
    assert!(format!("{error:?}").contains("OutOfAttempts"));
    let ResumeError::Refused { response, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(crate::mock::collect(response.into_body()), "slow down");
    assert_eq!(server.count(), 3);
}

#[test]
fn a_permanent_answer_ends_the_body_at_once() {
    for code in [204, 304, 403, 404] {
        let (read, server) = second_answer(move |_, _| Ok(status(code)));
        let error = read.error.unwrap();
        let ResumeError::Refused {
            response, reason, ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (response.status().as_u16(), reason),
            (code, StopReason::Permanent)
        );
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn a_permanent_error_of_the_body_is_not_retried() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |_, response| {
        let decoding = Err(io::Error::other("corrupt"));
        Ok(response.map(|body| body.ends_after(40).then(decoding)))
    });
    let error = read.error.unwrap();
    assert_eq!(
        error.to_string(),
        "the body broke at byte 40 and was not resumed: a retry would not help",
    );
    assert_eq!(error.source().unwrap().to_string(), "corrupt");
    assert_eq!(server.count(), 1);
}
