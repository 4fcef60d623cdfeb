//! `error_code`, which finds the error code in each of AWS's protocols.

use std::borrow::Cow;

use http::HeaderMap;

use super::body::{Found, Peeked, Text};
use super::codes::is_throttling;

/// Returns the error code of an AWS error response: `ThrottlingException`, `SlowDown`,
/// `NoSuchKey` and so on.
///
/// Use this if you classify responses yourself. [`AwsClassifier`](crate::aws::AwsClassifier)
/// and [`ServiceError`](crate::aws::ServiceError) call it for you.
///
/// | protocol | place of the code |
/// | --- | --- |
/// | awsJson1.0, awsJson1.1 | the body's `__type` |
/// | restJson1 | header `x-amzn-errortype`, or the body's `code` or `Code`, or `__type` |
/// | awsQuery, restXml | `ErrorResponse/Error/Code`; `Error/Code` under any other root too |
/// | ec2Query | `Response/Errors/Error/Code`; the same under any root, for `SimpleDB` |
/// | S3 | `Error/Code` |
/// | query services that answer in JSON | `Code` of the top-level object `Error` |
/// | rpcv2Cbor | `__type` of the CBOR map |
/// | query-compatible JSON and CBOR | header `x-amzn-query-error: Code;Fault`, unless `__type` means throttling |
///
/// The namespace before the code (`com.amazonaws.sqs#`) and the address after it
/// (`:http://..`) are removed. Only top-level members count: a nested `code` or `__type` is
/// data. At most 64 KiB of the body are read.
///
/// Returns `None` if the body does not contain a code, is empty or is malformed, which includes
/// CBOR with a text that is not UTF-8.
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
    Codes::new(headers, &mut Peeked::new(body, true).read(false)).reported()
}

/// The names of the error in a response. Query-compatible services send two names, and
/// either of them may mean throttling.
#[derive(Debug)]
pub(crate) struct Codes<'a> {
    /// The name for clients of the older query protocol.
    query: Text<'a>,
    /// The service's own name.
    own: Text<'a>,
}

impl<'a> Codes<'a> {
    /// Takes the codes from the headers and from the fields of the body.
    pub(crate) fn new(headers: &'a HeaderMap, body: &mut Found<'a>) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let query = header("x-amzn-query-error").and_then(|value| {
            // Ignore a value that does not have exactly two parts.
            let (code, fault) = value.split_once(';')?;
            (!fault.contains(';')).then(|| sanitized(Cow::Borrowed(code)))?
        });
        let own = header("x-amzn-errortype")
            .and_then(|code| sanitized(Cow::Borrowed(code)))
            .or_else(|| body.code.take().and_then(sanitized))
            .or_else(|| body.kind.take().and_then(sanitized))
            .or_else(|| body.nested_code.take().and_then(sanitized));
        Self { query, own }
    }

    /// Returns the names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        [self.query.as_deref(), self.own.as_deref()]
            .into_iter()
            .flatten()
    }

    /// Returns the name to report: the query name, unless the service's own name means
    /// throttling.
    pub(crate) fn reported(self) -> Text<'a> {
        match (self.query, self.own) {
            (_, Some(own)) if is_throttling(&own) => Some(own),
            (None, own) => own,
            (query, _) => query,
        }
    }
}

/// Returns a code without the namespace before it and the address after it.
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
