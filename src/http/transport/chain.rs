//! Follows the `source()` chain of an error to the first link that is known.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use http::StatusCode;

use super::super::status::StatusRules;
use crate::classify::{ErrorKind, Verdict};
use crate::error::TimedOut;

/// The number of links that are followed. An error that is its own source would
/// otherwise never end.
const MAX_LINKS: usize = 64;

pub(super) const TRANSIENT: Verdict = Verdict::retry(ErrorKind::Transient);
pub(super) const UNSENT: Verdict = Verdict::retry(ErrorKind::Unsent);

/// What a known link of the chain means.
#[derive(Clone, Copy)]
pub(super) enum Finding {
    /// The client turned a response into an error. The caller's rules decide.
    #[cfg_attr(
        not(any(feature = "reqwest", feature = "ureq")),
        expect(dead_code, reason = "only these clients make errors of a status")
    )]
    Status(StatusCode),
    Verdict(Verdict),
}

impl Finding {
    /// Returns the verdict, by the caller's rules for a status.
    pub(super) const fn verdict(self, rules: &StatusRules) -> Verdict {
        match self {
            // A client can make an error of any status. It is not a success.
            Self::Status(status) => match rules.judge_status(status) {
                Verdict::Success => Verdict::Permanent,
                verdict => verdict,
            },
            Self::Verdict(verdict) => verdict,
        }
    }
}

/// The result of one link: the end of the search, or the next link.
pub(super) type Step<'e> = ControlFlow<Finding, Option<&'e (dyn Error + 'static)>>;

/// What the links so far mean for the links below them.
#[derive(Default)]
pub(super) struct Context {
    pub(super) part: Part,
    /// Whether reqwest reports a failed name lookup.
    #[cfg(feature = "reqwest")]
    pub(super) is_failed_lookup: bool,
    /// The finding if no link below is known.
    pub(super) otherwise: Option<Finding>,
}

/// The part of an exchange in which an error happened.
#[cfg_attr(
    not(feature = "hyper"),
    expect(dead_code, reason = "only the errors of hyper name the part")
)]
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) enum Part {
    #[default]
    Unknown,
    Connection,
    RequestBody,
    ResponseBody,
}

#[cfg(feature = "hyper")]
impl Context {
    /// Notes the part. The first link that names one is about this exchange: the body of a
    /// request may come from another one.
    pub(super) fn note_part(&mut self, part: Part) {
        if self.part == Part::Unknown {
            self.part = part;
        }
    }
}

/// Ends the search with a verdict.
pub(super) const fn found<'e>(verdict: Verdict) -> Step<'e> {
    ControlFlow::Break(Finding::Verdict(verdict))
}

/// Returns what the first known link of the chain means, or `None` if there is
/// none.
pub(super) fn judge_chain(error: &(dyn Error + 'static)) -> Option<Finding> {
    judge_chain_in(error, Context::default())
}

/// Returns the verdict on the first known link of the chain, or `otherwise` if there
/// is none.
#[cfg(feature = "tonic")]
pub(super) fn judge_chain_or(error: &(dyn Error + 'static), otherwise: Verdict) -> Verdict {
    let context = Context {
        otherwise: Some(Finding::Verdict(otherwise)),
        ..Context::default()
    };
    judge_chain_in(error, context).map_or(otherwise, |finding| finding.verdict(&StatusRules::TABLE))
}

fn judge_chain_in(error: &(dyn Error + 'static), mut context: Context) -> Option<Finding> {
    let mut next = Some(error);
    let mut finding = None;
    for _ in 0..MAX_LINKS {
        let Some(link) = next else { break };
        match judge_link(link, &mut context) {
            ControlFlow::Break(found) => {
                finding = Some(found);
                break;
            }
            ControlFlow::Continue(source) => next = source,
        }
    }
    let finding = finding.or(context.otherwise);
    #[cfg(feature = "hyper")]
    if context.part == Part::RequestBody {
        return finding.map(of_request_body);
    }
    #[cfg(feature = "reqwest")]
    if context.is_failed_lookup {
        return Some(Finding::Verdict(UNSENT));
    }
    finding
}

/// Returns what the error of a request's body means: the request may have been sent, whatever
/// the error says about another one.
#[cfg(feature = "hyper")]
const fn of_request_body(finding: Finding) -> Finding {
    Finding::Verdict(if finding.verdict(&StatusRules::TABLE).is_retry() {
        TRANSIENT
    } else {
        Verdict::Permanent
    })
}

fn judge_link<'e>(link: &'e (dyn Error + 'static), context: &mut Context) -> Step<'e> {
    if let Some(shared) = shared(link) {
        return ControlFlow::Continue(Some(shared));
    }
    if is_time_limit(link) {
        return found(TRANSIENT);
    }
    #[cfg(feature = "reqwest")]
    if let Some(step) = super::reqwest::judge(link, context) {
        return step;
    }
    #[cfg(feature = "tonic")]
    if let Some(step) = super::tonic::judge(link, context) {
        return step;
    }
    #[cfg(feature = "hyper")]
    if let Some(step) = super::hyper::judge(link, context) {
        return step;
    }
    #[cfg(feature = "ureq")]
    if let Some(step) = super::ureq::judge(link) {
        return step;
    }
    if let Some(step) = super::io::judge(link, context) {
        return step;
    }
    ControlFlow::Continue(link.source())
}

/// Returns true for the error of a time limit of this crate, tokio or tower.
fn is_time_limit(link: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "tokio")]
    if find::<tokio::time::error::Elapsed>(link).is_some() {
        return true;
    }
    #[cfg(feature = "tower")]
    if find::<tower::timeout::error::Elapsed>(link).is_some() {
        return true;
    }
    find::<TimedOut>(link).is_some()
}

/// Returns the link as a `T`, also if it is an `Arc<T>` or a `Box<T>`. Both are
/// errors themselves, and their `source()` skips the error that they hold.
pub(super) fn find<'e, T: Error + 'static>(link: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let shared = || link.downcast_ref::<Arc<T>>().map(AsRef::as_ref);
    let boxed = || link.downcast_ref::<Box<T>>().map(AsRef::as_ref);
    link.downcast_ref::<T>().or_else(shared).or_else(boxed)
}

/// Returns the error in an `Arc<dyn Error>`, which is an error itself, and whose
/// `source()` skips the error that it holds.
fn shared<'e>(link: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    if let Some(shared) = link.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return Some(&**shared);
    }
    let shared = link.downcast_ref::<Arc<dyn Error>>()?;
    Some(&**shared)
}
