//! Errors that are not retried.

use std::time::SystemTime;

use reattempt::aws::{AwsClassifier, ClockSkew};

use super::*;

/// Returns the text between two tags.
fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    text.split_once(open)
        .unwrap()
        .1
        .split_once(close)
        .unwrap()
        .0
}

/// Creates a user. Returns a caller with its key, with which the stand-in checks signatures.
async fn signing_caller(url: String) -> Caller {
    let root = Caller::any(url.clone());
    let name = format!("user-{}", aws::InvocationId::new());
    let iam = |action: &str| {
        let body = format!("Action={action}&Version=2010-05-08&UserName={name}");
        AwsRequest::query("iam", &body)
    };
    root.set_up(iam("CreateUser")).await;
    let mut attach = iam("AttachUserPolicy");
    attach.body += "&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess";
    root.set_up(attach).await;
    let key = root.set_up(iam("CreateAccessKey")).await;
    let key = String::from_utf8(key.body().to_vec()).unwrap();
    Caller::with(
        url,
        between(&key, "<AccessKeyId>", "</AccessKeyId>"),
        between(&key, "<SecretAccessKey>", "</SecretAccessKey>"),
    )
}

#[tokio::test]
async fn permanent_errors_of_every_protocol_take_one_attempt() {
    let Some(url) = standin("STANDIN_AUTH_URL") else {
        return;
    };
    let caller = signing_caller(url.clone()).await;
    let bucket = format!("bucket-{}", aws::InvocationId::new());
    caller
        .set_up(AwsRequest::new("s3", Method::PUT, format!("/{bucket}")))
        .await;
    let table = AwsRequest::dynamodb(
        "DynamoDB_20120810.DescribeTable",
        &json!({"TableName": "none"}),
    );
    let instance = AwsRequest::query(
        "ec2",
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-00000000000000000",
    );
    let role = AwsRequest::query(
        "sts",
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=none\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fnone",
    );
    let object = AwsRequest::get(&bucket, "none");
    let wrong = Caller::with(url, caller.credentials.access_key_id(), "not the secret");
    let late = Caller {
        skew: slow_clock(),
        ..caller.clone()
    };
    for (caller, request, status, expected) in [
        (&caller, &object, 404, "NoSuchKey"),
        (&caller, &table, 400, "ResourceNotFoundException"),
        (&caller, &instance, 400, "InvalidInstanceID.NotFound"),
        (&caller, &role, 403, "AccessDenied"),
        (&wrong, &object, 403, "SignatureDoesNotMatch"),
        (&wrong, &table, 400, "InvalidSignatureException"),
        (&late, &object, 403, "RequestTimeTooSkewed"),
    ] {
        check(caller, request, status, expected).await;
    }
}

/// Returns a clock that is 3 hours slow.
fn slow_clock() -> ClockSkew {
    ClockSkew::new().clock(|| SystemTime::now() - Duration::from_secs(3 * 3_600))
}

#[tokio::test]
async fn a_slow_clock_is_corrected_for_every_protocol() {
    let Some(url) = standin("STANDIN_AUTH_URL") else {
        return;
    };
    let caller = signing_caller(url).await;
    let policy = aws::standard().classify(AwsClassifier::new().retry_clock_skew());
    let tables = AwsRequest::dynamodb("DynamoDB_20120810.ListTables", &json!({}));
    let buckets = AwsRequest::new("s3", Method::GET, "/");
    let regions = AwsRequest::query("ec2", "Action=DescribeRegions&Version=2016-11-15");
    let identity = AwsRequest::query("sts", "Action=GetCallerIdentity&Version=2011-06-15");
    for request in [tables, buckets, regions, identity] {
        let late = Caller {
            skew: slow_clock(),
            ..caller.clone()
        };
        // The first call needs the correction, the second one starts with it.
        for attempts in [2, 1] {
            let reply = late.call(&policy, &request).await;
            println!(
                "{}: {} attempts, {:?}",
                request.service, reply.attempts, late.skew
            );
            assert_eq!(
                (code(&reply), reply.attempts),
                (None, attempts),
                "{reply:?}"
            );
        }
        let uncorrected = Caller {
            skew: slow_clock(),
            ..caller.clone()
        };
        let reply = uncorrected.call(&aws::standard(), &request).await;
        assert_eq!(
            (code(&reply).is_some(), reply.attempts),
            (true, 1),
            "{reply:?}"
        );
    }
}

/// Checks that a call fails with this status and code at its only attempt.
async fn check(caller: &Caller, request: &AwsRequest, status: u16, expected: &str) {
    let reply = caller.call(&aws::standard(), request).await;
    assert_eq!(code(&reply).as_deref(), Some(expected), "{reply:?}");
    assert_eq!(
        reply.result.as_ref().unwrap().status(),
        status,
        "{expected}"
    );
    assert_eq!(
        (reply.attempts, reply.reason),
        (1, StopReason::Permanent),
        "{expected}"
    );
    println!("{status} {expected}: 1 attempt");
}
