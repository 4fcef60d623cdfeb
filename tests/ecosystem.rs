//! Calls with tracing, governor, reqwest, hyper-util and ureq.

#[cfg(feature = "tracing")]
#[expect(clippy::unwrap_used, reason = "a test's own data")]
mod tracing_events {
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use reattempt::{Backoff, ErrorKind, RetryPolicy, StopReason, Verdict};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    /// Records each event as a line.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    fn logged(run: impl FnOnce()) -> Vec<String> {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), run);
        log.0.lock().unwrap().clone()
    }

    #[test]
    fn retries_are_debug_and_giving_up_is_a_warning() {
        let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(1_500)))
            .max_attempts(2)
            .name("orders")
            .classify_fn(|_: Result<&(), &()>| Verdict::retry(ErrorKind::Throttling));
        let lines = logged(|| {
            let call = policy.retry_blocking(|_| Err(())).sleep_with(|_| ());
            assert_eq!(call.outcome().reason, StopReason::OutOfAttempts);
        });
        assert_eq!(
            lines,
            [
                "DEBUG message=retrying http.request.resend_count=1 error.type=\"throttling\" \
                 attempt=1 max_attempts=2 delay_ms=1500 policy=\"orders\"",
                "WARN message=gave up; every attempt was throttled, a service quota increase may \
                 be due http.request.resend_count=1 error.type=\"throttling\" attempt=2 \
                 max_attempts=2 waited_ms=1500 delay_ms=0 reason=attempts exhausted \
                 policy=\"orders\"",
            ],
        );
    }

    #[cfg(feature = "http")]
    #[test]
    fn an_error_that_is_not_recognised_is_logged_once_per_call() {
        let lines = logged(|| {
            let policy = reattempt::http::error_policy();
            let call = policy.retry_blocking(|_| Err::<(), _>(std::fmt::Error));
            assert_eq!(call.outcome().reason, StopReason::Permanent);
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("DEBUG message=error not recognised, not retried"));
        assert!(
            lines[0].contains("error.type=\"core::fmt::Error\""),
            "{lines:?}"
        );
    }

    #[test]
    fn a_success_and_a_permanent_failure_log_nothing() {
        let lines = logged(|| {
            let policy = RetryPolicy::new(Backoff::none()).when(|_: &u8| false);
            assert_eq!(policy.retry_blocking(|_| Ok::<_, u8>(1)).call(), Ok(1));
            assert_eq!(policy.retry_blocking(|_| Err::<(), _>(7)).call(), Err(7));
        });
        assert!(lines.is_empty(), "{lines:?}");
    }
}

#[cfg(feature = "governor")]
#[expect(clippy::unwrap_used, reason = "a test's own data")]
mod governor_limits {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use governor::Quota;
    use reattempt::{Backoff, GovernorLimiter, Limiter, ManualTimer, RetryPolicy};

    fn per_second(rate: u32, burst: u32) -> GovernorLimiter {
        let nonzero = |n| NonZeroU32::new(n).unwrap();
        GovernorLimiter::new(Quota::per_second(nonzero(rate)).allow_burst(nonzero(burst)))
    }

    #[test]
    fn no_quota_and_no_clock_makes_the_limiter_panic() {
        let bursts = [1, 1_000, u32::MAX];
        let nanos = [1, 5_000_000_000, u64::MAX];
        let periods = nanos.map(Duration::from_nanos).into_iter();
        for period in periods.chain([Duration::from_secs(86_400), Duration::MAX]) {
            for burst in bursts {
                let quota = Quota::with_period(period).unwrap();
                let limiter =
                    GovernorLimiter::new(quota.allow_burst(NonZeroU32::new(burst).unwrap()));
                assert_eq!(limiter.acquire(Duration::ZERO), Ok(()));
                for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
                    let _ = limiter.acquire(now);
                }
            }
        }
        let zero = Quota::per_second(NonZeroU32::MAX);
        assert_eq!(GovernorLimiter::new(zero).acquire(Duration::ZERO), Ok(()));

