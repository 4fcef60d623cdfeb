//! Calls with reqwest.

use bytes::Bytes;
use http_body_util::BodyExt;
use reattempt::aws::{self, PeekBody, buffer_error};
use reattempt::http::HttpClassifier;
use reattempt::{Classify, ErrorKind, Verdict};

use super::servers::{RESPONSES, assert_served, read_whole, serve};

/// Reads the whole body, as part of the attempt.
async fn get(client: &reqwest::Client, url: &str) -> reqwest::Result<http::Response<Bytes>> {
    read_whole(client.get(url).send().await?.into()).await
}

#[tokio::test]
async fn a_call_succeeds_after_four_kinds_of_failure() {
    let (url, served) = serve(RESPONSES.to_vec());
    let client = reqwest::Client::new();
    let policy = super::instant(aws::standard());
    let response = policy.retry(|_| get(&client, &url)).await.unwrap();
    assert_served(&response, served);
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
