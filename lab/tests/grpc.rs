//! gRPC: the verdict on each status of a tonic server, and what the calls then do.
#![expect(clippy::unwrap_used, reason = "a test's own data")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::uri::PathAndQuery;
use reattempt::grpc::{self, GrpcClassifier};
use reattempt::http::{HttpClassifier, judge_error};
use reattempt::{
    Backoff, Classify, ErrorKind, Jitter, ManualTimer, Outcome, StopReason, TimedOut, Verdict,
};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, ConnectError, Request, Response, Status};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt};

const THROTTLING: Verdict = Verdict::retry(ErrorKind::Throttling);
const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);
const UNSENT: Verdict = Verdict::retry(ErrorKind::Unsent);

/// The backoff of the tests: 1 s, without jitter.
const BACKOFF: Backoff = Backoff::constant(Duration::from_secs(1)).jitter(Jitter::None);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Starts a server that returns these statuses, one per call, and then succeeds.
fn serve(statuses: impl IntoIterator<Item = Status>) -> SocketAddr {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let statuses: Arc<Mutex<VecDeque<Status>>> =
        Arc::new(Mutex::new(statuses.into_iter().collect()));
    let service = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let statuses = Arc::clone(&statuses);
        let reply = tower::service_fn(move |request: Request<String>| {
            let next = statuses.lock().unwrap().pop_front();
            std::future::ready(match next {
                Some(status) => Err(status),
                None => Ok(Response::new(request.into_inner())),
            })
        });
        async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
            Ok::<_, Infallible>(grpc.unary(reply, request).await)
        }
    });
    tokio::spawn(Server::builder().serve_with_incoming(service, incoming));
    address
}

fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

/// Makes one call that the server answers with its own text.
async fn echo(channel: Channel) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static("/test.Echo/Echo");
    let codec = ProstCodec::<String, String>::default();
    let response = client
        .unary(Request::new("hello".to_owned()), path, codec)
        .await?;
    Ok(response.into_inner())
}

/// Calls a server until it succeeds, and returns the waits too.
async fn call(address: SocketAddr) -> (Outcome<String, Status>, Vec<Duration>) {
    let channel = connect(address);
    let timer = ManualTimer::new();
    let policy = grpc::policy().backoff(BACKOFF);
    let outcome = policy
        .retry(|_| echo(channel.clone()))
        .timer(&timer)
        .outcome()
        .await;
    (outcome, timer.sleeps())
}

/// Returns the verdict on the status that a server returns.
async fn judge(status: Status) -> Verdict {
    let result = echo(connect(serve([status]))).await;
    GrpcClassifier::new().classify(result.as_ref())
}

fn with_retry_info(code: Code, delay: Option<Duration>) -> Status {
    let mut details = ErrorDetails::new();
    details.set_debug_info(Vec::new(), "before it");
    details.set_retry_info(delay);
    Status::with_error_details(code, "too many calls", details)
}

fn with_pushback(mut status: Status, values: &[&str]) -> Status {
    for value in values {
        let value = value.parse().unwrap();
        status
            .metadata_mut()
            .append("grpc-retry-pushback-ms", value);
    }
    status
}

#[tokio::test]
async fn an_unavailable_server_is_called_again() {
    let address = serve([Status::unavailable("1"), Status::unavailable("2")]);
    let (outcome, sleeps) = call(address).await;
    assert_eq!(outcome.attempts, 3);
    assert_eq!(outcome.result.unwrap(), "hello");
    assert_eq!(sleeps, [ms(1_000); 2]);
}

#[tokio::test]
async fn the_last_status_is_returned_unchanged() {
    let address = serve(["1", "2", "3"].map(Status::unavailable));
    let (outcome, _) = call(address).await;
    assert_eq!(outcome.reason, StopReason::OutOfAttempts);
    let status = outcome.result.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "3"));
}

#[tokio::test]
async fn retry_info_is_the_delay_after_throttling() {
    let busy = with_retry_info(Code::ResourceExhausted, Some(ms(250)));
    assert_eq!(judge(busy.clone()).await, THROTTLING.after(ms(250)));
    let (outcome, sleeps) = call(serve([busy])).await;
    assert_eq!(outcome.result.unwrap(), "hello");
    assert_eq!(sleeps, [ms(250)]);
}

