//! One cell of the table: what a policy of 3 attempts does with a failure.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use reattempt::http::HttpClassifier;
use reattempt::{Backoff, Classify, RetryPolicy, Verdict, http};

use crate::BODY;

/// A response whose body was read inside the attempt.
pub type Reply = ::http::Response<Bytes>;

/// The body of the response that the call returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Body {
    /// There is no response, or its body arrived whole.
    Expected,
    /// The layer returned the response, and reading its body failed afterwards.
    Lost,
    /// The body is that of another response.
    Wrong,
}

/// The verdicts of one call.
#[derive(Clone, Debug)]
pub struct Cell {
    /// One verdict per attempt.
    pub verdicts: Vec<Verdict>,
    /// The body of the response that the call returned.
    pub body: Body,
    /// The last outcome, for the messages of tests.
    pub outcome: String,
}

impl Cell {
    pub(crate) fn of<E: fmt::Debug>(verdicts: Vec<Verdict>, result: &Result<Reply, E>) -> Self {
        let is_wrong = |reply: &Reply| reply.status().is_success() && reply.body() != BODY;
        Self {
            verdicts,
            body: match result {
                Ok(reply) if is_wrong(reply) => Body::Wrong,
                _ => Body::Expected,
            },
            outcome: format!("{result:?}"),
        }
    }
}

/// Writes the verdict and the attempts, such as `transient, 3`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.verdicts.iter().copied().map(name).collect();
        names.dedup();
        write!(f, "{}, {}", names.join(" then "), self.verdicts.len())?;
        match self.body {
            Body::Expected => Ok(()),
            Body::Lost => f.write_str(", body lost"),
            Body::Wrong => f.write_str(", wrong body"),
        }
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Success => "success",
        Verdict::Retry { kind, .. } => kind.as_str(),
        Verdict::Permanent => "permanent",
    }
}

/// Returns the default policy for HTTP with 3 attempts, without delays.
pub(crate) fn policy() -> RetryPolicy<HttpClassifier> {
    http::policy().backoff(Backoff::none()).max_attempts(3)
}

/// Makes a call with the policy. `judge` is the classifier.
pub(crate) async fn observe<C, E, F>(judge: C, mut op: impl FnMut() -> F) -> Cell
where
    C: Classify<Reply, E>,
    E: fmt::Debug,
    F: Future<Output = Result<Reply, E>>,
{
    let verdicts = RefCell::new(Vec::new());
    let policy = policy()
        .classify(judge)
        .inspect(|_: Result<&Reply, &E>, verdict| verdicts.borrow_mut().push(verdict));
    let outcome = policy.retry(|_| op()).outcome().await;
    drop(policy);
    assert_eq!(outcome.attempts as usize, verdicts.borrow().len());
    Cell::of(verdicts.into_inner(), &outcome.result)
}

/// Does what `observe` does, with a client that blocks.
pub(crate) fn observe_blocking<C, E>(judge: C, mut op: impl FnMut() -> Result<Reply, E>) -> Cell
where
    C: Classify<Reply, E>,
    E: fmt::Debug,
{
    let verdicts = RefCell::new(Vec::new());
    let policy = policy()
        .classify(judge)
        .inspect(|_: Result<&Reply, &E>, verdict| verdicts.borrow_mut().push(verdict));
    let outcome = policy.retry_blocking(|_| op()).outcome();
    drop(policy);
    assert_eq!(outcome.attempts as usize, verdicts.borrow().len());
    Cell::of(verdicts.into_inner(), &outcome.result)
}
