//! reqwest, which reads the body inside the attempt.

use reattempt::aws::AwsClassifier;
use reattempt::http::HttpClassifier;
use reqwest::Certificate;

use super::SETTLE;
use crate::cell::observe;
use crate::{Authority, Cell, Failure, Limits, Reply};

/// A client and the limits of its attempts.
#[derive(Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    limits: Limits,
}

impl Reqwest {
    /// Creates a client that trusts the lab's authority.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let root = Certificate::from_der(Authority::trusted().certificate());
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([root.expect("the certificate is valid")])
            .connect_timeout(limits.connect)
            .build();
        Self {
            client: client.expect("the settings are valid"),
            limits,
        }
    }

    /// Makes one attempt.
    ///
    /// # Errors
    ///
    /// Returns the error of the client.
    pub async fn get(&self, url: &str) -> reqwest::Result<Reply> {
        // The timeout of a request includes its body.
        let limit = self.limits.head.min(self.limits.body);
        let response = self.client.get(url).timeout(limit).send().await?;
        let mut reply = http::Response::new(());
        *reply.status_mut() = response.status();
        *reply.headers_mut() = response.headers().clone();
        let body = response.bytes().await?;
        Ok(reply.map(|()| body))
    }
}

pub(super) async fn cell(url: &str, failure: Failure) -> Cell {
    let client = Reqwest::new(failure.limits());
    if failure.is_second_call() {
        client.get(url).await.expect("the first call succeeds");
        tokio::time::sleep(SETTLE).await;
    }
    match failure {
        Failure::AwsThrottled => observe(AwsClassifier::new(), || client.get(url)).await,
        _ => observe(HttpClassifier::new(), || client.get(url)).await,
    }
}
