//! `Download`: the position in the object, and what follows each frame, break and response.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::Response;
use http_body::{Body, Frame};

use super::error::ResumeError;
use super::object::{Mismatch, Object};
use super::range::Range;
use super::requests::{BodyError, Plan, Requests, Stage};
use crate::call::PolicyRef;
use crate::classify::{Classify, ErrorKind, Verdict};
use crate::error::StopReason;
use crate::timer::Timer;

/// A response of `F`.
pub(super) type ResponseOf<F> = Response<<F as Requests>::Body>;

/// The error of a body whose requests `F` sends.
pub(super) type ErrorOf<F> = ResumeError<<F as Requests>::Error, <F as Requests>::Body>;

/// The data of a frame.
pub(super) type DataOf<F> = <<F as Requests>::Body as Body>::Data;

/// A frame of a body.
pub(super) type FrameOf<F> = Frame<DataOf<F>>;

/// How far the bytes of an object have been read.
pub(super) struct Download<F, P: PolicyRef, M> {
    plan: Plan<F, P, M>,
    object: Object,
    phase: Phase,
    /// The position of the next byte.
    offset: u64,
    /// The position after the last byte that the current response may hold.
    limit: u64,
    /// How many bytes of the current response were delivered before.
    skip: u64,
    /// The position of the last break.
    broken_at: u64,
}

/// How far the policy's call has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// The body has not broken yet, so there is no call.
    Unbroken,
    /// The call resumes the body, or a resumed body is read.
    Resumed,
    /// The call has succeeded: all bytes are there.
    Complete,
}

/// What to do after the client's body has ended, has failed or has returned a frame that may
/// not be delivered as it is.
pub(super) enum Action<F: Requests> {
    Deliver(FrameOf<F>),
    Drop,
    Fail(ErrorOf<F>),
    /// The response broke, or it ends before its last byte.
    Interrupt(Option<BodyError<F>>),
}

impl<F, P: PolicyRef, M> Download<F, P, M> {
    pub(super) fn new<B>(plan: Plan<F, P, M>, response: &Response<B>) -> Self {
        let object = Object::new(response, plan.rules);
        Self {
            plan,
            phase: Phase::Unbroken,
            offset: object.start,
            limit: object.end.unwrap_or(u64::MAX),
            skip: 0,
            broken_at: object.start,
            object,
        }
    }

    /// Returns how many bytes are missing, if a response gave the length.
    pub(super) fn remaining(&self) -> Option<u64> {
        let end = self.object.end?;
        Some(end.saturating_sub(self.offset))
    }

    /// Returns true if bytes are known to be missing.
    pub(super) fn is_short(&self) -> bool {
        self.remaining().is_some_and(|bytes| bytes > 0)
    }

    /// Returns true if no byte is missing. `is_over` is true if the response has ended.
    fn is_complete(&self, is_over: bool) -> bool {
        match self.remaining() {
            Some(bytes) => bytes == 0,
            None => is_over && self.skip == 0,
        }
    }

    /// Returns true if every byte so far came from the first response.
    pub(super) fn is_unbroken(&self) -> bool {
        self.phase == Phase::Unbroken
    }

    /// Returns true if the next byte of the current response is the next one to deliver.
    pub(super) const fn is_aligned(&self) -> bool {
        self.skip == 0
    }

    /// Returns true if the caller's code panicked.
    pub(super) const fn has_panicked(&self) -> bool {
        self.plan.has_panicked
    }

    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Counts the bytes of a frame that can be delivered as it is. Returns false, and counts
    /// nothing, if the frame needs [`decide_data`](Self::decide_data).
    #[inline]
    pub(super) const fn advance(&mut self, bytes: usize) -> bool {
        let next = self.offset.saturating_add(bytes as u64);
        let fits = self.skip == 0 && next <= self.limit;
        if fits {
            self.offset = next;
        }
        fits
    }
}

