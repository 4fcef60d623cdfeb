//! `buffer_error`, which reads an error body without consuming it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// A body whose beginning can be read without consuming it.
///
/// [`AwsClassifier`](crate::aws::AwsClassifier) reads the error code through this trait. It
/// is implemented for bodies in memory and for [`Buffered`]. Implement it for your own body
/// type if the client already holds the bytes.
///
/// ```
/// use reattempt::aws::PeekBody;
///
/// struct Text(String);
///
/// impl PeekBody for Text {
///     fn peek(&self) -> &[u8] {
///         self.0.as_bytes()
///     }
/// }
///
/// let body = Text("{}".to_owned());
/// assert_eq!((body.peek(), body.is_whole()), (&b"{}"[..], true));
/// ```
#[diagnostic::on_unimplemented(
    message = "the error code in a body of type `{Self}` cannot be read",
    note = "read error bodies in the operation, with `aws::buffer_error(response, 64 * 1024).await`, or return an `http::Response<Vec<u8>>`"
)]
pub trait PeekBody {
    /// Returns the beginning of the body, as far as it can be read without waiting.
    fn peek(&self) -> &[u8];

    /// Returns true if [`peek`](Self::peek) returns the whole body. The default is true.
    fn is_whole(&self) -> bool {
        true
    }

    /// Returns true if the body failed while it was read. The default is false.
    fn is_broken(&self) -> bool {
        false
    }
}

impl<B: PeekBody + ?Sized> PeekBody for &B {
    fn peek(&self) -> &[u8] {
        (**self).peek()
    }

    fn is_whole(&self) -> bool {
        (**self).is_whole()
    }

    fn is_broken(&self) -> bool {
        (**self).is_broken()
    }
}

impl PeekBody for [u8] {
    fn peek(&self) -> &[u8] {
        self
    }
}

impl PeekBody for str {
    fn peek(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PeekBody for Vec<u8> {
    fn peek(&self) -> &[u8] {
        self
    }
}

impl PeekBody for String {
    fn peek(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PeekBody for Bytes {
    fn peek(&self) -> &[u8] {
        self
    }
}

impl PeekBody for () {
    fn peek(&self) -> &[u8] {
        &[]
    }
}

/// Reads the body of an error response into memory, up to `limit` bytes, so that a
/// classifier can find the error code in it.
///
/// The body of any other response is not read. The returned body yields every byte: first
/// the bytes that were read, then the rest of the body. At most `limit` bytes and one more
/// frame are kept in memory.
///
/// A few S3 operations (`CopyObject`, `UploadPartCopy`, `CompleteMultipartUpload`) may send
/// an error inside a 200, which this function does not read. Read the whole body of such a
/// response in the operation.
///
/// # Errors
///
/// Returns the error of the body if it fails while it is read. The attempt has then failed.
///
/// ```
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
/// use http_body_util::{BodyExt, Full};
/// use reattempt::aws::{PeekBody, ServiceError, buffer_error};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let mut response = Response::new(Full::<Bytes>::from(r#"{"__type":"ThrottlingException"}"#));
/// *response.status_mut() = StatusCode::BAD_REQUEST;
///
/// let response = buffer_error(response, 64 * 1024).await?;
/// let error = ServiceError::from_response(&response).expect("a 400");
/// assert_eq!(error.code(), Some("ThrottlingException"));
/// assert_eq!(response.into_body().collect().await?.to_bytes().len(), 32);
/// # Ok::<(), std::convert::Infallible>(())
/// # }).expect("an in-memory body");
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn buffer_error<B: Body>(
    response: Response<B>,
    limit: usize,
) -> Result<Response<Buffered<B>>, B::Error> {
    let (head, mut body) = BufferError::new(response, limit).await.into_parts();
    match &mut body.rest {
        Rest::Broken { error } => match error.take() {
            Some(error) => Err(error),
            None => Ok(Response::from_parts(head, body)),
        },
        _ => Ok(Response::from_parts(head, body)),
    }
}

/// The future behind [`buffer_error`]. It never fails: if the body fails while it is read,
/// the returned body yields that error after the bytes before it.
#[must_use = "futures do nothing unless awaited"]
pub(crate) enum BufferError<B> {
    Untouched(Response<B>),
    Reading(Box<Reading<B>>),
    Done,
}

pub(crate) struct Reading<B> {
    head: Response<()>,
    body: Pin<Box<B>>,
    kept: Bytes,
    limit: usize,
}

// The body of an untouched response is moved but never polled here.
impl<B> Unpin for BufferError<B> {}

impl<B: Body> BufferError<B> {
    pub(crate) fn new(response: Response<B>, limit: usize) -> Self {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return Self::Untouched(response);
        }
        let (parts, body) = response.into_parts();
        Self::Reading(Box::new(Reading {
            head: Response::from_parts(parts, ()),
            body: Box::pin(body),
            kept: Bytes::new(),
            limit,
        }))
    }
}

impl<B: Body> Future for BufferError<B> {
    type Output = Response<Buffered<B>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let read_end = match &mut *self {
            Self::Reading(reading) => ready!(reading.poll(cx)),
            Self::Untouched(_) | Self::Done => ReadEnd::Limit,
        };
        match std::mem::replace(&mut *self, Self::Done) {
            Self::Untouched(response) => Poll::Ready(response.map(|body| Buffered {
                kept: Bytes::new(),
                rest: Rest::Untouched { body },
            })),
            Self::Reading(reading) => {
                let Reading {
                    head, kept, body, ..
                } = *reading;
                let rest = match read_end {
                    ReadEnd::End(trailers) => Rest::Ended { trailers },
                    ReadEnd::Failure(error) => Rest::Broken { error: Some(error) },
                    ReadEnd::Limit => Rest::Boxed { body },
                };
                Poll::Ready(head.map(|()| Buffered { kept, rest }))
            }
            // Executors do not poll a future again after it was ready.
            Self::Done => Poll::Pending,
        }
    }
}

/// The reason why reading a body stopped.
enum ReadEnd<E> {
    End(Option<HeaderMap>),
    Failure(E),
    Limit,
}

impl<B: Body> Reading<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ReadEnd<B::Error>> {
        while self.kept.len() < self.limit {
            let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(ReadEnd::Failure(error)),
                None => return Poll::Ready(ReadEnd::End(None)),
            };
            match frame.into_data() {
                Ok(data) => self.keep(data),
                Err(frame) => return Poll::Ready(ReadEnd::End(frame.into_trailers().ok())),
            }
        }
        Poll::Ready(if self.body.is_end_stream() {
            ReadEnd::End(None)
        } else {
            ReadEnd::Limit
        })
    }

