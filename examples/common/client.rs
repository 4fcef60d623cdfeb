//! An HTTP client for the examples: one connection per request, signed with SigV4.

use std::error::Error;
use std::io;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The body of a response, with errors that the classifier recognises.
pub(crate) type Body = MapErr<Incoming, fn(hyper::Error) -> io::Error>;

/// Sends a request and reads the whole response.
///
/// # Errors
///
/// Returns an error if the connection fails or the body is truncated.
pub(crate) async fn send(request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    let (head, body) = open(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// Sends a request and returns the response as soon as its head has arrived.
///
/// # Errors
///
/// Returns an error if the connection fails before that.
pub(crate) async fn open(mut request: Request<Full<Bytes>>) -> io::Result<Response<Body>> {
    let host = request.uri().host().unwrap_or_default();
    // Remove the brackets of an IPv6 address.
    let host = host.trim_matches(['[', ']']).to_owned();
    let port = request.uri().port_u16().unwrap_or(80);
    // A request to a server contains only the path. Only a proxy needs the whole URL.
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    // Its errors also reach the request or the body.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(lost)?;
    Ok(response.map(|body| body.map_err(lost as fn(hyper::Error) -> io::Error)))
}

/// Converts an error of hyper. If a connection ended too early, hyper's error does not have
/// an `io::Error` in its chain.
fn lost(error: hyper::Error) -> io::Error {
    if error.is_incomplete_message() {
        io::Error::new(io::ErrorKind::UnexpectedEof, error)
    } else {
        io::Error::other(error)
    }
}

/// Signs a request with SigV4. Headers that are added later are not signed.
///
/// AWS rejects a signature if `date` is more than about five minutes old.
///
/// # Errors
///
/// Returns an error if the request cannot be signed.
pub(crate) fn sign(
    request: &mut Request<Full<Bytes>>,
    body: &[u8],
    service: &str,
    region: &str,
    credentials: &Credentials,
    date: SystemTime,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        // S3 requires paths that are encoded once and not normalized.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(date)
        .settings(settings)
        .build()?
        .into();
    let url = request.uri().to_string();
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let method = request.method().as_str();
    let signable = SignableRequest::new(method, url, headers, SignableBody::Bytes(body))?;
    let (instructions, _) = aws_sigv4::http_request::sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
