//! Stacks with a `BufferErrorLayer`, one of them over a real connection.

use super::*;

impl Observer for Ends {
    fn on_stop(&self, event: &StopEvent) {
        self.0.lock().unwrap().push(event.reason());
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_served_on_the_timer_and_a_dropped_call_stops() {
    let policy = policy().backoff(Backoff::constant(Duration::from_secs(3)));
    let service = RetryLayer::new(policy).layer(Scripted::<io::Error>::new([Ok(503), Ok(200)]));
    let seen = |service: &RetryService<Scripted<io::Error>, HttpClassifier>| format!("{service:?}");
    assert!(seen(&service).contains("Scripted"));
    let call = service.oneshot(request(Method::GET));
    assert!(
        tokio::time::timeout(Duration::from_millis(2_999), call)
            .await
            .is_err()
    );
}

const THROTTLED: &str = r#"{"__type":"com.amazonaws#ThrottlingException"}"#;

const fn instant<P>(policy: RetryPolicy<P>) -> RetryPolicy<P> {
    policy
        .backoff(Backoff::none())
        .throttling_backoff(Backoff::none())
}

#[tokio::test]
async fn a_broken_error_body_is_a_failed_attempt() {
    let calls = AtomicU32::new(0);
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(instant(aws::standard())))
        .layer(BufferErrorLayer::new(64 * 1024))
        .service_fn(|_: Request<()>| {
            let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
            let frames = [
                Ok(Frame::data(Bytes::from_static(b"{"))),
                Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            ];
            let mut response = Response::new(StreamBody::new(Stream(frames.into_iter())));
            if first {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            async { Ok::<_, io::Error>(response) }
        });
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(
        (response.status(), calls.load(Ordering::Relaxed)),
        (StatusCode::OK, 2)
    );

    // After the last attempt, reading the body yields the bytes that arrived, then the error.
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(aws::standard().max_attempts(1)))
        .layer(BufferErrorLayer::new(64 * 1024))
        .service_fn(|_: Request<()>| async {
            let frames = [
                Ok(Frame::data(Bytes::from_static(b"{"))),
                Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            ];
            let mut response = Response::new(StreamBody::new(Stream(frames.into_iter())));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok::<_, io::Error>(response)
        });
    let mut body = service.oneshot(Request::new(())).await.unwrap().into_body();
    assert!(body.is_broken());
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "{"
    );
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(body.frame().await.is_none());
}

/// A stream of frames from an iterator.
struct Stream<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Stream<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// Starts a server that responds twice with a 400 and a throttling code, then streams
/// 100 MiB. Returns its URL.
async fn serve(requests: Arc<AtomicU32>) -> io::Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let requests = Arc::clone(&requests);
            let answer = hyper::service::service_fn(move |request: Request<_>| {
                let number = requests.fetch_add(1, Ordering::Relaxed) + 1;
                let expected = format!("attempt={number}; max=3");
                let signed = request
                    .headers()
                    .get("amz-sdk-request")
                    .is_some_and(|value| *value == expected);
                async move {
                    let chunk = Bytes::from(vec![7; 64 * 1024]);
                    let frames = (0..100 * MIB / chunk.len())
                        .map(move |_| Ok::<_, Infallible>(Frame::data(chunk.clone())));
                    let mut response = Response::new(StreamBody::new(Stream(frames)).boxed());
                    if !signed {
                        *response.status_mut() = StatusCode::FORBIDDEN;
                        *response.body_mut() = Empty::new().boxed();
                    } else if number < 3 {
                        *response.status_mut() = StatusCode::BAD_REQUEST;
                        *response.body_mut() = Full::from(THROTTLED).boxed();
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    Ok(url)
}

/// Adds the SDK headers to each attempt. A real stack also signs the attempt here.
fn stamp<B>(mut request: Request<B>) -> Request<B> {
    let id = aws::InvocationId::new();
    if let Some(attempt) = request.extensions().get::<Attempt>().copied() {
        request
            .headers_mut()
            .extend(aws::sdk_headers(&id, &attempt));
    }
    request
}

#[tokio::test]
async fn a_hyper_util_stack_retries_throttling_and_streams_100_mib() {
    let requests = Arc::new(AtomicU32::new(0));
    let url = serve(Arc::clone(&requests)).await.unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(instant(aws::standard())))
        .layer(BufferErrorLayer::new(64 * 1024))
        .map_request(stamp::<Empty<Bytes>>)
        .service(client);
    let region = Region::new(&ALLOCATOR);
    let request = Request::get(&url).body(Empty::new()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status(), requests.load(Ordering::Relaxed)),
        (StatusCode::OK, 3)
    );
    let mut body: Buffered<hyper::body::Incoming> = response.into_body();
    let (mut read, mut most) = (0, 0);
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.iter().all(|&byte| byte == 7));
        read += data.len();
        drop(data);
        let change = region.change();
        most = most.max(
            change
                .bytes_allocated
                .saturating_sub(change.bytes_deallocated),
        );
    }
    println!("{} MiB read, {} KiB held at most", read / MIB, most / 1024);
    assert_eq!(read, 100 * MIB);
    assert!(most < 4 * MIB, "{most} bytes held");
}

/// A service that is never ready.
struct Busy;

impl Service<Request<()>> for Busy {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::pending()
    }
}

#[test]
fn a_buffering_service_is_ready_when_its_inner_service_is() {
    let mut service = BufferErrorLayer::new(1).layer(Busy);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(service.poll_ready(&mut cx).is_pending());
}
