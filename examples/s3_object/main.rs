//! An EC2 role fetches an object from S3 with raw HTTP: a token of the instance
//! metadata service, the role's credentials, then a signed GET. Each call is
//! wrapped in reattempt, and each attempt has its own signature. The
//! object is cut off half-way, and only the other half is requested again.
//!
//! `s3_object [BUCKET] [KEY]` talks to a server in this process that throttles
//! and fails on a script, or to the stand-ins for AWS that `AWS_ENDPOINT_URL`
//! and `AWS_EC2_METADATA_SERVICE_ENDPOINT` name (plain HTTP: TLS is a matter of
//! your client). `AWS_REGION` sets the region.
#![expect(clippy::print_stdout, reason = "the timeline is for a person to read")]

#[path = "../common/client.rs"]
mod client;
mod server;
#[path = "../common/wire.rs"]
mod wire;

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use reattempt::aws::{
    self, AwsClassifier, InvocationId, PeekBody, ServiceError, buffer_error, sdk_headers,
};
use reattempt::{Attempt, Backoff, ErrorKind, RetryEvent, RetryPolicy, resume};
use sha2::{Digest, Sha256};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nfailed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let source = Source::find().await?;
    let client = Client {
        // As AWS's own SDKs retry, with more patience than their 3 attempts; and a
        // quarter of a second after a throttling, not one, so that the show is short.
        policy: aws::standard()
            .throttling_backoff(Backoff::exponential(Duration::from_millis(250)))
            .max_attempts(8),
        started: now(),
    };
    let credentials = client.credentials(&source.imds).await?;
    let object = client.object(&source, &credentials).await?;
    println!("{:>6}     the body is complete", client.clock());

    let digest = sha256(&object)?;
    println!("\n{} bytes, SHA-256 {digest}", object.len());
    if source.is_demo && source.bucket == server::BUCKET && source.key == server::KEY {
        if digest != sha256(&server::object())? {
            return Err("that is not what the server holds".into());
        }
        println!("which is what the server holds.");
    }
    Ok(())
}

/// Where the object is.
struct Source {
    bucket: String,
    key: String,
    region: String,
    /// The URLs of S3 and of the instance metadata service.
    s3: String,
    imds: String,
    /// S3 is the server of this process.
    is_demo: bool,
}

impl Source {
    /// Reads the arguments and the variables. Starts the server of this process if it is needed.
    async fn find() -> Result<Self, Failure> {
        let mut arguments = std::env::args().skip(1);
        let bucket = arguments.next();
        let key = arguments.next();
        if arguments.next().is_some() {
            return Err("usage: s3_object [BUCKET] [KEY]".into());
        }
        let s3 = endpoint("AWS_ENDPOINT_URL")?;
        let imds = endpoint("AWS_EC2_METADATA_SERVICE_ENDPOINT")?;
        let is_demo = s3.is_none();
        let mut demo = String::new();
        if is_demo || imds.is_none() {
            demo = server::start().await?;
            println!("A server of this process at {demo} throttles and fails on a script.\n");
        }
        Ok(Self {
            bucket: bucket.unwrap_or_else(|| server::BUCKET.to_owned()),
            key: key.unwrap_or_else(|| server::KEY.to_owned()),
            region: std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned()),
            s3: s3.unwrap_or_else(|| demo.clone()),
            imds: imds.unwrap_or(demo),
            is_demo,
        })
    }
}

fn sha256(bytes: &[u8]) -> Result<String, Failure> {
    let mut digest = String::new();
    for byte in Sha256::digest(bytes) {
        write!(digest, "{byte:02x}")?;
    }
    Ok(digest)
}

/// The base URL that a variable names, without a slash at its end.
fn endpoint(variable: &str) -> Result<Option<String>, Failure> {
    let Ok(url) = std::env::var(variable) else {
        return Ok(None);
    };
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{variable}={url} is not a URL: {error}"))?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() {
        return Err(format!("{variable}={url} must begin with http:// and name a host").into());
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the timeline shows real time")]
    Instant::now()
}

/// How long one attempt may take. Of the object's, the body is not included.
const PATIENCE: Duration = Duration::from_secs(5);

struct Client {
    policy: RetryPolicy<AwsClassifier>,
    started: Instant,
}

impl Client {
    /// Fetches the credentials of the machine's role: a token, the role's name, then its keys.
    async fn credentials(&self, imds: &str) -> Result<Credentials, Failure> {
        let token = self.fetch("IMDS token", || put_token(imds)).await?;
        let token = text(&token)?;
        let roles = format!("{imds}/latest/meta-data/iam/security-credentials/");
        let role = self.fetch("IMDS role", || get_metadata(&roles, &token));
        let role = text(&role.await?)?;
        let path = format!("{roles}{}", role.lines().next().unwrap_or_default());
        let credentials = self.fetch("IMDS credentials", || get_metadata(&path, &token));
        credentials_from(credentials.await?.body())
    }

