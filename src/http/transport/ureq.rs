//! The verdict on the errors of ureq 3.

use std::error::Error;
use std::ops::ControlFlow;

use http::StatusCode;
use ureq::Error as Ureq;

use super::chain::{Finding, Step, TRANSIENT, UNSENT, find, found};
use super::io::starts_with;
use crate::classify::Verdict;

/// Judges a link that is an error of ureq. Returns `None` for any other link.
pub(super) fn judge<'e>(link: &'e (dyn Error + 'static)) -> Option<Step<'e>> {
    find::<Ureq>(link).map(judge_ureq)
}

/// Judges an error of ureq. It has no `source()`, so each variant is matched here.
fn judge_ureq(error: &Ureq) -> Step<'_> {
    match error {
        Ureq::StatusCode(code) => match StatusCode::from_u16(*code) {
            Ok(status) => ControlFlow::Break(Finding::Status(status)),
            Err(_) => found(Verdict::Permanent),
        },
        Ureq::Io(error) => ControlFlow::Continue(Some(error)),
        Ureq::Timeout(_) => found(TRANSIENT),
        // Neither a name nor a connection: the request was not sent.
        Ureq::HostNotFound | Ureq::ConnectionFailed => found(UNSENT),
        Ureq::Other(error) => ControlFlow::Continue(Some(&**error)),
        Ureq::BadUri(_)
        | Ureq::BodyExceedsLimit(_)
        | Ureq::Http(_)
        | Ureq::InvalidProxyUrl
        | Ureq::LargeResponseHeader(..)
        | Ureq::Protocol(_)
        | Ureq::RedirectFailed
        | Ureq::RequireHttpsOnly(_)
        | Ureq::Tls(_)
        | Ureq::TlsRequired
        | Ureq::TooManyRedirects => found(Verdict::Permanent),
        // The connection was closed inside a chunked body. The variant is hidden, so that
        // only its text can be used.
        _ if starts_with(error, "body data reading stalled") => found(TRANSIENT),
        _ if is_cut_off(&error.to_string()) => found(TRANSIENT),
        _ => ControlFlow::Continue(None),
    }
}

/// Returns true for a body that broke off while ureq decoded it as gzip, brotli or JSON.
///
/// Only the text can be used: the variants exist only with features of ureq, and have no
/// `source()`.
fn is_cut_off(text: &str) -> bool {
    /// How the texts of ureq and of the decoders begin if bytes are missing.
    const CUT_OFF: [&str; 6] = [
        "Peer disconnected",
        "Unexpected EOF",
        "body data reading stalled",
        "incomplete deflate stream",
        "timeout: ",
        "unexpected end of file",
    ];
    let decoding = text.split_once(" decompression failed: ");
    let cause = decoding.map_or_else(|| text.strip_prefix("json: "), |(_, cause)| Some(cause));
    cause.is_some_and(|cause| {
        CUT_OFF.iter().any(|text| cause.starts_with(text)) || cause.contains("(os error ")
    })
}
