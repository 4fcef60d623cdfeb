//! Calls to a stand-in for AWS that none of us wrote: MiniStack, which throttles
//! on its own, checks signatures and speaks every protocol.
//!
//! `STANDIN_URL` names one that takes any signature, `STANDIN_AUTH_URL` one that
//! was started with AUTH=true. `.ci/run` starts both; without them each test says
//! that it was skipped. Only here do tests wait for real.
#![cfg(all(feature = "aws", feature = "tokio"))]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test's own figures; signatures carry the real date; counts are for a person to read"
)]

#[path = "../examples/common/client.rs"]
mod client;
#[path = "../examples/common/wire.rs"]
mod wire;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use base64::Engine;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use reattempt::aws::{self, AwsClassifier, ServiceError};
use reattempt::{AdaptiveLimiter, Backoff, Jitter, Outcome, RetryBudget, RetryPolicy, StopReason};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Returns the URL in a variable, or prints what to do.
fn standin(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!(
            "skipped: {variable} is not set. To run this test: \
             pip install -r tests/standin/requirements.txt, then \
             BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 MINISTACK_HOST=127.0.0.1 ministack \
             (AUTH=true before it for STANDIN_AUTH_URL), and {variable}=http://127.0.0.1:4566"
        );
    }
    url
}

/// A caller with a key and a clock.
#[derive(Clone)]
struct Caller {
    url: String,
    credentials: Credentials,
    /// By how much its clock is slow.
    late: Duration,
}

/// What is asked of a service.
#[derive(Clone)]
struct Ask {
    service: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Ask {
    fn new(service: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self {
            service,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    fn json(service: &'static str, method: Method, path: impl Into<String>, body: &Value) -> Self {
        Self {
            headers: vec![("content-type", "application/json")],
            body: body.to_string(),
            ..Self::new(service, method, path)
        }
    }

    fn dynamodb(target: &'static str, body: &Value) -> Self {
        Self {
            headers: vec![
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", target),
            ],
            ..Self::json("dynamodb", Method::POST, "/", body)
        }
    }

    fn query(service: &'static str, body: &str) -> Self {
        Self {
            headers: vec![("content-type", "application/x-www-form-urlencoded")],
            body: body.to_owned(),
            ..Self::new(service, Method::POST, "/")
        }
    }

    fn get(bucket: &str, key: &str) -> Self {
        Self::new("s3", Method::GET, format!("/{bucket}/{key}"))
    }
}

type Reply = Outcome<Response<Bytes>, io::Error>;

impl Caller {
    /// A caller with any key, for a stand-in that does not check keys.
    fn any(url: String) -> Self {
        Self::with(url, "test", "test")
    }

    fn with(url: String, id: &str, secret: &str) -> Self {
        Self {
            url,
            credentials: Credentials::new(id, secret, None, None, "test"),
            late: Duration::ZERO,
        }
    }

    /// One attempt, signed now.
    async fn send(&self, ask: &Ask) -> io::Result<Response<Bytes>> {
        let url = format!("{}{}", self.url, ask.path);
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(&url)
            .header("host", self.url.trim_start_matches("http://"));
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::from(ask.body.clone())).unwrap();
        let date = SystemTime::now().checked_sub(self.late).unwrap();
        let body = ask.body.as_bytes();
        client::sign(
            &mut request,
            body,
            ask.service,
            "us-east-1",
            &self.credentials,
            date,
        )
        .unwrap();
        client::send(request).await
    }

    async fn call(&self, policy: &RetryPolicy<AwsClassifier>, ask: &Ask) -> Reply {
        policy
            .retry(|_| self.send(ask))
            .attempt_timeout(Duration::from_secs(20))
            .outcome()
            .await
    }

    /// Sets something up.
    async fn must(&self, ask: Ask) -> Response<Bytes> {
        let response = self.call(&aws::standard(), &ask).await.result.unwrap();
        let error = ServiceError::from_response(&response);
        assert!(error.is_none(), "{}: {error:?}", ask.path);
        response
    }
}

fn code(reply: &Reply) -> Option<String> {
    let error = ServiceError::from_response(reply.result.as_ref().unwrap())?;
    error.code().map(str::to_owned)
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    text.split_once(open)
        .unwrap()
        .1
        .split_once(close)
        .unwrap()
        .0
}

#[tokio::test]
async fn a_throttled_function_serves_callers_or_empties_the_budget() {
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url);
    let zip = base64::engine::general_purpose::STANDARD.encode(include_bytes!("data/nap.zip"));
    let name = format!("nap-{}", aws::InvocationId::new());
    let function = json!({
        "FunctionName": name,
        "Runtime": "python3.11",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Handler": "index.handler",
        "Code": {"ZipFile": zip},
    });
    caller
        .must(Ask::json(
            "lambda",
            Method::POST,
            "/2015-03-31/functions",
            &function,
        ))
        .await;
    let places = |count: u32| {
        let body = json!({"ReservedConcurrentExecutions": count});
        let path = format!("/2017-10-31/functions/{name}/concurrency");
        Ask::json("lambda", Method::PUT, path, &body)
    };
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let invoke = Ask::json("lambda", Method::POST, path, &json!({}));
    caller.must(places(2)).await;
    let policy = aws::standard().max_attempts(20);
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let (caller, policy, invoke) = (caller.clone(), policy.clone(), invoke.clone());
        calls.spawn(async move { caller.call(&policy, &invoke).await });
    }
    let replies = calls.join_all().await;
    for reply in &replies {
        assert_eq!(reply.reason, StopReason::Success, "{reply:?}");
        assert_eq!(
            &reply.result.as_ref().unwrap().body()[..],
            br#"{"ok": true}"#
        );
    }
    let attempts: u32 = replies.iter().map(|reply| reply.attempts).sum();
    println!("8 calls of a function with 2 places: {attempts} attempts, all served");
    assert!(attempts > 8, "nobody was throttled");

