//! HTTP/2 streams that a server resets.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reattempt::http::judge_error;
use reattempt::{ErrorKind, Verdict};
use tokio::sync::Notify;

/// When the server resets a stream.
#[derive(Clone, Copy, Debug)]
enum When {
    BeforeHead,
    InBody,
}

/// Returns the verdict on the error of a stream that the server resets for this reason.
async fn judge_reset(reason: h2::Reason, when: When) -> Verdict {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let has_head = Arc::new(Notify::new());
    let may_reset = Arc::clone(&has_head);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            match when {
                When::BeforeHead => respond.send_reset(reason),
                When::InBody => {
                    let mut body = respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(Bytes::from_static(b"some"), false).unwrap();
                    let may_reset = Arc::clone(&may_reset);
                    tokio::spawn(async move {
                        may_reset.notified().await;
                        body.send_reset(reason);
                    });
                }
            }
        }
    });
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    match client.get(url.parse().unwrap()).await {
        Err(error) => judge_error(&error),
        Ok(response) => {
            has_head.notify_one();
            judge_error(&response.into_body().collect().await.unwrap_err())
        }
    }
}

#[tokio::test]
async fn a_refused_stream_is_unsent() {
    let verdict = judge_reset(h2::Reason::REFUSED_STREAM, When::BeforeHead).await;
    assert_eq!(verdict, Verdict::retry(ErrorKind::Unsent));
}

#[tokio::test]
async fn a_reset_stream_is_judged_by_its_reason() {
    for (reason, verdict) in [
        (
            h2::Reason::INTERNAL_ERROR,
            Verdict::retry(ErrorKind::Transient),
        ),
        (
            h2::Reason::ENHANCE_YOUR_CALM,
            Verdict::retry(ErrorKind::Transient),
        ),
        (h2::Reason::PROTOCOL_ERROR, Verdict::Permanent),
    ] {
        assert_eq!(
            judge_reset(reason, When::BeforeHead).await,
            verdict,
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_in_its_body_was_sent() {
    for reason in [
        h2::Reason::REFUSED_STREAM,
        h2::Reason::ENHANCE_YOUR_CALM,
        h2::Reason::CANCEL,
    ] {
        let verdict = judge_reset(reason, When::InBody).await;
        assert_eq!(verdict, Verdict::retry(ErrorKind::Transient), "{reason}");
    }
}

/// Returns the verdict on the error of a request on a connection that the server ends with a
/// GOAWAY for this reason. `last` is the last stream that it has processed; the request's is 1.
async fn judge_goaway(reason: u8, last: u8) -> Verdict {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Empty settings. The header of a frame is its length, type, flags and stream.
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        stream.write_all(&settings).await.unwrap();
        // A frame with headers has the type 1. The preface of the client is 24 bytes long.
        let mut received = vec![0; 24];
        stream.read_exact(&mut received).await.unwrap();
        let mut header = [0; 9];
        while header[3] != 1 {
            stream.read_exact(&mut header).await.unwrap();
            let mut payload = vec![0; usize::from(header[2])];
            stream.read_exact(&mut payload).await.unwrap();
        }
        let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, reason];
        stream.write_all(&goaway).await.unwrap();
        if last == 1 {
            return None;
        }
        Some(stream)
    };
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let (_stream, error) = tokio::join!(server, client.get(url.parse().unwrap()));
    judge_error(&error.unwrap_err())
}

#[tokio::test]
async fn a_request_that_a_goaway_excludes_was_not_processed() {
    // `NO_ERROR` and `INTERNAL_ERROR`.
    for reason in [0, 2] {
        assert_eq!(
            judge_goaway(reason, 0).await,
            Verdict::retry(ErrorKind::Unsent),
            "{reason}"
        );
    }
    assert_eq!(
        judge_goaway(11, 0).await,
        Verdict::retry(ErrorKind::Throttling),
        "ENHANCE_YOUR_CALM"
    );
    // Stream 1 may have been processed.
    for reason in [0, 11] {
        assert_eq!(
            judge_goaway(reason, 1).await,
            Verdict::retry(ErrorKind::Transient),
            "{reason}"
        );
    }
}
