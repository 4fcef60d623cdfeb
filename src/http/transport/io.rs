//! The verdict on an `io::Error`.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::ops::ControlFlow;

use super::chain::{Context, Part, Step, TRANSIENT, UNSENT, find, found};
use crate::classify::Verdict;

/// Judges a link that is an `io::Error`. Returns `None` for any other link.
pub(super) fn judge<'e>(link: &'e (dyn Error + 'static), context: &Context) -> Option<Step<'e>> {
    find::<io::Error>(link).map(|error| judge_io(error, context))
}

pub(super) fn judge_io<'e>(error: &'e io::Error, context: &Context) -> Step<'e> {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::ConnectionRefused => found(UNSENT),
        kind if is_transient(kind) => found(TRANSIENT),
        // A TLS library rejects the server's certificate or its first bytes.
        Io::InvalidData | Io::InvalidInput if context.part == Part::Connection => {
            found(Verdict::Permanent)
        }
        _ if is_failed_lookup(error) => found(UNSENT),
        // `source()` of an io::Error skips the error that it wraps.
        _ => match error.get_ref() {
            Some(inner) => ControlFlow::Continue(Some(inner)),
            None => ControlFlow::Continue(error.source()),
        },
    }
}

/// Returns true for a lost connection or a timeout. On Unix a read returns `WouldBlock`
/// if the time of `set_read_timeout` has passed.
const fn is_transient(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Io;
    matches!(
        kind,
        Io::BrokenPipe
            | Io::ConnectionAborted
            | Io::ConnectionReset
            | Io::HostUnreachable
            | Io::Interrupted
            | Io::NetworkDown
            | Io::NetworkUnreachable
            | Io::NotConnected
            | Io::TimedOut
            | Io::UnexpectedEof
            | Io::WouldBlock
    )
}

/// Returns true if the standard library could not resolve a host name.
///
/// It has no stable error kind for that. On Unix the error has no code either,
/// but always this text.
#[cfg(not(windows))]
fn is_failed_lookup(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && starts_with(error, "failed to lookup address information")
}

/// Returns true if the standard library could not resolve a host name: one of the codes
/// from `WSAHOST_NOT_FOUND` to `WSANO_DATA`.
#[cfg(windows)]
fn is_failed_lookup(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(11_001..=11_004))
}

/// Returns true if the text of an error starts with `prefix`. Does not allocate.
#[cfg_attr(
    windows,
    cfg_attr(
        not(any(feature = "hyper", feature = "ureq")),
        expect(dead_code, reason = "Windows has codes for failed lookups")
    )
)]
pub(super) fn starts_with(error: &dyn fmt::Display, prefix: &str) -> bool {
    /// Compares what is written with the rest of the prefix.
    struct Rest<'p>(&'p str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            if let Some(rest) = self.0.strip_prefix(text) {
                self.0 = rest;
                return Ok(());
            }
            if text.starts_with(self.0) {
                self.0 = "";
            }
            // The answer is known: end the formatting.
            Err(fmt::Error)
        }
    }

    let mut rest = Rest(prefix);
    // The result only says whether the formatting was ended early.
    let _ = write!(rest, "{error}");
    rest.0.is_empty()
}
