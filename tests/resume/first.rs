//! What the first response has to be so that its body can be resumed.

use std::error::Error;
use std::io;

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED};
use http::{Response, StatusCode};
use reattempt::resume::{Obstacle, ResumeError};

use crate::mock::{
    Frames, MockError, Read, Reply, Server, block_on, breaks_once, fetch, object, policy, read,
    with,
};

const LEN: usize = 100;

#[test]
fn a_body_without_a_strong_etag_is_not_resumed() {
    for etag in [None, Some("W/\"one\""), Some("unquoted")] {
        let server = Server::new(&object(LEN));
        server.etag(etag);
        let read = fetch(&server, &policy(), breaks_once(40));
        let error = read.error.unwrap();
        assert_eq!(
            error.to_string(),
            "the body broke at byte 40 and cannot be resumed: the response has no strong ETag; \
             allow this with without_etag()",
        );
        let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!((read.bytes.len(), server.count()), (40, 1));
    }
}

#[test]
fn without_etag_resumes_what_still_looks_the_same() {
    for etag in [None, Some("W/\"one\"")] {
        let server = Server::new(&object(LEN));
        server.etag(etag);
        let policy = policy();
        let get = server.get(&policy, breaks_once(40)).without_etag();
        let read = read(block_on(get.send()).unwrap().into_body());
        assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 2));
        assert_eq!(server.requests()[1].len(), 1, "Range alone");
    }
}

#[test]
fn without_etag_still_notices_other_validators() {
    let dates = [
        "Sat, 29 Oct 1994 19:43:31 GMT",
        "Sun, 30 Oct 1994 19:43:31 GMT",
    ];
    for (name, values) in [(LAST_MODIFIED, dates), (ETAG, ["W/\"one\"", "W/\"two\""])] {
        let server = Server::new(&object(LEN));
        server.etag(None);
        let policy = policy();
        let get = server.get(&policy, |number, response| {
            breaks_once(40)(number, with(response, name.clone(), values[number]))
        });
        let read = read(block_on(get.without_etag().send()).unwrap().into_body());
        assert!(matches!(read.error.unwrap(), ResumeError::Changed { .. }));
        assert_eq!((read.bytes.len(), server.count()), (40, 2));
    }
}

/// Gets a part of the object: the first request asks for `range`.
fn fetch_part(
    server: &Server,
    range: &'static str,
    mut reply: impl FnMut(usize, Response<Frames>) -> Reply,
) -> Read<MockError> {
    let policy = policy();
    let get = reattempt::resume::get(&policy, |range_of: reattempt::resume::Range| {
        let mut headers = http::HeaderMap::new();
        headers.insert("range", range.parse().unwrap());
        assert_eq!(range_of.is_resumption(), server.count() > 0);
        range_of.apply(&mut headers);
        let number = server.count();
        std::future::ready(reply(number, server.honest(&headers)))
    });
    let timer = reattempt::ManualTimer::new();
    let response = block_on(get.timer(timer).send()).unwrap();
    read(response.into_body())
}

#[test]
fn a_first_answer_of_206_gives_the_base_offset() {
    for (range, part, next) in [
        ("bytes=10-", 10..100, "bytes=15-"),
        ("bytes=10-49", 10..50, "bytes=15-49"),
        ("bytes=0-49", 0..50, "bytes=5-49"),
    ] {
        let server = Server::with_frames(&object(LEN), 5);
        let read = fetch_part(&server, range, breaks_once(5));
        assert_eq!(read.bytes, object(LEN).slice(part));
        assert_eq!((server.count(), server.range(1).as_str()), (2, next));
    }
}

#[test]
fn a_whole_object_after_a_first_206_is_skipped_to_its_base() {
    for (range, is_resumed) in [("bytes=10-", true), ("bytes=10-49", false)] {
        let server = Server::new(&object(LEN));
        let other = server.clone();
        let read = fetch_part(&server, range, |number, response| match number {
            0 => breaks_once(5)(number, response),
            _ => Ok(other.whole()),
        });
        if is_resumed {
            assert_eq!(read.bytes, object(LEN).slice(10..));
        } else {
            // The bytes after the wanted ones cannot be cut off.
            assert!(matches!(
                read.error.unwrap(),
                ResumeError::WrongRange { .. }
            ));
            assert_eq!(read.bytes, object(LEN).slice(10..15));
        }
    }
}

#[test]
fn a_part_must_not_reach_beyond_the_first_one() {
    let server = Server::new(&object(LEN));
    let read = fetch_part(&server, "bytes=10-49", |number, response| match number {
        0 => breaks_once(5)(number, response),
        _ => Ok(with(response, CONTENT_RANGE, "bytes 15-99/100")),
    });
    assert!(matches!(
        read.error.unwrap(),
        ResumeError::WrongRange { .. }
    ));
    assert_eq!(read.bytes, object(LEN).slice(10..15));
}

