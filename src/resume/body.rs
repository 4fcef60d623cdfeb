//! `ResumingBody`: a body that is requested again where it breaks.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::download::{Action, Download, ErrorOf, FrameOf, ResponseOf};
use super::requests::{BodyError, Plan, Requests, Stage};
#[cfg(feature = "aws")]
use crate::aws::PeekBody;
use crate::call::{DefaultTimer, PolicyRef, SleepOf};
use crate::classify::Classify;
use crate::timer::Timer;

pin_project! {
    /// A response body that is requested again, from the byte at which it broke.
    ///
    /// [`get`](crate::resume::get()) creates it. It yields each byte of the object once. Until
    /// the body breaks, a poll is a poll of the client's body: nothing is allocated or copied,
    /// and no clock is read.
    ///
    /// It ends with a [`ResumeError`](crate::resume::ResumeError) if bytes are missing and no
    /// further request is allowed.
    ///
    /// After a panic of the closure, the classifier, or the observer of a decision it never
    /// becomes ready again.
    ///
    /// Dropping it stops everything. If it waits for a retry, the cost of that retry is
    /// returned to the budget.
    pub struct ResumingBody<F, P, M = DefaultTimer>
    where
        F: Requests,
        P: PolicyRef,
        M: SleepOf,
    {
        // None while a request is under way, and after the end.
        #[pin]
        body: Option<F::Body>,
        #[pin]
        stage: Stage<F::Future, M::Sleep>,
        download: Download<F, P, M>,
        has_ended: bool,
    }
}

impl<F: Requests, P: PolicyRef, M: SleepOf> ResumingBody<F, P, M> {
    /// Returns a first response with its body made resuming.
    pub(super) fn wrap(plan: Plan<F, P, M>, response: ResponseOf<F>) -> Response<Self> {
        let download = Download::new(plan, &response);
        response.map(|body| Self {
            body: Some(body),
            stage: Stage::Idle,
            download,
            has_ended: false,
        })
    }

    /// Returns the position in the object of the next byte.
    ///
    /// It counts from the start of the object, also if the first request asked for a range.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.download.offset()
    }

    /// Ends the body, with an error if there is one.
    #[cold]
    fn end(
        self: Pin<&mut Self>,
        error: Option<ErrorOf<F>>,
    ) -> Poll<Option<Result<FrameOf<F>, ErrorOf<F>>>> {
        let mut this = self.project();
        this.body.set(None);
        this.stage.set(Stage::Idle);
        *this.has_ended = true;
        Poll::Ready(error.map(Err))
    }
}

impl<F, P, M> ResumingBody<F, P, M>
where
    F: Requests,
    P: PolicyRef,
    P::Classifier: Classify<ResponseOf<F>, F::Error>,
    M: Timer,
{
    /// Waits for a response that continues the body.
    #[cold]
    fn poll_next_body(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ErrorOf<F>>> {
        let mut this = self.project();
        loop {
            let response = ready!(this.download.poll_response(this.stage.as_mut(), cx));
            if let ControlFlow::Break(judged) = this.download.judge(response) {
                return Poll::Ready(judged.map(|body| {
                    *this.has_ended = body.is_none();
                    this.body.set(body);
                }));
            }
        }
    }
}

impl<F, P, M> Body for ResumingBody<F, P, M>
where
    F: Requests,
    P: PolicyRef,
    P::Classifier: Classify<ResponseOf<F>, F::Error> + Classify<ResponseOf<F>, BodyError<F>>,
    M: Timer,
{
    type Data = <F::Body as Body>::Data;
    type Error = ErrorOf<F>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        loop {
            let mut this = self.as_mut().project();
            let Some(mut body) = this.body.as_mut().as_pin_mut() else {
                if *this.has_ended {
                    return Poll::Ready(None);
                }
                if let Err(error) = ready!(self.as_mut().poll_next_body(cx)) {
                    return self.end(Some(error));
                }
                continue;
            };
            if this.download.has_panicked() {
                return Poll::Pending;
            }
            let action = match ready!(body.as_mut().poll_frame(cx)) {
                // Only the data is moved: a frame has room for trailers, and copying that
                // takes as long as the rest of this function.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if this.download.advance(data.remaining()) => {
                        if !this.download.is_unbroken() {
                            this.download.note_end(body.is_end_stream());
                        }
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    Ok(data) => this.download.decide_data(data),
                    Err(trailers) => this.download.decide_trailers(trailers),
                },
                Some(Err(error)) => Action::Interrupt(Some(error)),
                None => Action::Interrupt(None),
            };
            let failure = match action {
                Action::Deliver(frame) => {
                    this.download.note_end(body.is_end_stream());
                    return Poll::Ready(Some(Ok(frame)));
                }
                Action::Drop => continue,
                Action::Fail(error) => return self.end(Some(error)),
                Action::Interrupt(failure) => failure,
            };
            match this.download.interrupt(failure) {
                // The connection is released before the wait.
                ControlFlow::Continue(()) => this.body.set(None),
                ControlFlow::Break(error) => return self.end(error),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Some(body) => {
                let is_whole = self.download.is_aligned() && !self.download.is_short();
                is_whole && body.is_end_stream()
            }
            None => self.has_ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.body, self.download.remaining()) {
            _ if self.has_ended => SizeHint::with_exact(0),
            (_, Some(bytes)) => SizeHint::with_exact(bytes),
            (Some(body), None) if self.download.is_aligned() => body.size_hint(),
            (_, None) => SizeHint::default(),
        }
    }
}

/// Shows the beginning of the client's body, before any of it is read.
#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
impl<F, P, M> PeekBody for ResumingBody<F, P, M>
where
    F: Requests<Body: PeekBody>,
    P: PolicyRef,
    M: SleepOf,
{
    fn peek(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], PeekBody::peek)
    }

    fn is_whole(&self) -> bool {
        self.body.as_ref().is_some_and(PeekBody::is_whole)
    }

    fn is_broken(&self) -> bool {
        self.body.as_ref().is_some_and(PeekBody::is_broken)
    }
}

impl<F, P, M> fmt::Debug for ResumingBody<F, P, M>
where
    F: Requests,
    P: PolicyRef,
    M: SleepOf,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumingBody")
            .field("offset", &self.offset())
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}