        let limiter = GovernorLimiter::new(Quota::per_second(NonZeroU32::MIN));
        let (old, young) = (Duration::from_secs(1 << 30), Duration::from_secs(60));
        assert_eq!(limiter.acquire(old), Ok(()));
        assert_eq!(limiter.acquire(young), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_quota_is_exact_to_the_nanosecond_on_any_clock() {
        for start in [Duration::ZERO, Duration::from_secs(1 << 30)] {
            let limiter = per_second(100, 1);
            assert_eq!(limiter.acquire(start), Ok(()));
            let wait = limiter.acquire(start).unwrap_err();
            assert_eq!(wait, Duration::from_millis(10));
            let almost = start + Duration::from_nanos(9_999_999);
            assert_eq!(limiter.acquire(almost), Err(Duration::from_nanos(1)));
            assert_eq!(limiter.clone().acquire(start + wait), Ok(()));
        }
        let limiter = per_second(1, 1);
        for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
            let _ = limiter.acquire(now);
        }
    }

    #[tokio::test]
    async fn many_calls_are_sent_at_the_rate_of_the_quota() {
        let timer = ManualTimer::new();
        let policy = RetryPolicy::new(Backoff::none()).limiter(per_second(20, 5));
        for _ in 0..105 {
            let call = policy.retry(|_| async { Ok::<_, ()>(()) }).timer(&timer);
            assert_eq!(call.await, Ok(()));
        }
        // The first 5 calls start at once, and the other 100 start at 20 per second.
        assert_eq!(timer.now(), Duration::from_secs(5));
    }
}

