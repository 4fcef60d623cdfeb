//! The failures, which are the rows of the table.

use std::time::Duration;

/// A way in which a call fails, or a server that behaves badly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "`title` describes each one")]
pub enum Failure {
    Refused,
    FailedLookup,
    ConnectTimeout,
    MalformedUrl,
    TlsTimeout,
    TlsClosed,
    TlsUntrusted,
    TlsWrongHost,
    TlsExpired,
    TlsToPlainPort,
    ResetBeforeHead,
    ResetInHead,
    ClosedInHead,
    HeadTimeout,
    NotHttp,
    IdleClosed,
    IdleClosedOnRequest,
    ResetInBody,
    ClosedInBody,
    TlsClosedInBody,
    BodyTimeout,
    TrickleTimeout,
    Throttled,
    Unavailable,
    AwsThrottled,
    NotFound,
    Trickle,
    LongBody,
    TwoResponses,
    Tls,
}

impl Failure {
    /// All rows, in the order of the table.
    pub const ALL: [Self; 30] = [
        Self::Refused,
        Self::FailedLookup,
        Self::ConnectTimeout,
        Self::MalformedUrl,
        Self::TlsTimeout,
        Self::TlsClosed,
        Self::TlsUntrusted,
        Self::TlsWrongHost,
        Self::TlsExpired,
        Self::TlsToPlainPort,
        Self::ResetBeforeHead,
        Self::ResetInHead,
        Self::ClosedInHead,
        Self::HeadTimeout,
        Self::NotHttp,
        Self::IdleClosed,
        Self::IdleClosedOnRequest,
        Self::ResetInBody,
        Self::ClosedInBody,
        Self::TlsClosedInBody,
        Self::BodyTimeout,
        Self::TrickleTimeout,
        Self::Throttled,
        Self::Unavailable,
        Self::AwsThrottled,
        Self::NotFound,
        Self::Trickle,
        Self::LongBody,
        Self::TwoResponses,
        Self::Tls,
    ];

    /// Returns the first cell of the row.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::FailedLookup => "failed name lookup",
            Self::ConnectTimeout => "timeout while connecting",
            Self::MalformedUrl => "malformed URL",
            Self::TlsTimeout => "timeout in the TLS handshake",
            Self::TlsClosed => "connection closed in the TLS handshake",
            Self::TlsUntrusted => "certificate of an unknown authority",
            Self::TlsWrongHost => "certificate for another host",
            Self::TlsExpired => "expired certificate",
            Self::TlsToPlainPort => "https to a port without TLS",
            Self::ResetBeforeHead => "connection reset before the head",
            Self::ResetInHead => "connection reset in the head",
            Self::ClosedInHead => "connection closed in the head",
            Self::HeadTimeout => "timeout before the head",
            Self::NotHttp => "response that is not HTTP",
            Self::IdleClosed => "idle connection closed by the server",
            Self::IdleClosedOnRequest => "idle connection closed as the request arrives",
            Self::ResetInBody => "connection reset in the body",
            Self::ClosedInBody => "connection closed in the body",
            Self::TlsClosedInBody => "TLS connection closed in the body",
            Self::BodyTimeout => "timeout in the body",
            Self::TrickleTimeout => "body that trickles, beyond the timeout",
            Self::Throttled => "429",
            Self::Unavailable => "503",
            Self::AwsThrottled => "400 with `ThrottlingException` (`AwsClassifier`)",
            Self::NotFound => "404",
            Self::Trickle => "body that trickles, within the timeout",
            Self::LongBody => "body longer than its length says, then another call",
            Self::TwoResponses => "two responses to one request, then another call",
            Self::Tls => "TLS with a trusted certificate",
        }
    }

    /// Whether the URL starts with `https`.
    #[must_use]
    pub const fn is_https(self) -> bool {
        self.is_tls() || matches!(self, Self::TlsToPlainPort)
    }

    /// Whether the server handles TLS.
    pub(crate) const fn is_tls(self) -> bool {
        matches!(
            self,
            Self::Tls
                | Self::TlsClosed
                | Self::TlsClosedInBody
                | Self::TlsExpired
                | Self::TlsTimeout
                | Self::TlsUntrusted
                | Self::TlsWrongHost
        )
    }

    /// Whether a first call, which succeeds, leaves an idle connection to the server.
    pub(crate) const fn is_second_call(self) -> bool {
        matches!(
            self,
            Self::IdleClosed | Self::IdleClosedOnRequest | Self::LongBody | Self::TwoResponses
        )
    }

    /// Returns the time limits of one attempt.
    #[must_use]
    pub const fn limits(self) -> Limits {
        const SHORT: Duration = Duration::from_millis(30);
        let mut limits = Limits::GENEROUS;
        match self {
            Self::ConnectTimeout => limits.connect = SHORT,
            // The connect timeout of hyper-util does not include the handshake.
            Self::TlsTimeout => (limits.connect, limits.head) = (SHORT, SHORT),
            Self::HeadTimeout => limits.head = SHORT,
            Self::BodyTimeout | Self::TrickleTimeout => limits.body = SHORT,
            _ => {}
        }
        limits
    }
}

/// The time limits of one attempt.
///
/// They are short only for a server that stalls: on a busy machine, any other step may take
/// long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the connection and the TLS handshake.
    pub connect: Duration,
    /// For the head of the response.
    pub head: Duration,
    /// For the body of the response.
    pub body: Duration,
}

impl Limits {
    /// Limits that no working server exceeds.
    pub const GENEROUS: Self = Self {
        connect: Duration::from_mins(1),
        head: Duration::from_mins(1),
        body: Duration::from_mins(1),
    };
}
