//! Calls through a proxy that makes some requests fail.

use std::fmt::Write as _;

use reattempt::Backoff;

use crate::proxy::{FAULTS, Fault, proxy, script};

use super::*;

/// Creates an object of this many bytes. Returns its bucket and its content.
async fn put_object(caller: &Caller, key: &str, bytes: usize) -> (String, String) {
    let bucket = format!("bucket-{}", aws::InvocationId::new());
    let body: String = ('a'..='z').cycle().take(bytes).collect();
    caller
        .set_up(AwsRequest::new("s3", Method::PUT, format!("/{bucket}")))
        .await;
    let put = AwsRequest {
        body: body.clone(),
        ..AwsRequest::new("s3", Method::PUT, format!("/{bucket}/{key}"))
    };
    caller.set_up(put).await;
    (bucket, body)
}

/// Returns a request in each protocol, with a text that the body of its response contains.
fn requests<'a>(bucket: &str, object: &'a str) -> [(AwsRequest, &'a str); 5] {
    [
        (AwsRequest::get(bucket, "faulty"), object),
        (
            AwsRequest::dynamodb("DynamoDB_20120810.ListTables", &json!({})),
            "TableNames",
        ),
        (
            AwsRequest::query("ec2", "Action=DescribeRegions&Version=2016-11-15"),
            "us-east-1",
        ),
        (
            AwsRequest::query("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
            "<Account>",
        ),
        (
            AwsRequest::new("lambda", Method::GET, "/2015-03-31/functions"),
            "Functions",
        ),
    ]
}

#[tokio::test]
async fn every_call_through_a_faulty_proxy_succeeds() {
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let (bucket, object) = put_object(&Caller::any(url.clone()), "faulty", 100_000).await;
    let requests = requests(&bucket, &object);
    let policy = aws::standard()
        .no_budget()
        .max_attempts(5)
        .backoff(Backoff::none())
        .throttling_backoff(Backoff::none());
    let mut attempts = 0_u32;
    for seed in 0..40 {
        let (request, expected) = &requests[usize::try_from(seed).unwrap() % requests.len()];
        let faults = script(seed, FAULTS.len());
        let count = u32::try_from(faults.len()).unwrap();
        let caller = Caller::any(proxy(&url, faults.clone()).await);
        let reply = policy
            .retry(|_| caller.send(request))
            .attempt_timeout(Duration::from_secs(2))
            .outcome()
            .await;
        assert_eq!(
            (reply.attempts, reply.reason),
            (count + 1, StopReason::Success),
            "{faults:?}"
        );
        attempts += reply.attempts;
        let body = reply.result.unwrap().into_body();
        assert!(
            String::from_utf8_lossy(&body).contains(expected),
            "{} {faults:?}",
            request.service
        );
    }
    println!("40 calls of 5 protocols through a faulty proxy: {attempts} attempts, all succeeded");
}

/// Runs the example `s3_object` with `url` as its endpoints. Returns true if it succeeded,
/// and its output.
async fn run_s3_object(url: &str, bucket: &str, key: &str) -> (bool, String) {
    let mut example = std::env::current_exe().unwrap();
    example.pop();
    example.pop();
    example.push("examples/s3_object");
    assert!(example.exists(), "{} is not built", example.display());
    let mut command = std::process::Command::new(example);
    command
        .args([bucket, key])
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    // The proxy runs meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    (output.status.success(), text)
}

#[tokio::test]
async fn s3_object_works_directly_and_through_a_faulty_proxy() {
    use sha2::{Digest, Sha256};

    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url.clone());
    let encoded = "reports/november%20%28final%29.csv";
    let (bucket, object) = put_object(&caller, encoded, 50_000).await;
    let mut digest = String::new();
    for byte in Sha256::digest(object) {
        write!(digest, "{byte:02x}").unwrap();
    }
    let key = "reports/november (final).csv";
    let ended = format!("50000 bytes, SHA-256 {digest}");
    let (succeeded, text) = run_s3_object(&url, &bucket, key).await;
    assert!(succeeded && text.contains(&ended), "{text}");

    let (succeeded, text) = run_s3_object(&url, &bucket, "none").await;
    assert!(!succeeded);
    assert!(
        text.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("NoSuchKey"),
        "{text}"
    );
    let (succeeded, text) = run_s3_object(&url, "no-such-bucket", "none").await;
    assert!(!succeeded && text.contains("NoSuchBucket"), "{text}");

    for seed in 100..108 {
        // Only one run has a stalled request, because it takes five seconds. The seed selects
        // the other faults.
        let mut faults = script(seed, FAULTS.len() - 1);
        if seed == 100 {
            faults.push_back(Fault::Stalled);
        }
        let proxy = proxy(&url, faults.clone()).await;
        let (succeeded, text) = run_s3_object(&proxy, &bucket, key).await;
        assert!(succeeded && text.contains(&ended), "{faults:?}\n{text}");
        let retries = text.matches(", again in ").count() + text.matches("the body broke").count();
        assert_eq!(retries, faults.len(), "{faults:?}");
    }
}
