//! HTTP/2 streams that a server resets.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reattempt::http::judge_error;
use reattempt::{ErrorKind, Verdict};

/// Returns the verdict on the error of a stream that the server resets for this reason.
async fn judge_reset(reason: h2::Reason) -> Verdict {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(reason);
        }
    });
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let error = client.get(url.parse().unwrap()).await.unwrap_err();
    judge_error(&error)
}

#[tokio::test]
async fn a_refused_stream_is_unsent() {
    let verdict = judge_reset(h2::Reason::REFUSED_STREAM).await;
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
            Verdict::retry(ErrorKind::Throttling),
        ),
        (h2::Reason::PROTOCOL_ERROR, Verdict::Permanent),
    ] {
        assert_eq!(judge_reset(reason).await, verdict, "{reason}");
    }
}