    caller.must(places(0)).await;
    let budget = RetryBudget::new(12);
    let policy = aws::standard().max_attempts(20).budget(&budget);
    let reply = caller.call(&policy, &invoke).await;
    assert_eq!(code(&reply).as_deref(), Some("TooManyRequestsException"));
    // 5 tokens a retry: two of them, and 2 tokens left.
    assert_eq!((reply.attempts, budget.available()), (3, 2));
    assert_eq!(
        reply.reason.to_string(),
        "the client's retry budget is empty"
    );
    // Each retry waited for the second that the service asked for.
    assert!(reply.waited >= Duration::from_secs(2), "{:?}", reply.waited);
}

/// Makes an API whose stage takes 20 calls a second and 5 at once.
async fn limited_api(caller: &Caller) -> String {
    let ask = |method, path: String, body: Value| {
        let ask = Ask::json("apigateway", method, path, &body);
        async move {
            let response = caller.must(ask).await;
            serde_json::from_slice::<Value>(response.body()).unwrap_or_default()
        }
    };
    let api = ask(Method::POST, "/restapis".into(), json!({"name": "limited"})).await;
    let api = format!("/restapis/{}", api["id"].as_str().unwrap());
    let resources = ask(Method::GET, format!("{api}/resources"), Value::Null).await;
    let items = resources
        .get("item")
        .or_else(|| resources.pointer("/_embedded/item"));
    let root = items.unwrap()[0]["id"].as_str().unwrap();
    let method = format!("{api}/resources/{root}/methods/GET");
    let put = |path: String, body| ask(Method::PUT, path, body);
    put(method.clone(), json!({"authorizationType": "NONE"})).await;
    put(
        format!("{method}/integration"),
        json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}),
    )
    .await;
    put(format!("{method}/responses/200"), json!({})).await;
    put(
        format!("{method}/integration/responses/200"),
        json!({"responseTemplates": {"application/json": "{\"ok\": true}"}}),
    )
    .await;
    ask(
        Method::POST,
        format!("{api}/deployments"),
        json!({"stageName": "prod"}),
    )
    .await;
    let limits = json!({"patchOperations": [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "20"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "5"},
    ]});
    ask(Method::PATCH, format!("{api}/stages/prod"), limits).await;
    format!("{api}/prod/_user_request_/")
}

