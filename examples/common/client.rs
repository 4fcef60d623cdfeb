//! A raw HTTP client for the examples: one connection a request, and SigV4.

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

/// Sends a request and reads the whole response: a body that is cut off is a
/// failure.
pub(crate) async fn send(request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    let (head, body) = open(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// Sends a request and returns its response as soon as the head is there.
pub(crate) async fn open(mut request: Request<Full<Bytes>>) -> io::Result<Response<Body>> {
    let host = request.uri().host().unwrap_or_default();
    // An IPv6 address stands in brackets.
    let host = host.trim_matches(['[', ']']).to_owned();
    let port = request.uri().port_u16().unwrap_or(80);
    // A server, as opposed to a proxy, is asked for the path alone.
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

/// Hyper tells a connection that ended too early in a way of its own, without
/// an `io::Error` in the chain.
fn lost(error: hyper::Error) -> io::Error {
    if error.is_incomplete_message() {
        io::Error::new(io::ErrorKind::UnexpectedEof, error)
    } else {
        io::Error::other(error)
    }
}

/// Signs a request as it is now. A date that is not fresh makes a signature that
/// is refused.
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
        // S3 wants its paths encoded once and taken as they are.
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
