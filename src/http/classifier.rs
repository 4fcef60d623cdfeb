//! `HttpClassifier`: verdicts from status codes and transport errors.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Response, StatusCode};

use crate::classify::{Classify, ErrorKind, Verdict};
use crate::error::TimedOut;
use crate::http::retry_after;

/// What the classifier reads of a response, whichever client it is of.
pub trait ResponseHead {
    /// The status code.
    fn status(&self) -> StatusCode;

    /// The headers.
    fn headers(&self) -> &HeaderMap;
}

impl<B> ResponseHead for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

/// Judges HTTP responses and transport errors; the table is in the
/// [module](crate::http)'s page.
///
/// Errors are judged by their source chain, which needs `E: Error + 'static`;
/// see [`boxed`](Self::boxed) and [`transport`](Self::transport) for others.
///
/// ```
/// use http::{Response, StatusCode};
/// use reattempt::{Classify, ErrorKind, Verdict, http::HttpClassifier};
///
/// let judge = HttpClassifier::new().also_retry(StatusCode::REQUEST_TIMEOUT);
/// let mut response = Response::new(());
/// for (code, verdict) in [
///     (200, Verdict::Success),
///     (403, Verdict::Permanent),
///     (408, Verdict::retry(ErrorKind::Transient)),
///     (429, Verdict::retry(ErrorKind::Throttling)),
///     (503, Verdict::retry(ErrorKind::Server)),
/// ] {
///     *response.status_mut() = StatusCode::from_u16(code)?;
///     let outcome: Result<_, &std::io::Error> = Ok(&response);
///     assert_eq!(judge.classify(outcome), verdict);
/// }
/// # Ok::<(), http::status::InvalidStatusCode>(())
/// ```
#[must_use = "a classifier does nothing until a policy holds it"]
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpClassifier<X = SourceChain> {
    also: StatusSet,
    never: StatusSet,
    transport: X,
}

impl HttpClassifier {
    /// The verdicts of the table, none added and none taken away.
    pub const fn new() -> Self {
        Self {
            also: StatusSet::EMPTY,
            never: StatusSet::EMPTY,
            transport: SourceChain,
        }
    }
}

impl<X> HttpClassifier<X> {
    /// Retries responses of this status too: as throttling (429), server (5xx)
    /// or else transient. The last call for a status counts.
    pub const fn also_retry(mut self, status: StatusCode) -> Self {
        self.also = self.also.with(status);
        self.never = self.never.without(status);
        self
    }

    /// Never retries responses of this status. The last call for a status
    /// counts.
    pub const fn never_retry(mut self, status: StatusCode) -> Self {
        self.never = self.never.with(status);
        self.also = self.also.without(status);
        self
    }

    /// Judges transport errors with a closure, for a client whose errors say
    /// more by their own methods than by their sources.
    pub fn transport<E, F: Fn(&E) -> Verdict>(self, judge: F) -> HttpClassifier<TransportFn<F>> {
        self.judged_by(TransportFn(judge))
    }

    /// Judges errors of type `Box<dyn Error + Send + Sync>`, which is no `Error`
    /// itself, by their source chain.
    pub fn boxed(self) -> HttpClassifier<BoxedSourceChain> {
        self.judged_by(BoxedSourceChain)
    }

    fn judged_by<Y>(self, transport: Y) -> HttpClassifier<Y> {
        HttpClassifier {
            also: self.also,
            never: self.never,
            transport,
        }
    }

    /// Whether the caller has ruled a status out.
    #[cfg(feature = "aws")]
    pub(crate) fn never_retries(&self, status: StatusCode) -> bool {
        self.never.has(status)
    }

    /// The verdict on an error of the transport.
    pub(crate) fn judge_error<E>(&self, error: &E) -> Verdict
    where
        X: JudgeTransport<E>,
    {
        self.transport.judge(error)
    }

    /// The verdict on a status.
    pub(crate) fn status(&self, status: StatusCode) -> Verdict {
        if self.never.has(status) {
            // There is nothing to refuse in a success.
            return if status.is_client_error() || status.is_server_error() {
                Verdict::Permanent
            } else {
                Verdict::Success
            };
        }
        match status.as_u16() {
            429 => Verdict::retry(ErrorKind::Throttling),
            500.. if status.is_server_error() => Verdict::retry(ErrorKind::Server),
            _ if self.also.has(status) => Verdict::retry(ErrorKind::Transient),
            400..500 => Verdict::Permanent,
            _ => Verdict::Success,
        }
    }
}

impl<R: ResponseHead, E, X: JudgeTransport<E>> Classify<R, E> for HttpClassifier<X> {
    fn classify(&self, outcome: Result<&R, &E>) -> Verdict {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return self.judge_error(error),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a date means a delay only by the wall clock"
        )]
        let hint = || retry_after::parse(response.headers(), SystemTime::now);
        hinted(self.status(response.status()), hint)
    }
}

/// A verdict with the delay that the server asks for, where it is a retry.
pub(crate) fn hinted(verdict: Verdict, hint: impl FnOnce() -> Option<Duration>) -> Verdict {
    if !verdict.is_retry() {
        return verdict;
    }
    hint().map_or(verdict, |hint| verdict.after(hint))
}

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
impl ResponseHead for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

