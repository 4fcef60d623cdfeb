//! Checks what the headers of a response do: hints, codes, ranges and dates, against simple
//! readers of the same values.
#![no_main]

use std::cell::Cell;
use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_RANGE, DATE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body as _;
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use reattempt::aws::{AwsClassifier, ClockSkew, SigningTime, error_code};
use reattempt::http::{HttpClassifier, server_hint};
use reattempt::{Classify, Decision, ManualTimer, StopReason, Verdict};
use reattempt_fuzz::{add, line, response};

/// The longest hint of the default policy.
const LONGEST_HINT: Duration = Duration::from_secs(300);
/// The longest delay of a backoff.
const CAP: Duration = Duration::from_secs(20);
/// The most that a hint adds with the policies for AWS.
const SLACK: Duration = Duration::from_secs(5);
/// The beginning of the year 10000.
const END_OF_DATES: Duration = Duration::from_secs(253_402_300_800);

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW.get()
}

fuzz_target!(|text: &[u8]| {
    // The first line is the time of this machine in seconds.
    let (seconds, text) = line(text);
    let seconds = std::str::from_utf8(seconds).ok();
    let seconds = seconds.and_then(|text| text.trim().parse::<u32>().ok());
    NOW.set(Duration::from_secs(seconds.unwrap_or_default().into()));
    let Some(response) = response(text) else {
        return;
    };
    check_hints(&response);
    check_amz_hint(&response);
    check_code(response.headers());
    check_range(&response);
    check_date(&response);
});

/// Returns a header's value without the white space around it.
fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim_matches([' ', '\t']))
}

/// Reads decimal milliseconds with the arithmetic of `f64`, which is close enough.
fn millis(headers: &HeaderMap, name: &str) -> Option<f64> {
    let value = value(headers, name)?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let fits = whole.parse::<u64>().is_ok();
    (is_number(whole) && is_number(fraction) && fits).then(|| value.parse().unwrap())
}

fn check_hints(response: &Response<&[u8]>) {
    let headers = response.headers();
    let hint = server_hint(headers, now());
    let expected =
        millis(headers, "retry-after-ms").or_else(|| millis(headers, "x-ms-retry-after-ms"));
    if let Some(expected) = expected {
        let found = hint.expect("a number of milliseconds").as_secs_f64() * 1000.0;
        assert!(
            (found - expected).abs() <= expected * 1e-9 + 1e-5,
            "{found} {expected}"
        );
    } else if let Some(value) = value(headers, RETRY_AFTER.as_str()) {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, value.parse().ok()) {
            (true, seconds) => assert_eq!(hint, seconds.map(Duration::from_secs)),
            // A date of four digits for the year.
            _ => assert!(hint.is_none_or(|hint| hint < END_OF_DATES)),
        }
    } else {
        assert_eq!(hint, None);
    }
    let outcome: Result<_, &std::io::Error> = Ok(response);
    let verdict = HttpClassifier::new().clock(now).classify(outcome);
    let plain = HttpClassifier::new().judge_status(response.status());
    match hint {
        Some(hint) if plain.is_retry() => assert_eq!(verdict, plain.after(hint)),
        _ => assert_eq!(verdict, plain),
    }
    let obeyed = HttpClassifier::new()
        .obey_server()
        .clock(now)
        .classify(outcome);
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        match value(headers, "x-should-retry") {
            Some("true") => assert!(obeyed.is_retry()),
            Some("false") => assert_eq!(obeyed, Verdict::Permanent),
            _ => {}
        }
    } else {
        assert_eq!(obeyed, verdict);
    }
    check_wait(
        &reattempt::http::policy(),
        verdict,
        hint,
        LONGEST_HINT + CAP,
    );
}

fn check_amz_hint(response: &Response<&[u8]>) {
    let outcome: Result<_, &std::io::Error> = Ok(response);
    let verdict = AwsClassifier::new().clock(now).classify(outcome);
    let hint = match verdict {
        Verdict::Retry { after, .. } => after,
        _ => None,
    };
    let own = value(response.headers(), "x-amz-retry-after");
    let own = own.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    if let (true, Some(Ok(own))) = (verdict.is_retry(), own.map(str::parse)) {
        assert_eq!(hint, Some(Duration::from_millis(own)));
    }
    check_wait(&reattempt::aws::standard(), verdict, None, CAP + SLACK);
}

/// Checks that no hint makes a policy wait longer than `most`, and that one that is too long
/// ends the call.
fn check_wait<C>(
    policy: &reattempt::RetryPolicy<C>,
    verdict: Verdict,
    hint: Option<Duration>,
    most: Duration,
) {
    match policy
        .start_at(Duration::ZERO)
        .decide_as(verdict, Duration::ZERO)
    {
        Decision::RetryAfter(delay) => {
            assert!(verdict.is_retry() && delay <= most, "{delay:?}");
            assert!(hint.is_none_or(|hint| hint <= delay && hint <= LONGEST_HINT));
        }
        Decision::Stop(StopReason::ServerDelayTooLong(long)) => {
            assert!(long > LONGEST_HINT && hint == Some(long));
        }
        Decision::Stop(_) => assert!(!verdict.is_retry()),
    }
}

fn check_code(headers: &HeaderMap) {
    let Some(code) = error_code(headers, b"") else {
        return;
    };
    assert!(!code.is_empty() && code.trim_ascii() == code && !code.contains([':', '#']));
    let names = ["x-amzn-errortype", "x-amzn-query-error"];
    let values = names
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok());
    assert!(
        values.into_iter().any(|value| value.contains(&*code)),
        "{code:?}"
    );
}

/// Checks the position and the length that a first response gives.
fn check_range(response: &Response<&[u8]>) {
    let policy = reattempt::http::policy();
    let empty =
        |_| std::future::ready(Ok::<_, Infallible>(Response::new(Full::<&[u8]>::default())));
    let mut first = Response::new(Full::<&[u8]>::default());
    *first.status_mut() = response.status();
    *first.headers_mut() = response.headers().clone();
    let get = reattempt::resume::get(&policy, empty).timer(ManualTimer::new());
    let body = get.continue_from(first).into_body();
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| {
        let (range, total) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes ")?
            .split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
        let total = match total {
            "*" => None,
            total => Some(total.parse::<u64>().ok()?),
        };
        let end = last.checked_add(1)?;
        (first <= last && total.is_none_or(|total| end <= total)).then_some((first, end))
    });
    let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
    let (start, length) = match range.filter(|_| is_part) {
        Some((start, end)) => (start, Some(end - start)),
        None => (0, None),
    };
    assert_eq!(body.offset(), start);
    if length.is_some() {
        assert_eq!(body.size_hint().exact(), length);
    }
}

/// Checks that the time to sign with is that of the `Date` header or this machine's, and that a
/// later response with the correct date corrects it.
fn check_date(response: &Response<&[u8]>) {
    let skew = ClockSkew::new().clock(now);
    let observe = |headers: &HeaderMap| {
        let mut response = Response::new(());
        *response.headers_mut() = headers.clone();
        skew.observe(skew.now(), &mut response);
        SigningTime::time(skew.now())
    };
    let date = value(response.headers(), DATE.as_str());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let time = observe(response.headers());
    assert!(time == now() || Some(time) == date, "{time:?}");
    assert!(time < SystemTime::UNIX_EPOCH + END_OF_DATES);
    let mut honest = HeaderMap::new();
    add(
        &mut honest,
        format!("date: {}", httpdate::fmt_http_date(now())).as_bytes(),
    );
    assert_eq!(observe(&honest), now());
}
