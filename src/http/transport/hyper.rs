//! The verdict on the errors of hyper, of hyper-util's client and of h2.

use std::error::Error;
use std::ops::ControlFlow;

use hyper_util::client::legacy;

use super::chain::{Context, Part, Step, TRANSIENT, UNSENT, find, found};
use super::io::starts_with;
use crate::classify::{ErrorKind, Verdict};

/// Judges a link that is an error of one of the three crates. Returns `None` for
/// any other link.
pub(super) fn judge<'e>(
    link: &'e (dyn Error + 'static),
    context: &mut Context,
) -> Option<Step<'e>> {
    if let Some(error) = find::<legacy::Error>(link) {
        if error.is_connect() {
            context.note_part(Part::Connection);
        }
        return Some(ControlFlow::Continue(error.source()));
    }
    if let Some(error) = find::<hyper::Error>(link) {
        return Some(judge_hyper(error, context));
    }
    if let Some(error) = find::<h2::Error>(link) {
        return Some(judge_h2(error, context));
    }
    if context.part != Part::Connection {
        return None;
    }
    // The types of hyper-util's connect errors are private. Their text is the only sign of a
    // resolver that returns errors of its own, and of a proxy that closes the connection.
    if starts_with(&link, "dns error") {
        Some(found(UNSENT))
    } else if starts_with(&link, "tunnel error: unexpected end of file") {
        Some(found(TRANSIENT))
    } else {
        None
    }
}

fn judge_hyper<'e>(error: &'e hyper::Error, context: &mut Context) -> Step<'e> {
    // The task of the connection is gone, for example because its runtime has ended. hyper counts
    // that as an error of the user.
    if starts_with(error, "dispatch task is gone") {
        return found(TRANSIENT);
    }
    if error.is_user() {
        context.note_part(Part::RequestBody);
    }
    // No method tells that a response was being read, only the text.
    if starts_with(error, "error reading a body from connection") {
        context.note_part(Part::ResponseBody);
    }
    // `is_canceled`: the request waited for a connection and was never written.
    // `is_closed`: the connection had ended before the request was given to it.
    if error.is_canceled() || error.is_closed() {
        return found(UNSENT);
    }
    if error.is_incomplete_message() || error.is_timeout() {
        return found(TRANSIENT);
    }
    if error.is_parse() {
        return found(Verdict::Permanent);
    }
    ControlFlow::Continue(error.source())
}

/// Judges an HTTP/2 error by its reason (RFC 9113, sections 7 and 8.7).
fn judge_h2<'e>(error: &'e h2::Error, context: &Context) -> Step<'e> {
    if let Some(io) = error.get_io() {
        return ControlFlow::Continue(Some(io));
    }
    if !error.is_remote() {
        return ControlFlow::Continue(None);
    }
    // After the head of the response, the request was processed. h2 returns a GOAWAY only for
    // requests that the server has not processed, and `REFUSED_STREAM` says the same.
    let is_unprocessed = context.part != Part::ResponseBody
        && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM));
    match error.reason() {
        Some(h2::Reason::ENHANCE_YOUR_CALM) if is_unprocessed => {
            found(Verdict::retry(ErrorKind::Throttling))
        }
        Some(
            h2::Reason::NO_ERROR
            | h2::Reason::REFUSED_STREAM
            | h2::Reason::INTERNAL_ERROR
            | h2::Reason::CANCEL
            | h2::Reason::CONNECT_ERROR,
        ) if is_unprocessed => found(UNSENT),
        // A server or a proxy that is overloaded, shuts down, fails, or loses its own backend.
        // It may have processed the request.
        Some(
            h2::Reason::ENHANCE_YOUR_CALM
            | h2::Reason::REFUSED_STREAM
            | h2::Reason::NO_ERROR
            | h2::Reason::INTERNAL_ERROR
            | h2::Reason::CANCEL
            | h2::Reason::CONNECT_ERROR,
        ) => found(TRANSIENT),
        _ => ControlFlow::Continue(None),
    }
}