impl<F: Requests, P: PolicyRef, M: Timer> Download<F, P, M> {
    /// Sends requests for the missing bytes until one of them has to be judged.
    pub(super) fn poll_response(
        &mut self,
        stage: Pin<&mut Stage<F::Future, M::Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseOf<F>, F::Error>> {
        let (object, offset) = (&self.object, self.offset);
        let range = |attempt| Range::rest(attempt, object.request(offset), offset);
        stage.poll_response(&mut self.plan, range, cx)
    }

    /// Decides on trailers, which follow the last byte.
    #[cold]
    pub(super) fn decide_trailers(&self, frame: FrameOf<F>) -> Action<F> {
        if self.is_short() || self.skip > 0 {
            Action::Interrupt(None)
        } else {
            Action::Deliver(frame)
        }
    }

    /// Decides on data that [`advance`](Self::advance) has not counted.
    #[cold]
    pub(super) fn decide_data(&mut self, mut data: DataOf<F>) -> Action<F> {
        let bytes = data.remaining();
        let skipped = usize::try_from(self.skip).map_or(bytes, |skip| skip.min(bytes));
        data.advance(skipped);
        self.skip = self.skip.saturating_sub(skipped as u64);
        if self.skip > 0 || (skipped == bytes && skipped > 0) {
            return Action::Drop;
        }
        if !self.advance(data.remaining()) {
            if !self.is_unbroken() {
                self.end_attempt(Verdict::Permanent);
                let (offset, found) = (self.offset, None);
                return Action::Fail(ResumeError::WrongRange { offset, found });
            }
            self.object.outgrow();
            self.limit = u64::MAX;
            self.advance(data.remaining());
        }
        Action::Deliver(Frame::data(data))
    }

    /// Ends the call of a resumed body if all bytes have been delivered. `is_over` is true if
    /// the response has ended.
    pub(super) fn note_end(&mut self, is_over: bool) {
        if self.phase == Phase::Resumed && self.is_complete(is_over) {
            self.phase = Phase::Complete;
            self.end_attempt(Verdict::Success);
        }
    }

    /// Decides what follows if the response ended early, or broke with `failure`: another
    /// request (`Continue`), the end of the body (`None`) or an error.
    #[cold]
    pub(super) fn interrupt(
        &mut self,
        failure: Option<BodyError<F>>,
    ) -> ControlFlow<Option<ErrorOf<F>>>
    where
        P::Classifier: Classify<ResponseOf<F>, BodyError<F>>,
    {
        // If the connection is lost after the last byte, no byte is missing.
        let is_over = failure.is_none();
        if self.is_complete(is_over) {
            self.note_end(is_over);
            return ControlFlow::Break(None);
        }
        let offset = self.offset;
        let verdict = match &failure {
            Some(error) => self
                .plan
                .run(|plan| plan.calls.classifier().classify(Err(error))),
            None => Verdict::retry(ErrorKind::Transient),
        };
        if let (true, Some(obstacle)) = (verdict.is_retry(), self.object.obstacle) {
            return ControlFlow::Break(Some(ResumeError::NotResumable {
                source: failure,
                offset,
                obstacle,
            }));
        }
        if self.is_unbroken() || offset > self.broken_at {
            self.phase = Phase::Resumed;
            self.broken_at = offset;
            self.plan.calls.restart();
        }
        match self.end_attempt(verdict) {
            None => ControlFlow::Continue(()),
            Some(reason) => ControlFlow::Break(Some(ResumeError::Broken {
                source: failure,
                offset,
                reason,
            })),
        }
    }

    /// Decides what follows a request: reading the body that is returned (`Break`), the end
    /// of the object (`Break` without a body) or another request.
    pub(super) fn judge(
        &mut self,
        result: Result<ResponseOf<F>, F::Error>,
    ) -> ControlFlow<Result<Option<F::Body>, ErrorOf<F>>>
    where
        P::Classifier: Classify<ResponseOf<F>, F::Error>,
    {
        let offset = self.offset;
        let verdict = self
            .plan
            .run(|plan| plan.calls.classifier().classify(result.as_ref()));
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                return match self.end_attempt(verdict) {
                    None => ControlFlow::Continue(()),
                    Some(reason) => ControlFlow::Break(Err(ResumeError::Request {
                        source: error,
                        offset,
                        reason,
                    })),
                };
            }
        };
        if self.object.ends_at(&response, offset) {
            self.phase = Phase::Complete;
            self.end_attempt(Verdict::Success);
            return ControlFlow::Break(Ok(None));
        }
        let (mismatch, verdict) = if verdict == Verdict::Success {
            match self.object.check(&response, offset) {
                Ok(part) => {
                    self.skip = part.skip;
                    self.limit = part.end.unwrap_or(u64::MAX);
                    return ControlFlow::Break(Ok(Some(response.into_body())));
                }
                Err(mismatch) => (mismatch, Verdict::Permanent),
            }
        } else {
            (Mismatch::of_status(response.status()), verdict)
        };
        match self.end_attempt(verdict) {
            None => ControlFlow::Continue(()),
            Some(reason) => {
                let error = ResumeError::mismatch(mismatch, response, offset, reason);
                ControlFlow::Break(Err(error))
            }
        }
    }

    /// Reports the end of an attempt to the call. Returns why the call has ended, or `None`
    /// if there will be another attempt.
    fn end_attempt(&mut self, verdict: Verdict) -> Option<StopReason> {
        match self.plan.run(|plan| plan.calls.decide_as(verdict)) {
            ControlFlow::Continue(_) => None,
            ControlFlow::Break(()) => {
                let reason = self.plan.calls.stop_reason();
                Some(reason.unwrap_or(StopReason::Permanent))
            }
        }
    }
}