/// Judges the errors of a transport, of type `E`.
#[diagnostic::on_unimplemented(
    message = "`{E}` is not an error that `{Self}` can judge",
    note = "for `Box<dyn Error + Send + Sync>` use `HttpClassifier::new().boxed()`; for other types `.transport(|e: &{E}| ..)`"
)]
pub trait JudgeTransport<E> {
    /// The verdict on `error`.
    fn judge(&self, error: &E) -> Verdict;
}

/// Judges an error by the `io::Error`s in its source chain.
///
/// With the feature `reqwest` also by that crate's own methods; one of its
/// errors that `error_for_status` made by the table's word on the status,
/// whatever `also_retry` and `never_retry` say.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceChain;

impl<E: Error + 'static> JudgeTransport<E> for SourceChain {
    fn judge(&self, error: &E) -> Verdict {
        by_sources(error)
    }
}

/// Judges a boxed error by the `io::Error`s in its source chain.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct BoxedSourceChain;

impl JudgeTransport<Box<dyn Error + Send + Sync>> for BoxedSourceChain {
    fn judge(&self, error: &Box<dyn Error + Send + Sync>) -> Verdict {
        by_sources(&**error)
    }
}

/// Judges an error with a closure.
#[derive(Clone, Copy)]
pub struct TransportFn<F>(F);

impl<F> fmt::Debug for TransportFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportFn").finish_non_exhaustive()
    }
}

impl<E, F: Fn(&E) -> Verdict> JudgeTransport<E> for TransportFn<F> {
    fn judge(&self, error: &E) -> Verdict {
        (self.0)(error)
    }
}

/// How deep a chain is followed: an error that is its own source must not hang.
const DEEPEST: usize = 64;

fn by_sources(error: &(dyn Error + 'static)) -> Verdict {
    let mut next = Some(error);
    for _ in 0..DEEPEST {
        let Some(error) = next else { break };
        #[cfg(feature = "tokio")]
        if error.is::<tokio::time::error::Elapsed>() {
            return Verdict::retry(ErrorKind::Transient);
        }
        if error.is::<TimedOut>() {
            return Verdict::retry(ErrorKind::Transient);
        }
        #[cfg(feature = "reqwest")]
        if let Some(verdict) = by_reqwest(error) {
            return verdict;
        }
        next = error.source();
        if let Some(io) = as_io(error) {
            if is_transient(io.kind()) {
                return Verdict::retry(ErrorKind::Transient);
            }
            // An io::Error's source() passes over the error that it wraps.
            if let Some(inner) = io.get_ref() {
                next = Some(inner);
            }
        }
    }
    Verdict::Permanent
}

/// An `io::Error`, also one in an `Arc` or a `Box`, which is an error itself and
/// passes over what it holds.
fn as_io<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    let shared = || error.downcast_ref::<Arc<io::Error>>().map(AsRef::as_ref);
    let boxed = || error.downcast_ref::<Box<io::Error>>().map(AsRef::as_ref);
    error
        .downcast_ref::<io::Error>()
        .or_else(shared)
        .or_else(boxed)
}

/// What reqwest's own methods, or hyper's below it, say of an error.
#[cfg(feature = "reqwest")]
fn by_reqwest(error: &(dyn Error + 'static)) -> Option<Verdict> {
    let is_transient = match error.downcast_ref::<reqwest::Error>() {
        // Made by `error_for_status`.
        Some(error) if error.status().is_some() => {
            return error
                .status()
                .map(|status| HttpClassifier::new().status(status));
        }
        Some(error) => error.is_timeout() || error.is_connect() || error.is_body(),
        None => error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_incomplete_message),
    };
    is_transient.then(|| Verdict::retry(ErrorKind::Transient))
}

const fn is_transient(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Io;
    matches!(
        kind,
        Io::BrokenPipe
            | Io::ConnectionAborted
            | Io::ConnectionRefused
            | Io::ConnectionReset
            | Io::HostUnreachable
            | Io::Interrupted
            | Io::NetworkDown
            | Io::NetworkUnreachable
            | Io::NotConnected
            | Io::TimedOut
            | Io::UnexpectedEof
    )
}

/// A set of status codes, 100 to 999.
#[derive(Clone, Copy, Debug, Default)]
struct StatusSet {
    words: [u64; 15],
}

impl StatusSet {
    const EMPTY: Self = Self { words: [0; 15] };

    /// The word of a status and its bit there.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a StatusCode is at least 100 and at most 999"
    )]
    const fn place(status: StatusCode) -> (usize, u64) {
        let index = status.as_u16() - 100;
        ((index / 64) as usize, 1 << (index % 64))
    }

    #[expect(clippy::indexing_slicing, reason = "900 codes are less than 15 words")]
    const fn with(mut self, status: StatusCode) -> Self {
        let (word, bit) = Self::place(status);
        self.words[word] |= bit;
        self
    }

    #[expect(clippy::indexing_slicing, reason = "900 codes are less than 15 words")]
    const fn without(mut self, status: StatusCode) -> Self {
        let (word, bit) = Self::place(status);
        self.words[word] &= !bit;
        self
    }

    fn has(&self, status: StatusCode) -> bool {
        let (word, bit) = Self::place(status);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }
}