    /// Fetches the object. A body that breaks is resumed by the same policy.
    async fn object(&self, source: &Source, credentials: &Credentials) -> Result<Bytes, Failure> {
        let (bucket, key) = (&source.bucket, &source.key);
        let url = format!("{}/{}/{}", source.s3, encoded(bucket), encoded(key));
        let id = InvocationId::new();
        let send = async |attempt: Attempt, range: HeaderMap| {
            let headers = sdk_headers(&id, &attempt);
            let request = get_object(&url, credentials, &source.region, headers, range);
            let response = client::open(request.map_err(io::Error::other)?).await?;
            buffer_error(response, 64 * 1024).await
        };
        let what = format!("GET s3://{bucket}/{key}");
        let response = self.call(&what, |attempt| send(attempt, HeaderMap::new()));
        let response = response.await?;
        let resumed = resume::get(&self.policy, async |range: resume::Range| {
            self.show_resumption(&range);
            let response = send(range.attempt(), range.into_headers());
            tokio::time::timeout(PATIENCE, response).await?
        });
        let body = resumed.continue_from(response).into_body();
        Ok(body.collect().await?.to_bytes())
    }

    /// Calls `request` for each attempt and sends what it returns, until an attempt succeeds.
    ///
    /// Reading the body is part of the attempt, so a body that is cut off is retried.
    async fn fetch<F>(&self, what: &str, request: F) -> Result<Response<Bytes>, Failure>
    where
        F: Fn() -> Result<Request<Full<Bytes>>, Failure>,
    {
        let send = async |_| client::send(request().map_err(io::Error::other)?).await;
        self.call(what, send).await
    }

    /// Runs `send` for each attempt until it succeeds.
    async fn call<F, Fut, B>(&self, what: &str, send: F) -> Result<Response<B>, Failure>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = io::Result<Response<B>>>,
        B: PeekBody,
    {
        println!("{what}");
        let outcome = self
            .policy
            .retry(send)
            .attempt_timeout(PATIENCE)
            .on_retry(|event| self.show(event))
            .outcome()
            .await;
        let (attempts, waited, reason) = (outcome.attempts, outcome.waited, outcome.reason);
        let response = outcome
            .into_result()
            .map_err(|error| format!("{what}: {error}: {}", error.get_ref()))?;
        let status = response.status();
        let line = format!("{:>6}  {attempts}  {status}", self.clock());
        if status.is_success() {
            println!(
                "{line} → done after {:.2} s of waiting",
                waited.as_secs_f64()
            );
            return Ok(response);
        }
        let Some(error) = ServiceError::from_response(&response) else {
            return Err(format!("{what}: the unexpected status {status}").into());
        };
        println!("{line} → no retry: {reason}");
        Err(format!("{what}: {error}, after {attempts} attempt(s)").into())
    }

    fn clock(&self) -> String {
        format!("{:.2}s", self.started.elapsed().as_secs_f64())
    }

    /// Prints that the body of the object broke and is requested again.
    fn show_resumption(&self, range: &resume::Range) {
        println!(
            "{:>6}  {}  the body broke → asking for the bytes from {} on",
            self.clock(),
            range.attempt().number(),
            range.offset(),
        );
    }

    fn show<B: PeekBody>(&self, event: &RetryEvent<Result<&Response<B>, &io::Error>>) {
        let came = match event.outcome() {
            Ok(response) => match ServiceError::from_response(response) {
                Some(error) => error.to_string(),
                None => response.status().to_string(),
            },
            Err(error) => error.get_ref().map_or_else(|| error.to_string(), root),
        };
        let verdict = match event.kind() {
            ErrorKind::Throttling => "throttled",
            ErrorKind::Server => "server error",
            _ => "connection",
        };
        println!(
            "{:>6}  {}  {came} → {verdict}, again in {:.2} s",
            self.clock(),
            event.attempt().number(),
            event.delay().as_secs_f64(),
        );
    }
}

/// The last error of a source chain, which says what really happened.
fn root(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// A request in origin form, with the authority kept for the connection.
fn request(method: Method, url: &str) -> Result<http::request::Builder, Failure> {
    let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    let host = uri.authority().ok_or("a URL without a host")?.to_string();
    Ok(Request::builder()
        .method(method)
        .uri(uri)
        .header("host", host))
}

fn put_token(imds: &str) -> Result<Request<Full<Bytes>>, Failure> {
    Ok(request(Method::PUT, &format!("{imds}/latest/api/token"))?
        .header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        .body(Full::default())?)
}

fn get_metadata(url: &str, token: &str) -> Result<Request<Full<Bytes>>, Failure> {
    Ok(request(Method::GET, url)?
        .header("x-aws-ec2-metadata-token", token)
        .body(Full::default())?)
}

fn get_object(
    url: &str,
    credentials: &Credentials,
    region: &str,
    sdk_headers: [(HeaderName, HeaderValue); 2],
    range: HeaderMap,
) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = request(Method::GET, url)?.body(Full::default())?;
    request.headers_mut().extend(sdk_headers);
    request.headers_mut().extend(range);
    #[expect(
        clippy::disallowed_methods,
        reason = "a signature carries the real date"
    )]
    let now = SystemTime::now();
    client::sign(&mut request, b"", "s3", region, credentials, now)?;
    Ok(request)
}

fn text(response: &Response<Bytes>) -> Result<String, Failure> {
    Ok(std::str::from_utf8(response.body())?.trim().to_owned())
}

fn credentials_from(json: &[u8]) -> Result<Credentials, Failure> {
    let json: serde_json::Value = serde_json::from_slice(json)?;
    let member = |name: &str| {
        let value = json.get(name).and_then(serde_json::Value::as_str);
        value.ok_or_else(|| format!("the role's credentials have no {name}"))
    };
    Ok(Credentials::new(
        member("AccessKeyId")?,
        member("SecretAccessKey")?,
        Some(member("Token")?.to_owned()),
        None,
        "imds",
    ))
}

/// A path as SigV4 wants it: all but unreserved characters and slashes encoded.
fn encoded(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