#[tokio::test]
async fn a_flood_through_the_adaptive_limiter_is_throttled_far_less() {
    const CALLS: u32 = 200;
    const CALLERS: u32 = 16;
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url);
    let plain = aws::standard().no_budget().unlimited_attempts();
    let adaptive = plain.clone().limiter(AdaptiveLimiter::new());
    let mut throttled = Vec::new();
    for policy in [plain, adaptive] {
        // A stage of its own, so that one flood does not drain the other's tokens.
        let path = limited_api(&caller).await;
        let left = Arc::new(AtomicU32::new(CALLS));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (caller, policy, left) = (caller.clone(), policy.clone(), Arc::clone(&left));
            let ask = Ask::new("execute-api", Method::GET, path.clone());
            callers.spawn(async move {
                let mut throttled = 0_u32;
                let next = |left: u32| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                    .is_ok()
                {
                    let reply = caller.call(&policy, &ask).await;
                    assert_eq!(reply.reason, StopReason::Success, "{reply:?}");
                    throttled = throttled.saturating_add(reply.attempts.saturating_sub(1));
                }
                throttled
            });
        }
        throttled.push(callers.join_all().await.iter().sum::<u32>());
    }
    println!(
        "{CALLS} calls at 20 a second: {} answers of 429 without the limiter, {} with it",
        throttled[0], throttled[1],
    );
    assert!(throttled[1] * 2 < throttled[0], "{throttled:?}");
}

/// A user's key, which the stand-in checks signatures against.
async fn signing_caller(url: String) -> Caller {
    let root = Caller::any(url.clone());
    let name = format!("user-{}", aws::InvocationId::new());
    let iam = |action: &str| {
        let body = format!("Action={action}&Version=2010-05-08&UserName={name}");
        Ask::query("iam", &body)
    };
    root.must(iam("CreateUser")).await;
    let mut attach = iam("AttachUserPolicy");
    attach.body += "&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess";
    root.must(attach).await;
    let key = root.must(iam("CreateAccessKey")).await;
    let key = String::from_utf8(key.body().to_vec()).unwrap();
    Caller::with(
        url,
        between(&key, "<AccessKeyId>", "</AccessKeyId>"),
        between(&key, "<SecretAccessKey>", "</SecretAccessKey>"),
    )
}

#[tokio::test]
async fn permanent_errors_of_every_protocol_take_one_attempt() {
    let Some(url) = standin("STANDIN_AUTH_URL") else {
        return;
    };
    let caller = signing_caller(url.clone()).await;
    let bucket = format!("bucket-{}", aws::InvocationId::new());
    caller
        .must(Ask::new("s3", Method::PUT, format!("/{bucket}")))
        .await;
    let table = Ask::dynamodb(
        "DynamoDB_20120810.DescribeTable",
        &json!({"TableName": "none"}),
    );
    let instance = Ask::query(
        "ec2",
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-00000000000000000",
    );
    let role = Ask::query(
        "sts",
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=none\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fnone",
    );
    let object = Ask::get(&bucket, "none");
    let wrong = Caller {
        credentials: Credentials::new(
            caller.credentials.access_key_id(),
            "not the secret",
            None,
            None,
            "test",
        ),
        ..caller.clone()
    };
    let late = Caller {
        late: Duration::from_secs(3 * 3_600),
        ..caller.clone()
    };
    for (caller, ask, status, expected) in [
        (&caller, &object, 404, "NoSuchKey"),
        (&caller, &table, 400, "ResourceNotFoundException"),
        (&caller, &instance, 400, "InvalidInstanceID.NotFound"),
        (&caller, &role, 403, "AccessDenied"),
        (&wrong, &object, 403, "SignatureDoesNotMatch"),
        (&wrong, &table, 400, "InvalidSignatureException"),
        (&late, &object, 403, "RequestTimeTooSkewed"),
    ] {
        let reply = caller.call(&aws::standard(), ask).await;
        assert_eq!(code(&reply).as_deref(), Some(expected), "{reply:?}");
        assert_eq!(
            reply.result.as_ref().unwrap().status(),
            status,
            "{expected}"
        );
        assert_eq!(
            (reply.attempts, reply.reason),
            (1, StopReason::Permanent),
            "{expected}"
        );
        println!("{status} {expected}: 1 attempt");
    }
}

