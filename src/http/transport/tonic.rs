//! The verdict on the statuses and errors of tonic.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Duration;

use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt;

use super::chain::{Context, Finding, Part, Step, TRANSIENT, find, found, judge_chain_or};
use crate::classify::{ErrorKind, Verdict};

/// The header with which a gRPC server sets the delay of the next attempt.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The codes that are retried beyond those that always are, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AlsoRetry(u32);

impl AlsoRetry {
    pub(crate) const NONE: Self = Self(0);

    /// Adds a code. A number that is not an error code changes nothing.
    pub(crate) const fn and(self, code: u32) -> Self {
        match code {
            1..=16 => Self(self.0 | 1_u32.wrapping_shl(code)),
            _ => self,
        }
    }

    const fn contains(self, code: Code) -> bool {
        self.0 & 1_u32.wrapping_shl(code as u32) != 0
    }
}

/// Judges a status: by the error in it if the client made the status, otherwise
/// by its code.
pub(crate) fn judge_status(status: &Status, also_retry: AlsoRetry) -> Verdict {
    let by_code = judge_code(status, also_retry);
    match status.source() {
        Some(source) => judge_chain_or(source, by_code),
        None => by_code,
    }
}

/// Judges a link that is an error of tonic. Returns `None` for any other link.
pub(super) fn judge<'e>(
    link: &'e (dyn Error + 'static),
    context: &mut Context,
) -> Option<Step<'e>> {
    if let Some(status) = find::<Status>(link) {
        // The outer status of two has the code that the caller sees.
        if context.otherwise.is_none() {
            let by_code = judge_code(status, AlsoRetry::NONE);
            context.otherwise = Some(Finding::Verdict(by_code));
        }
        return Some(ControlFlow::Continue(status.source()));
    }
    if let Some(error) = find::<ConnectError>(link) {
        context.note_part(Part::Connection);
        // Such as an untrusted certificate. tonic gives it the code UNAVAILABLE.
        context.otherwise = Some(Finding::Verdict(Verdict::Permanent));
        return Some(ControlFlow::Continue(error.source()));
    }
    // The time limit of an endpoint. tonic gives it the code CANCELLED.
    find::<TimeoutExpired>(link).map(|_| found(TRANSIENT))
}

/// What a server says about the next attempt.
#[derive(Clone, Copy)]
enum Pushback {
    After(Duration),
    Never,
}

/// Judges a status by its code, its metadata and its details.
fn judge_code(status: &Status, also_retry: AlsoRetry) -> Verdict {
    let kind = match status.code() {
        Code::ResourceExhausted => ErrorKind::Throttling,
        code if code == Code::Unavailable || also_retry.contains(code) => ErrorKind::Transient,
        _ => return Verdict::Permanent,
    };
    let verdict = Verdict::retry(kind);
    match pushback(status) {
        Some(Pushback::After(delay)) => return verdict.after(delay),
        Some(Pushback::Never) => return Verdict::Permanent,
        None => {}
    }
    match status.get_details_retry_info() {
        // RetryInfo asks for at least its delay, so zero adds nothing to the backoff.
        Some(info) => match info.retry_delay {
            Some(delay) if !delay.is_zero() => verdict.after(delay),
            _ => verdict,
        },
        None if kind == ErrorKind::Throttling && !also_retry.contains(status.code()) => {
            Verdict::Permanent
        }
        None => verdict,
    }
}

/// Reads the pushback: a signed 32-bit number of milliseconds (gRFC A6). A value
/// that is negative or malformed, or more than one value, forbids a retry.
fn pushback(status: &Status) -> Option<Pushback> {
    let mut values = status.metadata().get_all(PUSHBACK).iter();
    let value = values.next()?;
    let millis = value.to_str().ok().and_then(|text| text.parse().ok());
    let millis = millis.and_then(|millis: i32| u64::try_from(millis).ok());
    Some(match (millis, values.next()) {
        (Some(millis), None) => Pushback::After(Duration::from_millis(millis)),
        _ => Pushback::Never,
    })
}
