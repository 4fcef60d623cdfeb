//! A request that must not be repeated, and a server that processes it and redirects.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reattempt::Backoff;

use super::servers::{Failure, url_of};

/// Starts a server that redirects to a closed port. Returns its URL and the number of requests
/// that it processes.
fn redirecting() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let target = url_of(Failure::Refused);
    let processed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&processed);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            count.fetch_add(1, Ordering::Relaxed);
            let response = format!(
                "HTTP/1.1 303 See Other\r\nlocation: {target}\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n"
            );
            let _ = stream.write_all(response.as_bytes());
        }
    });
    (url, processed)
}

#[tokio::test]
async fn without_redirects_reqwest_sends_a_post_once() {
    use reqwest::redirect::Policy;

    for (redirects, sent) in [(Policy::none(), 1), (Policy::default(), 3)] {
        let (url, processed) = redirecting();
        let client = reqwest::Client::builder().redirect(redirects);
        let client = client.build().unwrap();
        let policy = reattempt::http::policy().backoff(Backoff::none());
        let call = policy.retry(|_| client.post(&url).send()).non_idempotent();
        assert_eq!(call.outcome().await.result.is_ok(), sent == 1);
        assert_eq!(processed.load(Ordering::Relaxed), sent);
    }
}

#[test]
fn without_redirects_ureq_sends_a_post_once() {
    for (redirects, sent) in [(0, 1), (10, 3)] {
        let (url, processed) = redirecting();
        let config = ureq::Agent::config_builder().max_redirects(redirects);
        let agent = ureq::Agent::new_with_config(config.build());
        let policy = reattempt::http::policy().backoff(Backoff::none());
        let call = policy.retry_blocking(|_| agent.post(&url).send_empty());
        assert_eq!(call.non_idempotent().outcome().result.is_ok(), sent == 1);
        assert_eq!(processed.load(Ordering::Relaxed), sent);
    }
}
