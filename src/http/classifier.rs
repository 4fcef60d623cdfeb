//! `HttpClassifier`: the verdict on a response or on an error of the transport.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use super::hints;
use super::response::ResponseHead;
use super::status::StatusRules;
use super::transport::{BoxedSourceChain, ErrorAs, JudgeTransport, SourceChain, TransportFn};
use crate::classify::{Classify, ErrorKind, Verdict};
use crate::timer::wall_clock;

/// Judges HTTP responses and transport errors; the table is in the
/// [module](crate::http)'s page.
///
/// Use it for operations that return a response. Use [`ErrorClassifier`] for
/// operations that return a decoded value.
///
/// An error is judged by its `source()` chain, which requires `E: Error +
/// 'static`. See [`boxed`](Self::boxed), [`error_as`](Self::error_as) and
/// [`transport`](Self::transport) for other errors.
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
///
/// [`ErrorClassifier`]: crate::http::ErrorClassifier
#[must_use = "a classifier does nothing until a policy holds it"]
#[derive(Clone, Copy)]
pub struct HttpClassifier<X = SourceChain> {
    pub(super) rules: StatusRules,
    obeys_server: bool,
    clock: fn() -> SystemTime,
    transport: X,
}

impl HttpClassifier {
    /// Creates a classifier with the verdicts of the [module](crate::http)'s table.
    pub const fn new() -> Self {
        Self {
            rules: StatusRules::TABLE,
            obeys_server: false,
            clock: wall_clock,
            transport: SourceChain,
        }
    }
}

impl Default for HttpClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl<X> HttpClassifier<X> {
    /// Retries responses with this status too, as [`ErrorKind::Throttling`] (429),
    /// [`ErrorKind::Server`] (5xx) or otherwise [`ErrorKind::Transient`].
    ///
    /// The last call for a status wins.
    ///
    /// ```
    /// use http::StatusCode;
    /// use reattempt::{ErrorKind, Verdict, http::HttpClassifier};
    ///
    /// let judge = HttpClassifier::new().also_retry(StatusCode::TOO_EARLY);
    /// let verdict = judge.judge_status(StatusCode::TOO_EARLY);
    /// assert_eq!(verdict, Verdict::retry(ErrorKind::Transient));
    /// ```
    pub const fn also_retry(mut self, status: StatusCode) -> Self {
        self.rules = self.rules.also_retry(status);
        self
    }

    /// Never retries responses with this status.
    ///
    /// The last call for a status wins. It takes precedence over the headers of
    /// the server.
    ///
    /// ```
    /// use http::StatusCode;
    /// use reattempt::{Verdict, http::HttpClassifier};
    ///
    /// let judge = HttpClassifier::new().never_retry(StatusCode::NOT_IMPLEMENTED);
    /// assert_eq!(judge.judge_status(StatusCode::NOT_IMPLEMENTED), Verdict::Permanent);
    /// ```
    pub const fn never_retry(mut self, status: StatusCode) -> Self {
        self.rules = self.rules.never_retry(status);
        self
    }

