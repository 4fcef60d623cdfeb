//! The calls to the stand-in.

use std::io;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use reattempt::aws::{self, AwsClassifier, ClockSkew, ServiceError};
use reattempt::{Outcome, RetryPolicy};
use serde_json::Value;

use crate::client;

/// A client of the stand-in, with its credentials.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) credentials: Credentials,
    /// Its clock, and how far the stand-in's clock is from it.
    pub(crate) skew: ClockSkew,
}

/// A request to a service, not signed yet.
#[derive(Clone)]
pub(crate) struct AwsRequest {
    pub(crate) service: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
}

impl AwsRequest {
    pub(crate) fn new(service: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self {
            service,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn json(
        service: &'static str,
        method: Method,
        path: impl Into<String>,
        body: &Value,
    ) -> Self {
        Self {
            headers: vec![("content-type", "application/json")],
            body: body.to_string(),
            ..Self::new(service, method, path)
        }
    }

    pub(crate) fn dynamodb(target: &'static str, body: &Value) -> Self {
        Self {
            headers: vec![
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", target),
            ],
            ..Self::json("dynamodb", Method::POST, "/", body)
        }
    }

    pub(crate) fn query(service: &'static str, body: &str) -> Self {
        Self {
            headers: vec![("content-type", "application/x-www-form-urlencoded")],
            body: body.to_owned(),
            ..Self::new(service, Method::POST, "/")
        }
    }

    pub(crate) fn get(bucket: &str, key: &str) -> Self {
        Self::new("s3", Method::GET, format!("/{bucket}/{key}"))
    }
}

pub(crate) type Reply = Outcome<Response<Bytes>, io::Error>;

impl Caller {
    /// Returns a caller with made-up credentials, for a stand-in that does not check them.
    pub(crate) fn any(url: String) -> Self {
        Self::with(url, "test", "test")
    }

    /// Returns a caller with the credentials of a user.
    pub(crate) fn with(url: String, id: &str, secret: &str) -> Self {
        Self {
            url,
            credentials: Credentials::new(id, secret, None, None, "test"),
            skew: ClockSkew::new(),
        }
    }

    /// Makes one attempt. Signs it with the current date of the caller's clock.
    pub(crate) async fn send(&self, request: &AwsRequest) -> io::Result<Response<Bytes>> {
        let url = format!("{}{}", self.url, request.path);
        let mut signed = Request::builder()
            .method(request.method.clone())
            .uri(&url)
            .header("host", self.url.trim_start_matches("http://"));
        for (name, value) in &request.headers {
            signed = signed.header(*name, *value);
        }
        let mut signed = signed.body(Full::from(request.body.clone())).unwrap();
        let now = self.skew.now();
        let body = request.body.as_bytes();
        client::sign(
            &mut signed,
            body,
            request.service,
            "us-east-1",
            &self.credentials,
            now.time(),
        )
        .unwrap();
        let mut response = client::send(signed).await?;
        self.skew.observe(now, &mut response);
        Ok(response)
    }

    /// Makes a call with an attempt timeout of 20 s.
    pub(crate) async fn call(
        &self,
        policy: &RetryPolicy<AwsClassifier>,
        request: &AwsRequest,
    ) -> Reply {
        policy
            .retry(|_| self.send(request))
            .attempt_timeout(Duration::from_secs(20))
            .outcome()
            .await
    }

    /// Sends a request that prepares a test, and panics if it fails.
    pub(crate) async fn set_up(&self, request: AwsRequest) -> Response<Bytes> {
        let response = self.call(&aws::standard(), &request).await.result.unwrap();
        let error = ServiceError::from_response(&response);
        assert!(error.is_none(), "{}: {error:?}", request.path);
        response
    }
}

/// Returns the error code of a reply, or `None` if it is a success.
pub(crate) fn code(reply: &Reply) -> Option<String> {
    let error = ServiceError::from_response(reply.result.as_ref().unwrap())?;
    error.code().map(str::to_owned)
}
