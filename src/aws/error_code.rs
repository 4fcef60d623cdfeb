//! `error_code`: where each of AWS's protocols names an error.

use std::borrow::Cow;

use http::HeaderMap;

use super::body::{Found, Looked, Text};
use super::codes::is_throttling;

/// The error code of an AWS error response: `ThrottlingException`, `SlowDown`,
/// `NoSuchKey` and so on.
///
/// It is found in each of AWS's wire formats:
///
/// | protocol | where |
/// | --- | --- |
/// | awsJson1.0, awsJson1.1 | the body's `__type` |
/// | restJson1 | header `x-amzn-errortype`, else the body's `code` or `Code`, else `__type` |
/// | awsQuery, restXml | `ErrorResponse/Error/Code` |
/// | ec2Query | `Response/Errors/Error/Code` (under any root, for `SimpleDB`) |
/// | S3 | `Error/Code` |
/// | rpcv2Cbor | `__type` of the CBOR map |
/// | query-compatible JSON and CBOR | header `x-amzn-query-error: Code;Fault`, unless `__type` names a throttling that it would hide |
///
/// A namespace before the code (`com.amazonaws.sqs#`) and an address after it
/// (`:http://..`) are cut off. Only top-level members count: a nested `code` or
/// `__type` is data. At most 64 KiB of the body are looked at.
///
/// `None` where there is no code: an empty body (HEAD), a proxy's HTML, a body
/// that is malformed.
///
/// ```
/// use http::HeaderMap;
/// use reattempt::aws::error_code;
///
/// let body = br#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
/// assert_eq!(error_code(&HeaderMap::new(), body).as_deref(), Some("ThrottlingException"));
/// let body = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
/// assert_eq!(error_code(&HeaderMap::new(), body).as_deref(), Some("SlowDown"));
/// ```
#[must_use]
pub fn error_code<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Option<Cow<'a, str>> {
    Codes::new(headers, &mut Looked::new(body, true).read(false)).told()
}

/// What an error response calls its error. Query-compatible services have two
/// names for it, of which either may be the one that means throttling.
#[derive(Debug)]
pub(crate) struct Codes<'a> {
    /// The name for clients of the service's older query protocol.
    query: Text<'a>,
    own: Text<'a>,
}

impl<'a> Codes<'a> {
    /// Takes the codes out of what the body holds.
    pub(crate) fn new(headers: &'a HeaderMap, body: &mut Found<'a>) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let query = header("x-amzn-query-error").and_then(|value| {
            // Exactly two parts.
            let (code, fault) = value.split_once(';')?;
            (!fault.contains(';')).then(|| sanitized(Cow::Borrowed(code)))?
        });
        let own = header("x-amzn-errortype")
            .and_then(|code| sanitized(Cow::Borrowed(code)))
            .or_else(|| body.code.take().and_then(sanitized))
            .or_else(|| body.kind.take().and_then(sanitized));
        Self { query, own }
    }

    /// The names, the one that is told to users first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        [self.query.as_deref(), self.own.as_deref()]
            .into_iter()
            .flatten()
    }

    /// The name that is told to users.
    pub(crate) fn told(self) -> Text<'a> {
        let hides_throttling =
            |query: &str| !is_throttling(query) && self.own.as_deref().is_some_and(is_throttling);
        match self.query {
            Some(query) if !hides_throttling(&query) => Some(query),
            _ => self.own,
        }
    }
}

/// A code without the namespace before it and the address after it.
fn sanitized(code: Cow<'_, str>) -> Text<'_> {
    fn core(code: &str) -> &str {
        let bytes = code.as_bytes();
        let end = bytes.iter().position(|&byte| byte == b':');
        let code = code.get(..end.unwrap_or(code.len())).unwrap_or_default();
        let before = code.as_bytes().iter().rposition(|&byte| byte == b'#');
        let start = before.map_or(0, |at| at.saturating_add(1));
        code.get(start..).unwrap_or_default().trim_ascii()
    }
    let code = match code {
        Cow::Borrowed(code) => Cow::Borrowed(core(code)),
        Cow::Owned(code) => Cow::Owned(core(&code).to_owned()),
    };
    (!code.is_empty()).then_some(code)
}