#[tokio::test]
async fn retry_info_without_a_delay_leaves_the_backoff() {
    for delay in [None, Some(Duration::ZERO)] {
        let busy = with_retry_info(Code::ResourceExhausted, delay);
        assert_eq!(judge(busy).await, THROTTLING, "{delay:?}");
    }
}

#[tokio::test]
async fn retry_info_delays_an_unavailable_server_too() {
    let status = with_retry_info(Code::Unavailable, Some(ms(40)));
    assert_eq!(judge(status).await, TRANSIENT.after(ms(40)));
}

#[tokio::test]
async fn an_exhausted_resource_alone_is_permanent() {
    let status = Status::resource_exhausted("the disk is full");
    let (outcome, sleeps) = call(serve([status])).await;
    assert_eq!(outcome.reason, StopReason::Permanent);
    assert!(sleeps.is_empty());
}

#[tokio::test]
async fn malformed_details_are_no_retry_info() {
    let code = Code::ResourceExhausted;
    let status = Status::with_details(code, "", b"\xff\xff\xff".as_slice().into());
    assert_eq!(judge(status).await, Verdict::Permanent);
}

#[tokio::test]
async fn a_pushback_is_the_exact_delay() {
    let unavailable = || Status::unavailable("later");
    for (text, delay) in [("0", 0), ("7", 7), ("2147483647", 2_147_483_647)] {
        let verdict = judge(with_pushback(unavailable(), &[text])).await;
        assert_eq!(verdict, TRANSIENT.after(ms(delay)), "{text}");
    }
    let address = serve([
        with_pushback(unavailable(), &["7"]),
        with_pushback(unavailable(), &["0"]),
    ]);
    let (outcome, sleeps) = call(address).await;
    assert_eq!(outcome.result.unwrap(), "hello");
    assert_eq!(sleeps, [ms(7), Duration::ZERO]);
}

#[tokio::test]
async fn a_pushback_makes_an_exhausted_resource_retryable() {
    let status = Status::resource_exhausted("quota");
    let verdict = judge(with_pushback(status, &["30"])).await;
    assert_eq!(verdict, THROTTLING.after(ms(30)));
}

#[tokio::test]
async fn a_pushback_takes_precedence_over_retry_info() {
    let busy = with_retry_info(Code::ResourceExhausted, Some(ms(250)));
    assert_eq!(
        judge(with_pushback(busy.clone(), &["30"])).await,
        THROTTLING.after(ms(30))
    );
    assert_eq!(
        judge(with_pushback(busy, &["-1"])).await,
        Verdict::Permanent
    );
}

#[tokio::test]
async fn a_negative_or_malformed_pushback_forbids_retries() {
    for values in [
        &["-1"][..],
        &["-2147483648"],
        &["soon"],
        &[""],
        &["1.5"],
        &["2147483648"],
        &["99999999999999999999"],
        &["7", "7"],
    ] {
        let verdict = judge(with_pushback(Status::unavailable("no"), values)).await;
        assert_eq!(verdict, Verdict::Permanent, "{values:?}");
    }
}

#[tokio::test]
async fn a_pushback_does_not_make_other_codes_retryable() {
    let status = with_pushback(Status::invalid_argument("name"), &["7"]);
    assert_eq!(judge(status).await, Verdict::Permanent);
}

#[tokio::test]
async fn all_other_codes_are_permanent() {
    for code in (1..=16).map(Code::from_i32) {
        let verdict = judge(Status::new(code, "no")).await;
        let expected = match code {
            Code::Unavailable => TRANSIENT,
            _ => Verdict::Permanent,
        };
        assert_eq!(verdict, expected, "{code:?}");
    }
}

