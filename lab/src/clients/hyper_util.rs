//! hyper-util's client with hyper-rustls, which reads the body inside the attempt.

use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reattempt::aws::AwsClassifier;
use reattempt::http::HttpClassifier;
use tokio::time::timeout;

use super::SETTLE;
use crate::cell::observe;
use crate::{Authority, Cell, Failure, Limits, Reply};

pub(super) type HttpsClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Creates hyper-util's client, which trusts the lab's authority.
pub(super) fn https_client(limits: Limits) -> HttpsClient {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(limits.connect));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(Authority::trusted().client_config())
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}

/// A client and the limits of its attempts.
#[derive(Debug)]
pub struct HyperUtil {
    client: HttpsClient,
    limits: Limits,
}

impl HyperUtil {
    /// Creates a client that trusts the lab's authority.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            client: https_client(limits),
            limits,
        }
    }

    /// Makes one attempt.
    ///
    /// # Errors
    ///
    /// Returns the error of the URL, of the client or of a timeout.
    pub async fn get(&self, url: &str) -> Result<Reply, BoxError> {
        let head = self.client.get(url.parse()?);
        let (head, body) = timeout(self.limits.head, head).await??.into_parts();
        let body = timeout(self.limits.body, body.collect()).await??;
        Ok(Reply::from_parts(head, body.to_bytes()))
    }
}

pub(super) async fn cell(url: &str, failure: Failure) -> Cell {
    let client = HyperUtil::new(failure.limits());
    if failure.is_second_call() {
        client.get(url).await.expect("the first call succeeds");
        tokio::time::sleep(SETTLE).await;
    }
    match failure {
        Failure::AwsThrottled => observe(AwsClassifier::new().boxed(), || client.get(url)).await,
        _ => observe(HttpClassifier::new().boxed(), || client.get(url)).await,
    }
}
