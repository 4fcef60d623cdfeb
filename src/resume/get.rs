//! `get`: the first request of a body that resumes.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::ResumingBody;
use super::download::ResponseOf;
use super::range::Range;
use super::requests::{Plan, Requests, Rules, Stage};
use crate::call::{DefaultTimer, PolicyRef, RetryLoop, SleepOf};
use crate::classify::Classify;
use crate::timer::Timer;

/// Gets an object, whose body is requested again where it breaks.
///
/// `requests` sends one GET each time it is called. It adds the headers of the [`Range`] to
/// the request, then signs it if it has to be signed. `policy` decides which failures are
/// retried: those of the first request, those of the body and those of later requests. Pass
/// `&policy`, or an `Arc` for a body that is `'static`.
///
/// Nothing is sent before [`send`](Get::send) is called and its future is awaited.
///
/// ```
/// use std::convert::Infallible;
/// use http::Response;
/// use http_body_util::{BodyExt, Full};
/// use reattempt::resume;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # #[cfg(feature = "tokio")]
/// # runtime.block_on(async {
/// let policy = reattempt::http::policy();
/// let response = resume::get(&policy, |range| async move {
///     // Send a request with `range.into_headers()` here.
/// #   let _ = range.into_headers();
///     Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("all of it")))
/// })
/// .send()
/// .await
/// .expect("an in-memory response");
/// let body = response.into_body().collect().await.expect("an in-memory body");
/// assert_eq!(body.to_bytes(), "all of it");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn get<P, F, Fut, B, E>(policy: P, requests: F) -> Get<F, P>
where
    P: PolicyRef,
    F: FnMut(Range) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    Get {
        plan: Plan {
            requests,
            calls: RetryLoop::new(policy, DefaultTimer),
            has_panicked: false,
            rules: Rules::default(),
        },
    }
}

/// A GET of an object that is being prepared. Created by [`get`].
#[must_use = "nothing is sent before `send` is called"]
pub struct Get<F, P: PolicyRef, M = DefaultTimer> {
    plan: Plan<F, P, M>,
}

impl<F: Requests, P: PolicyRef, M: SleepOf> Get<F, P, M> {
    /// Sends `If-Match` with later requests instead of `If-Range`.
    ///
    /// If the object has changed, the server then answers with a 412 and no body, instead of
    /// the whole new object. Use it for a server that does not know `If-Range`. The `ETag` is
    /// checked either way. Default: off.
    pub const fn if_match(mut self) -> Self {
        self.plan.rules.sends_if_match = true;
        self
    }

    /// Resumes bodies without a strong `ETag` too. Default: off.
    ///
    /// A weak `ETag`, `Last-Modified` and the length are still compared, if both responses
    /// have them. An object that changes between two requests may not be noticed, and the
    /// body is then a mix of both versions. Use it for objects that never change.
    pub const fn without_etag(mut self) -> Self {
        self.plan.rules.needs_no_etag = true;
        self
    }

    /// Uses `timer` for waiting. `&T` is also a `Timer` if `T` is. Default: tokio's.
    pub fn timer<N: Timer>(self, timer: N) -> Get<F, P, N> {
        Get {
            plan: Plan {
                requests: self.plan.requests,
                calls: self.plan.calls.timer(timer),
                rules: self.plan.rules,
                has_panicked: false,
            },
        }
    }

    /// Sends the first request. Returns a future of its response.
    ///
    /// If the last response is an error, it is returned as it is. Its body is not resumed.
    ///
    /// # Errors
    ///
    /// Returns the error of the last request, if the policy does not allow another attempt.
    pub fn send(self) -> FirstResponse<F, P, M> {
        FirstResponse {
            plan: Some(self.plan),
            stage: Stage::Idle,
        }
    }

    /// Wraps a response that has already been received, so that its body resumes. No first
    /// request is sent.
    ///
    /// Use it for a response that other code has requested, such as a stack of tower layers.
    /// The response must be one to a GET.
    ///
    /// ```
    /// use std::io;
    /// use http::Response;
    /// use http_body_util::Full;
    /// use reattempt::resume;
    ///
    /// type Body = Full<bytes::Bytes>;
    ///
    /// async fn send(range: resume::Range) -> io::Result<Response<Body>> {
    /// #   let _ = range;
    ///     // One request.
    /// #   Ok(Response::new(Body::default()))
    /// }
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # #[cfg(feature = "tokio")]
    /// # runtime.block_on(async {
    /// let policy = reattempt::http::policy();
    /// let first = Response::new(Body::from("all of it"));
    /// let response = resume::get(&policy, send).continue_from(first);
    /// assert_eq!(response.body().offset(), 0);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn continue_from(self, response: ResponseOf<F>) -> Response<ResumingBody<F, P, M>> {
        ResumingBody::wrap(self.plan, response)
    }
}

impl<F, P: PolicyRef, M> fmt::Debug for Get<F, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of a first response. Created by [`Get::send`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct FirstResponse<F, P, M = DefaultTimer>
    where
        F: Requests,
        P: PolicyRef,
        M: SleepOf,
    {
        // None after the end.
        plan: Option<Plan<F, P, M>>,
        #[pin]
        stage: Stage<F::Future, M::Sleep>,
    }
}

impl<F, P, M> Future for FirstResponse<F, P, M>
where
    F: Requests,
    P: PolicyRef<Classifier: Classify<ResponseOf<F>, F::Error>>,
    M: Timer,
{
    type Output = Result<Response<ResumingBody<F, P, M>>, F::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let Some(plan) = this.plan else {
                // Polled after its end, which no executor does.
                return Poll::Pending;
            };
            let stage = this.stage.as_mut();
            let result = ready!(stage.poll_response(plan, Range::whole, cx));
            let ControlFlow::Break(result) = plan.run(|plan| plan.calls.check(result)) else {
                continue;
            };
            if let Some(plan) = this.plan.take() {
                return Poll::Ready(result.map(|response| ResumingBody::wrap(plan, response)));
            }
        }
    }
}

impl<F: Requests, P: PolicyRef, M: SleepOf> fmt::Debug for FirstResponse<F, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstResponse").finish_non_exhaustive()
    }
}