    fn keep(&mut self, mut data: B::Data) {
        let data = data.copy_to_bytes(data.remaining());
        if self.kept.is_empty() {
            self.kept = data;
        } else {
            // The kept bytes are not shared yet, so this does not copy them.
            let mut kept = BytesMut::from(std::mem::take(&mut self.kept));
            kept.extend_from_slice(&data);
            self.kept = kept.freeze();
        }
    }
}

pin_project! {
    /// The body that [`buffer_error`] returns. It yields every byte of the original body.
    ///
    /// For an error response, [`peek`](PeekBody::peek) returns the bytes that were read. For
    /// any other response it returns nothing.
    pub struct Buffered<B>
    where
        B: Body,
    {
        // Bytes that were read and not yielded yet.
        kept: Bytes,
        #[pin]
        rest: Rest<B>,
    }
}

pin_project! {
    #[project = RestProjection]
    enum Rest<B>
    where
        B: Body,
    {
        Untouched { #[pin] body: B },
        Boxed { body: Pin<Box<B>> },
        Broken { error: Option<B::Error> },
        Ended { trailers: Option<HeaderMap> },
    }
}

impl<B: Body> fmt::Debug for Buffered<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffered")
            .field("kept", &self.kept.len())
            .field("is_whole", &self.is_whole())
            .finish_non_exhaustive()
    }
}

impl<B: Body> PeekBody for Buffered<B> {
    fn peek(&self) -> &[u8] {
        &self.kept
    }

    fn is_whole(&self) -> bool {
        matches!(self.rest, Rest::Ended { .. })
    }

    fn is_broken(&self) -> bool {
        matches!(self.rest, Rest::Broken { error: Some(_) })
    }
}

impl<B: Body> Body for Buffered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if !this.kept.is_empty() {
            let kept = std::mem::take(this.kept);
            return Poll::Ready(Some(Ok(Frame::data(kept))));
        }
        let frame = match this.rest.project() {
            RestProjection::Untouched { body } => ready!(body.poll_frame(cx)),
            RestProjection::Boxed { body } => ready!(body.as_mut().poll_frame(cx)),
            RestProjection::Broken { error } => return Poll::Ready(error.take().map(Err)),
            RestProjection::Ended { trailers } => {
                return Poll::Ready(trailers.take().map(Frame::trailers).map(Ok));
            }
        };
        let to_bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(to_bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.kept.is_empty()
            && match &self.rest {
                Rest::Untouched { body } => body.is_end_stream(),
                Rest::Boxed { body } => body.is_end_stream(),
                Rest::Broken { error } => error.is_none(),
                Rest::Ended { trailers } => trailers.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let rest = match &self.rest {
            Rest::Untouched { body } => body.size_hint(),
            Rest::Boxed { body } => body.size_hint(),
            Rest::Broken { .. } => SizeHint::new(),
            Rest::Ended { .. } => SizeHint::with_exact(0),
        };
        let kept = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        let mut hint = SizeHint::new();
        // Set the upper bound first, because it may not be below the lower one.
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(kept));
        }
        hint.set_lower(rest.lower().saturating_add(kept));
        hint
    }
}