#[cfg(all(feature = "http", feature = "tokio"))]
#[expect(clippy::unwrap_used, reason = "a test's own data")]
mod servers {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Starts a server that sends each connection the next of `answers` as raw bytes and
    /// closes it. `None` closes it without a response. Returns the URL and a thread that
    /// returns the number of connections.
    pub(super) fn serve(
        answers: Vec<Option<&'static str>>,
    ) -> (String, JoinHandle<std::io::Result<usize>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let count = answers.len();
            for answer in answers {
                let (mut stream, _) = listener.accept()?;
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked)?;
                stream.write_all(answer.unwrap_or_default().as_bytes())?;
            }
            Ok(count)
        });
        (url, served)
    }

    /// A closed connection, throttling in a 400, a 503, a truncated body and a success.
    pub(super) const RESPONSES: [Option<&str>; 5] = [
        None,
        Some(
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 32\r\n\r\n\
             {\"__type\":\"ThrottlingException\"} ",
        ),
        Some("HTTP/1.1 503 Slow\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        Some("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 99\r\n\r\nhal"),
        Some("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nwhole"),
    ];
}

#[cfg(all(feature = "aws", feature = "tokio"))]
const fn instant<C>(policy: reattempt::RetryPolicy<C>) -> reattempt::RetryPolicy<C> {
    policy
        .backoff(reattempt::Backoff::none())
        .throttling_backoff(reattempt::Backoff::none())
        .max_attempts(5)
}

#[cfg(all(feature = "reqwest", feature = "aws", feature = "tokio"))]
mod reqwest_calls {
    use bytes::Bytes;
    use http_body_util::BodyExt;
    use reattempt::aws::{self, PeekBody, buffer_error};
    use reattempt::http::HttpClassifier;
    use reattempt::{Classify, ErrorKind, Verdict};

    use super::servers::{RESPONSES, serve};

    /// Reads the whole body, as part of the attempt.
    async fn get(client: &reqwest::Client, url: &str) -> reqwest::Result<http::Response<Bytes>> {
        let response = http::Response::from(client.get(url).send().await?);
        let (head, body) = response.into_parts();
        Ok(http::Response::from_parts(
            head,
            body.collect().await?.to_bytes(),
        ))
    }

    #[tokio::test]
    async fn a_call_succeeds_after_four_kinds_of_failure() {
        let (url, served) = serve(RESPONSES.to_vec());
        let client = reqwest::Client::new();
        let policy = super::instant(aws::standard());
        let response = policy.retry(|_| get(&client, &url)).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (200, &b"whole"[..])
        );
        assert_eq!(served.join().unwrap().unwrap(), 5);
    }

    #[tokio::test]
    async fn error_bodies_are_buffered_and_successes_stream() {
        let (url, served) = serve(vec![RESPONSES[1], RESPONSES[4]]);
        let client = reqwest::Client::new();
        let response = super::instant(aws::standard())
            .retry(|_| async {
                let response = client.get(&url).send().await?;
                buffer_error(http::Response::from(response), 64 * 1024).await
            })
            .await
            .unwrap();
        assert!(response.body().peek().is_empty());
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "whole"
        );
        assert_eq!(served.join().unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn responses_and_errors_of_reqwest_are_judged() {
        let judge = HttpClassifier::new();
        let answer =
            "HTTP/1.1 429 No\r\nretry-after: 7\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let (url, served) = serve(vec![Some(answer), Some(answer)]);
        let throttled = reqwest::get(&url).await;
        let verdict = judge.classify(throttled.as_ref());
        let expected = Verdict::retry(ErrorKind::Throttling);
        assert_eq!(verdict, expected.after(std::time::Duration::from_secs(7)));
        let status = reqwest::get(&url).await.unwrap().error_for_status();
        assert_eq!(judge.classify(status.as_ref()), expected);
        served.join().unwrap().unwrap();

        // The listener is closed.
        let refused = reqwest::get(&url).await;
        assert_eq!(
            judge.classify(refused.as_ref()),
            Verdict::retry(ErrorKind::Unsent)
        );
        let nonsense = reqwest::get("no url").await;
        assert_eq!(judge.classify(nonsense.as_ref()), Verdict::Permanent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reqwest_timeout_is_transient() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let limit = std::time::Duration::from_secs(20);
        let client = reqwest::Client::builder().timeout(limit).build().unwrap();
        let late = client.get(url).send().await;
        let verdict = HttpClassifier::new().classify(late.as_ref());
        assert_eq!(verdict, Verdict::retry(ErrorKind::Transient));
    }
}

#[cfg(all(feature = "aws", feature = "tokio"))]
#[expect(clippy::unwrap_used, reason = "a test's own data")]
mod hyper_util_calls {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Empty};
    use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
    use hyper_util::rt::TokioExecutor;
    use reattempt::aws::{self, AwsClassifier};
    use reattempt::{ErrorKind, Verdict};

    use super::servers::{RESPONSES, serve};

    #[derive(Debug, thiserror::Error)]
    enum Failure {
        #[error(transparent)]
        Send(#[from] Error),
        #[error(transparent)]
        Read(#[from] hyper::Error),
    }

    /// Classifies an error by hyper's methods, as the closure of a user may do.
    fn judge(failure: &Failure) -> Verdict {
        let was_lost = match failure {
            Failure::Send(error) => {
                let source = std::error::Error::source(error);
                let hyper = source.and_then(|source| source.downcast_ref::<hyper::Error>());
                error.is_connect() || hyper.is_some_and(hyper::Error::is_incomplete_message)
            }
            Failure::Read(_) => true,
        };
        if was_lost {
            Verdict::retry(ErrorKind::Transient)
        } else {
            Verdict::Permanent
        }
    }

    async fn get(
        client: &Client<HttpConnector, Empty<Bytes>>,
        url: &str,
    ) -> Result<http::Response<Bytes>, Failure> {
        let (head, body) = client.get(url.parse().unwrap()).await?.into_parts();
        Ok(http::Response::from_parts(
            head,
            body.collect().await?.to_bytes(),
        ))
    }

    #[tokio::test]
    async fn a_call_succeeds_after_four_kinds_of_failure() {
        let (url, served) = serve(RESPONSES.to_vec());
        let client = Client::builder(TokioExecutor::new()).build_http();
        let policy = super::instant(aws::standard().classify(AwsClassifier::new()))
            .classify(AwsClassifier::new().transport(judge));
        let response = policy.retry(|_| get(&client, &url)).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (200, &b"whole"[..])
        );
        assert_eq!(served.join().unwrap().unwrap(), 5);
    }
}

#[cfg(all(feature = "aws", feature = "tokio"))]
mod ureq_calls {
    use reattempt::aws::{self, AwsClassifier};
    use reattempt::{ErrorKind, Verdict};

    use super::servers::{RESPONSES, serve};

    fn get(agent: &ureq::Agent, url: &str) -> Result<http::Response<Vec<u8>>, ureq::Error> {
        let (head, mut body) = agent.get(url).call()?.into_parts();
        Ok(http::Response::from_parts(head, body.read_to_vec()?))
    }

    const fn judge(error: &ureq::Error) -> Verdict {
        match error {
            ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed => {
                Verdict::retry(ErrorKind::Transient)
            }
            _ => Verdict::Permanent,
        }
    }

    #[test]
    fn a_call_succeeds_after_four_kinds_of_failure() {
        let (url, served) = serve(RESPONSES.to_vec());
        // Return a status as a response, not as an error.
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        let policy =
            super::instant(aws::standard()).classify(AwsClassifier::new().transport(judge));
        let response = policy.retry_blocking(|_| get(&agent, &url)).call().unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (200, &b"whole"[..])
        );
        assert_eq!(served.join().unwrap().unwrap(), 5);
    }
}