    /// Obeys the header `x-should-retry: true` or `false` of an error response,
    /// instead of its status. Some services for language models send it.
    ///
    /// By default the header is ignored. It never makes a success a failure, and
    /// [`never_retry`](Self::never_retry) takes precedence over it.
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use reattempt::{Classify, Verdict, http::HttpClassifier};
    ///
    /// let mut response = Response::new(());
    /// *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    /// response.headers_mut().insert("x-should-retry", "false".parse()?);
    /// let outcome: Result<_, &std::io::Error> = Ok(&response);
    /// assert_eq!(HttpClassifier::new().obey_server().classify(outcome), Verdict::Permanent);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    pub const fn obey_server(mut self) -> Self {
        self.obeys_server = true;
        self
    }

    /// Sets the wall clock to which a date in Retry-After is relative. The default
    /// is the system's, and `Date.now` of JavaScript on `wasm32-unknown-unknown`.
    ///
    /// Use this in tests that control the time, and on platforms without a clock.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use http::{Response, StatusCode};
    /// use reattempt::{Classify, ErrorKind, Verdict, http::HttpClassifier};
    ///
    /// let mut response = Response::new(());
    /// *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    /// let date = "Thu, 01 Jan 1970 00:00:05 GMT".parse()?;
    /// response.headers_mut().insert("retry-after", date);
    ///
    /// let judge = HttpClassifier::new().clock(|| SystemTime::UNIX_EPOCH);
    /// let outcome: Result<_, &std::io::Error> = Ok(&response);
    /// let expected = Verdict::retry(ErrorKind::Server).after(Duration::from_secs(5));
    /// assert_eq!(judge.classify(outcome), expected);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    pub const fn clock(mut self, now: fn() -> SystemTime) -> Self {
        self.clock = now;
        self
    }

    /// Judges transport errors with a closure.
    ///
    /// Use this for a client that this crate does not know, or for an error that
    /// hides its source, as `#[error(transparent)]` does.
    ///
    /// ```
    /// use http::Response;
    /// use reattempt::{Classify, ErrorKind, Verdict, http::HttpClassifier};
    ///
    /// enum Failure { BadUrl, Hangup }
    ///
    /// let judge = HttpClassifier::new().transport(|failure: &Failure| match failure {
    ///     Failure::BadUrl => Verdict::Permanent,
    ///     Failure::Hangup => Verdict::retry(ErrorKind::Transient),
    /// });
    /// let outcome: Result<&Response<()>, _> = Err(&Failure::Hangup);
    /// assert!(judge.classify(outcome).is_retry());
    /// let outcome: Result<&Response<()>, _> = Err(&Failure::BadUrl);
    /// assert_eq!(judge.classify(outcome), Verdict::Permanent);
    /// ```
    pub fn transport<E, F: Fn(&E) -> Verdict>(self, judge: F) -> HttpClassifier<TransportFn<F>> {
        self.judged_by(TransportFn(judge))
    }

    /// Judges the error that a closure returns, by its `source()` chain.
    ///
    /// Use this for a type that is not an [`Error`] itself but holds one, such as
    /// `anyhow::Error` and `eyre::Report`.
    ///
    /// ```
    /// use std::io;
    /// use http::Response;
    /// use reattempt::{Classify, http::HttpClassifier};
    ///
    /// let judge = HttpClassifier::new().error_as(|error: &anyhow::Error| error.as_ref());
    /// let reset = anyhow::Error::from(io::Error::from(io::ErrorKind::ConnectionReset));
    /// let outcome: Result<&Response<()>, _> = Err(&reset);
    /// assert!(judge.classify(outcome).is_retry());
    /// ```
    pub fn error_as<E, F>(self, error: F) -> HttpClassifier<ErrorAs<F>>
    where
        F: Fn(&E) -> &(dyn Error + 'static),
    {
        self.judged_by(ErrorAs(error))
    }

    /// Judges errors of type `Box<dyn Error + Send + Sync>` or `Box<dyn Error>` by
    /// their `source()` chain. These types are not an [`Error`] themselves.
    ///
    /// ```
    /// use std::{error::Error, io};
    /// use http::Response;
    /// use reattempt::{Classify, http::HttpClassifier};
    ///
    /// let reset: Box<dyn Error> = io::Error::from(io::ErrorKind::ConnectionReset).into();
    /// let outcome: Result<&Response<()>, _> = Err(&reset);
    /// assert!(HttpClassifier::new().boxed().classify(outcome).is_retry());
    /// ```
    pub fn boxed(self) -> HttpClassifier<BoxedSourceChain> {
        self.judged_by(BoxedSourceChain)
    }

    fn judged_by<Y>(self, transport: Y) -> HttpClassifier<Y> {
        HttpClassifier {
            rules: self.rules,
            obeys_server: self.obeys_server,
            clock: self.clock,
            transport,
        }
    }

    /// Returns the verdict on a response with this status, without its headers.
    ///
    /// ```
    /// use http::StatusCode;
    /// use reattempt::{ErrorKind, Verdict, http::HttpClassifier};
    ///
    /// const JUDGE: HttpClassifier = HttpClassifier::new();
    /// const VERDICT: Verdict = JUDGE.judge_status(StatusCode::BAD_GATEWAY);
    /// assert_eq!(VERDICT, Verdict::retry(ErrorKind::Server));
    /// ```
    #[must_use]
    pub const fn judge_status(&self, status: StatusCode) -> Verdict {
        self.rules.judge_status(status)
    }

    /// Returns true if `never_retry` was the last override for this status.
    #[cfg(feature = "aws")]
    pub(crate) const fn never_retries(&self, status: StatusCode) -> bool {
        self.rules.never_retries(status)
    }

    /// Returns the delay that these headers ask for, by this classifier's clock.
    pub(crate) fn hint(&self, headers: &HeaderMap) -> Option<Duration> {
        hints::parse(headers, self.clock)
    }

    /// Returns the verdict on an error of the transport.
    pub(crate) fn judge_error<E>(&self, error: &E) -> Verdict
    where
        X: JudgeTransport<E>,
    {
        self.transport.judge(error, &self.rules)
    }

    /// Returns the error that log events print.
    pub(crate) fn printable<'e, E>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)>
    where
        X: JudgeTransport<E>,
    {
        self.transport.error(error)
    }

    /// Returns the verdict on a response, without its hint.
    fn judge_head(&self, status: StatusCode, headers: &HeaderMap) -> Verdict {
        let by_status = self.judge_status(status);
        let is_error = status.is_client_error() || status.is_server_error();
        if !(self.obeys_server && is_error) || self.rules.never_retries(status) {
            return by_status;
        }
        match hints::should_retry(headers) {
            Some(true) if by_status.is_retry() => by_status,
            Some(true) => Verdict::retry(ErrorKind::Transient),
            Some(false) => Verdict::Permanent,
            None => by_status,
        }
    }
}

impl<X: fmt::Debug> fmt::Debug for HttpClassifier<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClassifier")
            .field("also_retry", &self.rules.also_retry)
            .field("never_retry", &self.rules.never_retry)
            .field("obeys_server", &self.obeys_server)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl<R: ResponseHead, E, X: JudgeTransport<E>> Classify<R, E> for HttpClassifier<X> {
    fn classify(&self, outcome: Result<&R, &E>) -> Verdict {
        match outcome {
            Ok(response) => {
                let headers = response.headers();
                let verdict = self.judge_head(response.status(), headers);
                hinted(verdict, || self.hint(headers))
            }
            Err(error) => self.judge_error(error),
        }
    }

    fn error<'e>(&self, error: &'e E) -> Option<&'e (dyn Error + 'static)> {
        self.printable(error)
    }
}

/// Adds the delay that the server asks for to a verdict that is a retry.
pub(crate) fn hinted(verdict: Verdict, hint: impl FnOnce() -> Option<Duration>) -> Verdict {
    if !verdict.is_retry() {
        return verdict;
    }
    hint().map_or(verdict, |hint| verdict.after(hint))
}