#[test]
fn a_first_answer_of_206_without_content_range_is_not_resumed() {
    let server = Server::new(&object(LEN));
    let read = fetch_part(&server, "bytes=10-", |number, mut response| {
        response.headers_mut().remove(CONTENT_RANGE);
        breaks_once(5)(number, response)
    });
    let obstacle = Obstacle::NoContentRange;
    let error = read.error.unwrap();
    assert!(
        matches!(error, ResumeError::NotResumable { obstacle: found, .. } if found == obstacle)
    );
    assert_eq!((read.bytes.len(), server.count()), (5, 1));
}

#[test]
fn a_body_of_unknown_length_is_resumed() {
    let unknown = |mut response: Response<Frames>| {
        response.headers_mut().remove(CONTENT_LENGTH);
        response
    };
    for is_whole in [false, true] {
        let server = Server::new(&object(LEN));
        let other = server.clone();
        let read = fetch(&server, &policy(), |number, response| {
            Ok(match number {
                0 => unknown(response).map(|body| body.breaks_after(40)),
                1 if is_whole => unknown(other.whole()).map(|body| body.breaks_after(60)),
                1 => response.map(|body| body.ends_after(20)),
                _ if is_whole => unknown(other.whole()),
                _ => response,
            })
        });
        assert!(read.error.is_none());
        assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 3));
    }
}

#[test]
fn a_later_answer_gives_an_unknown_length() {
    // The second response holds a part of what was asked for. Only a total shows that.
    for (range, is_told) in [("bytes 40-59/100", true), ("bytes 40-59/*", false)] {
        let server = Server::new(&object(LEN));
        let read = fetch(&server, &policy(), |number, mut response| {
            response.headers_mut().remove(CONTENT_LENGTH);
            Ok(match number {
                0 => response.map(|body| body.breaks_after(40)),
                1 => with(response, CONTENT_RANGE, range).map(|body| body.ends_after(20)),
                _ => response,
            })
        });
        if is_told {
            assert!(read.error.is_none());
            assert_eq!((read.bytes, server.count()), (object(LEN).to_vec(), 3));
        } else {
            assert!(matches!(
                read.error.unwrap(),
                ResumeError::WrongRange { .. }
            ));
            assert_eq!((read.bytes.len(), server.count()), (40, 2));
        }
    }
}

#[test]
fn a_whole_answer_that_is_too_short_is_a_changed_object() {
    let server = Server::new(&object(LEN));
    let other = server.clone();
    let read = fetch(&server, &policy(), |number, mut response| match number {
        0 => {
            response.headers_mut().remove(CONTENT_LENGTH);
            breaks_once(40)(number, response)
        }
        _ => Ok(with(other.whole(), CONTENT_LENGTH, "39")),
    });
    assert!(matches!(read.error.unwrap(), ResumeError::Changed { .. }));
    assert_eq!((read.bytes.len(), server.count()), (40, 2));
}

#[test]
fn an_error_response_passes_and_is_not_resumed() {
    let server = Server::new(&object(LEN));
    let policy = policy();
    let get = server.get(&policy, |number, mut response| {
        *response.status_mut() = StatusCode::NOT_FOUND;
        breaks_once(40)(number, response)
    });
    let response = block_on(get.send()).unwrap();
    assert_eq!(response.status(), 404);
    let read = read(response.into_body());
    let error = read.error.unwrap();
    assert_eq!(
        error.to_string(),
        "the body broke at byte 40 and cannot be resumed: the status is 404 Not Found, not 200 \
         or 206",
    );
    assert_eq!((read.bytes.len(), server.count()), (40, 1));
}

#[test]
fn a_first_body_that_is_longer_than_its_length_passes() {
    let server = Server::new(&object(LEN));
    let read = fetch(&server, &policy(), |_, response| {
        Ok(with(response, CONTENT_LENGTH, "50"))
    });
    assert_eq!(read.bytes, object(LEN));
    assert!(read.error.is_none());
    let read = fetch(&server, &policy(), |_, response| {
        let response = with(response, CONTENT_LENGTH, "50");
        Ok(response.map(|body| body.breaks_after(70)))
    });
    let error = read.error.unwrap();
    assert!(matches!(
        error,
        ResumeError::NotResumable {
            obstacle: Obstacle::TooLong,
            ..
        }
    ));
}

#[test]
fn an_etag_with_a_space_counts_as_none() {
    for etag in ["\"o n e\"", "W/\"o\tne\"", "\" \""] {
        let server = Server::new(&object(LEN));
        server.etag(Some(etag));
        let read = fetch(&server, &policy(), breaks_once(40));
        let error = read.error.unwrap();
        let is_missing = matches!(
            error,
            ResumeError::NotResumable {
                obstacle: Obstacle::NoEtag,
                ..
            }
        );
        assert!(is_missing, "{etag}: {error}");
        assert_eq!((read.bytes.len(), server.count()), (40, 1));
        // In a later response.
        let server = Server::new(&object(LEN));
        let read = fetch(&server, &policy(), |number, response| {
            breaks_once(40)(
                number,
                match number {
                    0 => response,
                    _ => with(response, ETAG, etag),
                },
            )
        });
        let error = read.error.unwrap();
        assert!(matches!(error, ResumeError::Changed { .. }), "{error}");
    }
}
