//! Calls with ureq, which are blocking.

use reattempt::aws::{self, AwsClassifier};
use reattempt::{ErrorKind, Verdict};

use super::servers::{RESPONSES, assert_served, serve};

fn get(agent: &ureq::Agent, url: &str) -> Result<http::Response<Vec<u8>>, ureq::Error> {
    let (head, mut body) = agent.get(url).call()?.into_parts();
    Ok(http::Response::from_parts(head, body.read_to_vec()?))
}

const fn judge(error: &ureq::Error) -> Verdict {
    match error {
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed => {
            Verdict::retry(ErrorKind::Transient)
        }
        _ => Verdict::Permanent,
    }
}

#[test]
fn a_call_succeeds_after_four_kinds_of_failure() {
    let (url, served) = serve(RESPONSES.to_vec());
    // Return a status as a response, not as an error.
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let policy = super::instant(aws::standard()).classify(AwsClassifier::new().transport(judge));
    let response = policy.retry_blocking(|_| get(&agent, &url)).call().unwrap();
    assert_served(&response, served);
}