#[tokio::test]
async fn a_code_can_be_retried_too() {
    let aborted = Code::Aborted as u32;
    let exhausted = Code::ResourceExhausted as u32;
    let judge = GrpcClassifier::new()
        .also_retry(aborted)
        .also_retry(exhausted);
    let verdict = |status: Status| judge.classify(Err::<&(), _>(&status));
    assert_eq!(verdict(Status::aborted("conflict")), TRANSIENT);
    assert_eq!(verdict(Status::resource_exhausted("quota")), THROTTLING);
    let pushback = with_pushback(Status::aborted("conflict"), &["9"]);
    assert_eq!(verdict(pushback), TRANSIENT.after(ms(9)));
    assert_eq!(verdict(Status::internal("bug")), Verdict::Permanent);
    for other in [0, 17, 32, 42, u32::MAX] {
        let judge = GrpcClassifier::new().also_retry(other);
        for code in (0..=16).map(Code::from_i32) {
            let status = Status::new(code, "no");
            let expected = GrpcClassifier::new().classify(Err::<&(), _>(&status));
            assert_eq!(judge.classify(Err::<&(), _>(&status)), expected);
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_unsent() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let result = echo(connect(address)).await;
    let verdict = GrpcClassifier::new().classify(result.as_ref());
    assert_eq!(verdict, UNSENT, "{result:?}");

    let timer = ManualTimer::new();
    let channel = connect(address);
    let outcome = grpc::policy()
        .backoff(BACKOFF)
        .retry(|_| echo(channel.clone()))
        .non_idempotent()
        .timer(&timer)
        .outcome()
        .await;
    assert_eq!(outcome.attempts, 3);
}

#[tokio::test]
async fn a_lost_connection_is_transient() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            // The connection is dropped as soon as the request is there.
            connection.accept().await;
        }
    });
    let result = echo(connect(address)).await;
    let verdict = GrpcClassifier::new().classify(result.as_ref());
    assert_eq!(verdict, TRANSIENT, "{result:?}");
}

#[tokio::test]
async fn the_time_limit_of_an_endpoint_is_transient() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Endpoint::from_shared(url).unwrap();
    let channel = endpoint.timeout(ms(1)).connect_lazy();
    let result = echo(channel).await;
    let verdict = GrpcClassifier::new().classify(result.as_ref());
    assert_eq!(verdict, TRANSIENT, "{result:?}");
}

#[test]
fn a_fatal_connection_error_is_permanent() {
    for cause in [
        io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate"),
        io::Error::new(
            io::ErrorKind::InvalidData,
            io::Error::from(io::ErrorKind::UnexpectedEof),
        ),
        io::Error::other("a TLS library of its own"),
    ] {
        let status = Status::from_error(Box::new(ConnectError(cause.into())));
        assert_eq!(status.code(), Code::Unavailable);
        let verdict = GrpcClassifier::new().classify(Err::<&(), _>(&status));
        assert_eq!(verdict, Verdict::Permanent, "{status:?}");
    }
}

/// An error of an application that holds a status.
#[derive(Debug, thiserror::Error)]
#[error("cannot load the user")]
struct Wrapper(#[source] Status);

#[test]
fn a_status_is_recognised_inside_another_error() {
    let busy = with_retry_info(Code::ResourceExhausted, Some(ms(250)));
    for (status, verdict) in [
        (busy, THROTTLING.after(ms(250))),
        (Status::unavailable("down"), TRANSIENT),
        (Status::not_found("user"), Verdict::Permanent),
    ] {
        assert_eq!(judge_error(&status), verdict);
        assert_eq!(judge_error(&Arc::new(status.clone())), verdict);
        let boxed: Box<dyn Error + Send + Sync> = Wrapper(status).into();
        assert_eq!(judge_error(&*boxed), verdict);
        let outcome: Result<&http::Response<()>, _> = Err(&boxed);
        assert_eq!(HttpClassifier::new().boxed().classify(outcome), verdict);
    }
}

#[test]
fn an_outer_status_takes_precedence_over_an_inner_one() {
    let mut outer = Status::aborted("outer");
    outer.set_source(Arc::new(Wrapper(Status::unavailable("inner"))));
    assert_eq!(judge_error(&outer), Verdict::Permanent);
    let found = GrpcClassifier::new().classify(Err::<&(), _>(&outer));
    assert_eq!(found, Verdict::Permanent);
    let judge = GrpcClassifier::new().also_retry(Code::Aborted as u32);
    assert_eq!(judge.classify(Err::<&(), _>(&outer)), TRANSIENT);
}

#[test]
fn a_code_that_is_added_twice_is_retried() {
    let aborted = Code::Aborted as u32;
    let judge = GrpcClassifier::new()
        .also_retry(aborted)
        .also_retry(aborted);
    let status = Status::aborted("busy");
    assert_eq!(judge.classify(Err::<&(), _>(&status)), TRANSIENT);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_cut_is_retried() {
    let outcome = grpc::policy()
        .backoff(BACKOFF)
        .retry(|_| std::future::pending::<Result<(), Status>>())
        .attempt_timeout(ms(20))
        .outcome()
        .await;
    assert_eq!(outcome.attempts, 3);
    let status = outcome.result.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "the attempt timed out after 0.02 s");
    assert!(status.source().unwrap().is::<TimedOut>());
}