/// What the proxy does to a request instead of passing it on.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Throttled,
    Failing(u16),
    Reset,
    Half,
    Stalled,
}

const FAULTS: [Fault; 6] = [
    Fault::Throttled,
    Fault::Failing(500),
    Fault::Failing(503),
    Fault::Reset,
    Fault::Half,
    Fault::Stalled,
];

/// Up to four faults that a seed selects; `kinds` of them at most.
fn script(seed: u64, kinds: usize) -> VecDeque<Fault> {
    let delays = Backoff::constant(Duration::from_secs(1)).jitter(Jitter::Full);
    let mut draws = delays
        .delays_seeded(seed)
        .map(|delay| delay.subsec_nanos() as usize);
    let mut draw = |below: usize| draws.next().unwrap() % below;
    let count = draw(5);
    (0..count).map(|_| FAULTS[draw(kinds)]).collect()
}

/// Starts a proxy before `url` that does this to the requests, and then passes
/// every other one on.
async fn proxy(url: &str, faults: VecDeque<Fault>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let before = format!("http://{}", listener.local_addr().unwrap());
    let (url, mut faults) = (url.to_owned(), faults);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let fault = faults.pop_front();
            let url = url.clone();
            tokio::spawn(async move { relay(stream, &url, fault).await });
        }
    });
    before
}

async fn relay(mut stream: TcpStream, url: &str, fault: Option<Fault>) -> io::Result<()> {
    let asked = wire::read(&mut stream).await?;
    match fault {
        Some(Fault::Reset) => return stream.set_zero_linger(),
        Some(Fault::Stalled) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        Some(Fault::Failing(status)) => {
            return wire::reply(&mut stream, &format!("{status} Fault"), "", b"").await;
        }
        Some(Fault::Throttled) => {
            let (status, headers, body) = in_its_own_words(&asked);
            return wire::reply(&mut stream, status, headers, body.as_bytes()).await;
        }
        Some(Fault::Half) | None => {}
    }
    let mut parts = asked.line.split(' ');
    let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{url}{path}"));
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::from(asked.body.clone())).unwrap();
    let (head, body) = client::send(request).await?.into_parts();
    let half = body.len() / 2;
    let body = if fault.is_some() {
        body.slice(..half)
    } else {
        body
    };
    let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", head.status);
    for (name, value) in &head.headers {
        if name != "connection" && name != "transfer-encoding" {
            write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
    }
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}

/// A throttling as the service that is asked words it.
fn in_its_own_words(asked: &wire::Head) -> (&'static str, &'static str, &'static str) {
    let body = String::from_utf8_lossy(&asked.body);
    if !asked.header("x-amz-target").is_empty() {
        let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
        (
            "400 Bad Request",
            "content-type: application/x-amz-json-1.0\r\n",
            body,
        )
    } else if body.contains("Version=2016-11-15") {
        let body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
        (
            "503 Service Unavailable",
            "content-type: text/xml\r\n",
            body,
        )
    } else if body.contains("Action=") {
        let body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        ("400 Bad Request", "content-type: text/xml\r\n", body)
    } else if asked.line.contains("/functions") {
        let header = "x-amzn-errortype: TooManyRequestsException\r\n";
        ("429 Too Many Requests", header, "{}")
    } else {
        let body = "<Error><Code>SlowDown</Code></Error>";
        ("503 Slow Down", "content-type: application/xml\r\n", body)
    }
}

/// Puts an object of this many bytes.
async fn put_object(caller: &Caller, key: &str, bytes: usize) -> (String, String) {
    let bucket = format!("bucket-{}", aws::InvocationId::new());
    let body: String = ('a'..='z').cycle().take(bytes).collect();
    caller
        .must(Ask::new("s3", Method::PUT, format!("/{bucket}")))
        .await;
    let put = Ask {
        body: body.clone(),
        ..Ask::new("s3", Method::PUT, format!("/{bucket}/{key}"))
    };
    caller.must(put).await;
    (bucket, body)
}

