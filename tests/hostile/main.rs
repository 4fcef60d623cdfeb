//! What a hostile server cannot make a client do. SECURITY.md lists these bounds.
#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test's own data")]

mod parsing;
#[cfg(feature = "resume")]
mod resumed;
#[cfg(all(feature = "tower", feature = "tokio"))]
mod trickle;
mod waits;

use std::io;

use http::{HeaderName, HeaderValue, Response, StatusCode};

/// Returns a response with this status and these headers.
fn response<B>(status: u16, headers: &[(&str, &str)], body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).unwrap();
        let value = HeaderValue::try_from(*value).unwrap();
        response.headers_mut().append(name, value);
    }
    response
}

#[test]
fn a_redirect_is_returned_and_not_followed() {
    for policy in [
        reattempt::http::policy(),
        reattempt::http::policy().max_attempts(9),
    ] {
        let mut requests = 0;
        let send = policy.retry_blocking(|_| {
            requests += 1;
            Ok::<_, io::Error>(response(307, &[("location", "http://127.0.0.1/")], ()))
        });
        let redirect = send.sleep_with(|_| ()).call();
        assert_eq!(redirect.unwrap().status(), 307);
        assert_eq!(requests, 1);
    }
}
