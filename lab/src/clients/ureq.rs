//! ureq, which reads the body inside the attempt.

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use reattempt::aws::AwsClassifier;
use reattempt::http::HttpClassifier;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::SETTLE;
use crate::cell::observe_blocking;
use crate::{Authority, Cell, Failure, Limits, Reply};

/// An agent.
#[derive(Debug)]
pub struct Ureq(Agent);

impl Ureq {
    /// Creates an agent that trusts the lab's authority, and that returns error statuses as
    /// responses.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let root = Certificate::from_der(Authority::trusted().certificate()).to_owned();
        let roots = RootCerts::Specific(Arc::new(vec![root]));
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.head))
            .timeout_recv_body(Some(limits.body))
            .build();
        Self(Agent::new_with_config(config))
    }

    /// Makes one attempt.
    ///
    /// # Errors
    ///
    /// Returns the error of the agent.
    pub fn get(&self, url: &str) -> Result<Reply, ureq::Error> {
        let (head, mut body) = self.0.get(url).call()?.into_parts();
        let body = Bytes::from(body.read_to_vec()?);
        Ok(Reply::from_parts(head, body))
    }
}

pub(super) fn cell(url: &str, failure: Failure) -> Cell {
    let client = Ureq::new(failure.limits());
    if failure.is_second_call() {
        client.get(url).expect("the first call succeeds");
        thread::sleep(SETTLE);
    }
    match failure {
        Failure::AwsThrottled => observe_blocking(AwsClassifier::new(), || client.get(url)),
        _ => observe_blocking(HttpClassifier::new(), || client.get(url)),
    }
}
