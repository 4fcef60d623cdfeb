//! Throttling by the stand-in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use reattempt::{AdaptiveLimiter, RetryBudget};
use serde_json::Value;
use tokio::task::JoinSet;

use super::*;

/// Creates a function that sleeps before it returns. Returns its name.
async fn slow_function(caller: &Caller) -> String {
    let zip = base64::engine::general_purpose::STANDARD.encode(include_bytes!("../data/nap.zip"));
    let name = format!("nap-{}", aws::InvocationId::new());
    let function = json!({
        "FunctionName": name,
        "Runtime": "python3.11",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Handler": "index.handler",
        "Code": {"ZipFile": zip},
    });
    caller
        .set_up(AwsRequest::json(
            "lambda",
            Method::POST,
            "/2015-03-31/functions",
            &function,
        ))
        .await;
    name
}

#[tokio::test]
async fn a_throttled_function_serves_calls_or_empties_the_budget() {
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url);
    let name = slow_function(&caller).await;
    let concurrency = |count: u32| {
        let body = json!({"ReservedConcurrentExecutions": count});
        let path = format!("/2017-10-31/functions/{name}/concurrency");
        AwsRequest::json("lambda", Method::PUT, path, &body)
    };
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let invoke = AwsRequest::json("lambda", Method::POST, path, &json!({}));
    caller.set_up(concurrency(2)).await;
    let policy = aws::standard().max_attempts(20);
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let (caller, policy, invoke) = (caller.clone(), policy.clone(), invoke.clone());
        calls.spawn(async move { caller.call(&policy, &invoke).await });
    }
    let replies = calls.join_all().await;
    for reply in &replies {
        assert_eq!(reply.reason, StopReason::Success, "{reply:?}");
        assert_eq!(
            &reply.result.as_ref().unwrap().body()[..],
            br#"{"ok": true}"#
        );
    }
    let attempts: u32 = replies.iter().map(|reply| reply.attempts).sum();
    println!("8 calls of a function with concurrency 2: {attempts} attempts, all succeeded");
    assert!(attempts > 8, "no call was throttled");

    caller.set_up(concurrency(0)).await;
    let budget = RetryBudget::new(12);
    let policy = aws::standard().max_attempts(20).budget(&budget);
    let reply = caller.call(&policy, &invoke).await;
    assert_eq!(code(&reply).as_deref(), Some("TooManyRequestsException"));
    // A retry costs 5 tokens, so the budget pays for two and keeps 2 tokens.
    assert_eq!((reply.attempts, budget.available()), (3, 2));
    assert_eq!(
        reply.reason.to_string(),
        "the client's retry budget is empty"
    );
    // Each retry waited for at least the second that the service requested.
    assert!(reply.waited >= Duration::from_secs(2), "{:?}", reply.waited);
}

/// Creates an API with a limit of 20 calls per second and 5 at once. Returns its path.
async fn limited_api(caller: &Caller) -> String {
    let request = |method, path: String, body: Value| {
        let request = AwsRequest::json("apigateway", method, path, &body);
        async move {
            let response = caller.set_up(request).await;
            serde_json::from_slice::<Value>(response.body()).unwrap_or_default()
        }
    };
    let api = request(Method::POST, "/restapis".into(), json!({"name": "limited"})).await;
    let api = format!("/restapis/{}", api["id"].as_str().unwrap());
    let resources = request(Method::GET, format!("{api}/resources"), Value::Null).await;
    let items = resources
        .get("item")
        .or_else(|| resources.pointer("/_embedded/item"));
    let root = items.unwrap()[0]["id"].as_str().unwrap();
    let method = format!("{api}/resources/{root}/methods/GET");
    let put = |path: String, body| request(Method::PUT, path, body);
    put(method.clone(), json!({"authorizationType": "NONE"})).await;
    put(
        format!("{method}/integration"),
        json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}),
    )
    .await;
    put(format!("{method}/responses/200"), json!({})).await;
    put(
        format!("{method}/integration/responses/200"),
        json!({"responseTemplates": {"application/json": "{\"ok\": true}"}}),
    )
    .await;
    request(
        Method::POST,
        format!("{api}/deployments"),
        json!({"stageName": "prod"}),
    )
    .await;
    let limits = json!({"patchOperations": [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "20"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "5"},
    ]});
    request(Method::PATCH, format!("{api}/stages/prod"), limits).await;
    format!("{api}/prod/_user_request_/")
}

#[tokio::test]
async fn the_adaptive_limiter_at_least_halves_the_throttling() {
    const CALLS: u32 = 200;
    const CALLERS: u32 = 16;
    let Some(url) = standin("STANDIN_URL") else {
        return;
    };
    let caller = Caller::any(url);
    let plain = aws::standard().no_budget().unlimited_attempts();
    let adaptive = plain.clone().limiter(AdaptiveLimiter::new());
    let mut throttled = Vec::new();
    for policy in [plain, adaptive] {
        // Each policy gets a new API, because the first one uses up the limit of its own.
        let path = limited_api(&caller).await;
        let left = Arc::new(AtomicU32::new(CALLS));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (caller, policy, left) = (caller.clone(), policy.clone(), Arc::clone(&left));
            let request = AwsRequest::new("execute-api", Method::GET, path.clone());
            callers.spawn(async move {
                let mut throttled = 0_u32;
                let next = |left: u32| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                    .is_ok()
                {
                    let reply = caller.call(&policy, &request).await;
                    assert_eq!(reply.reason, StopReason::Success, "{reply:?}");
                    throttled = throttled.saturating_add(reply.attempts.saturating_sub(1));
                }
                throttled
            });
        }
        throttled.push(callers.join_all().await.iter().sum::<u32>());
    }
    println!(
        "{CALLS} calls at 20 per second: {} responses of 429 without the limiter, {} with it",
        throttled[0], throttled[1],
    );
    assert!(throttled[1] * 2 < throttled[0], "{throttled:?}");
}