#[tokio::test]
async fn every_call_through_a_faulty_proxy_ends_as_scripted() {
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let straight = Caller::any(url.clone());
    let (bucket, object) = put_object(&straight, "faulty", 100_000).await;
    let asks = [
        (Ask::get(&bucket, "faulty"), object.as_str()),
        (
            Ask::dynamodb("DynamoDB_20120810.ListTables", &json!({})),
            "TableNames",
        ),
        (
            Ask::query("ec2", "Action=DescribeRegions&Version=2016-11-15"),
            "us-east-1",
        ),
        (
            Ask::query("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
            "<Account>",
        ),
        (
            Ask::new("lambda", Method::GET, "/2015-03-31/functions"),
            "Functions",
        ),
    ];
    let policy = aws::standard()
        .no_budget()
        .max_attempts(5)
        .backoff(Backoff::none())
        .throttling_backoff(Backoff::none());
    let mut attempts = 0_u32;
    for seed in 0..40 {
        let (ask, expected) = &asks[usize::try_from(seed).unwrap() % asks.len()];
        let faults = script(seed, FAULTS.len());
        let count = u32::try_from(faults.len()).unwrap();
        let caller = Caller::any(proxy(&url, faults.clone()).await);
        let reply = policy
            .retry(|_| caller.send(ask))
            .attempt_timeout(Duration::from_secs(2))
            .outcome()
            .await;
        assert_eq!(
            (reply.attempts, reply.reason),
            (count + 1, StopReason::Success),
            "{faults:?}"
        );
        attempts += reply.attempts;
        let body = reply.result.unwrap().into_body();
        assert!(
            String::from_utf8_lossy(&body).contains(expected),
            "{} {faults:?}",
            ask.service
        );
    }
    println!("40 calls of 5 protocols through a faulty proxy: {attempts} attempts, all right");
}

/// Runs the main job against these endpoints.
async fn main_job(url: &str, bucket: &str, key: &str) -> (bool, String) {
    let mut example = std::env::current_exe().unwrap();
    example.pop();
    example.pop();
    example.push("examples/s3_object");
    assert!(example.exists(), "{} is not built", example.display());
    let output = tokio::process::Command::new(example)
        .args([bucket, key])
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    (output.status.success(), text)
}

#[tokio::test]
async fn the_main_job_works_directly_and_through_a_faulty_proxy() {
    use sha2::{Digest, Sha256};

    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url.clone());
    let encoded = "reports/november%20%28final%29.csv";
    let (bucket, object) = put_object(&caller, encoded, 50_000).await;
    let mut digest = String::new();
    for byte in Sha256::digest(object) {
        write!(digest, "{byte:02x}").unwrap();
    }
    let key = "reports/november (final).csv";
    let ended = format!("50000 bytes, SHA-256 {digest}");
    let (succeeded, text) = main_job(&url, &bucket, key).await;
    assert!(succeeded && text.contains(&ended), "{text}");

    let (succeeded, text) = main_job(&url, &bucket, "none").await;
    assert!(!succeeded);
    assert!(
        text.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("NoSuchKey"),
        "{text}"
    );
    let (succeeded, text) = main_job(&url, "no-such-bucket", "none").await;
    assert!(!succeeded && text.contains("NoSuchBucket"), "{text}");

    for seed in 100..108 {
        // One stall, whose five seconds are long enough; the rest by seed.
        let mut faults = script(seed, FAULTS.len() - 1);
        if seed == 100 {
            faults.push_back(Fault::Stalled);
        }
        let proxy = proxy(&url, faults.clone()).await;
        let (succeeded, text) = main_job(&proxy, &bucket, key).await;
        assert!(succeeded && text.contains(&ended), "{faults:?}\n{text}");
        let retries = text.matches(", again in ").count() + text.matches("the body broke").count();
        assert_eq!(retries, faults.len(), "{faults:?}");
    }
}
