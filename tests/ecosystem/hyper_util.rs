//! Calls with hyper-util, which needs a closure for its errors.

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use reattempt::aws::{self, AwsClassifier};
use reattempt::{ErrorKind, Verdict};

use super::servers::{RESPONSES, assert_served, read_whole, serve};

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
    Ok(read_whole(client.get(url.parse().unwrap()).await?).await?)
}

#[tokio::test]
async fn a_call_succeeds_after_four_kinds_of_failure() {
    let (url, served) = serve(RESPONSES.to_vec());
    let client = Client::builder(TokioExecutor::new()).build_http();
    let policy = super::instant(aws::standard().classify(AwsClassifier::new()))
        .classify(AwsClassifier::new().transport(judge));
    let response = policy.retry(|_| get(&client, &url)).await.unwrap();
    assert_served(&response, served);
}
