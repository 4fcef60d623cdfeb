//! Layers for tower stacks.
//!
//! [`RetryLayer`] retries the requests of a service. It knows the method of a request, and
//! sends a clone of the request for each attempt. [`BufferErrorLayer`] (feature `aws`) reads
//! the bodies of error responses, so that the classifier finds the error code in them.
//!
//! Order the layers like this:
//!
//! | layer | why there |
//! | --- | --- |
//! | layers for the whole call, such as a time limit | they see one request and one response |
//! | [`RetryLayer`] | each attempt passes the layers below |
//! | [`BufferErrorLayer`] | the classifier needs the body |
//! | the layer that signs | a signature has a date, so each attempt needs its own |
//!
//! ```
//! # #[cfg(feature = "tokio")] {
//! use std::time::Duration;
//! use http::{Request, Response};
//! use reattempt::tower::RetryLayer;
//! use tower::ServiceBuilder;
//!
//! # async fn send(_: Request<String>) -> std::io::Result<Response<String>> {
//! #     Ok(Response::new(String::new()))
//! # }
//! let service = ServiceBuilder::new()
//!     .layer(
//!         RetryLayer::new(reattempt::http::policy())
//!             // An attempt that takes longer is cut and retried.
//!             .attempt_timeout(Duration::from_secs(5)),
//!     )
//!     .service_fn(send);
//! # let _ = service;
//! # }
//! ```
//!
//! | requests | layer |
//! | --- | --- |
//! | `http::Request` with a body that is `Clone` | [`RetryLayer::new`] |
//! | `http::Request` with a body that can be cloned sometimes | [`clone_with`](RetryLayer::clone_with) |
//! | of any other type | [`RetryLayer::cloning`] |

#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
pub use crate::aws::layer::{BufferErrorFuture, BufferErrorLayer, BufferErrorService};
pub use crate::call::tower::{
    AttemptLimit, AttemptTimeout, CloneAny, CloneRequest, CloneWhole, CloneWith, Exchange,
    NoTimeout, ResponseFuture, RetryLayer, RetryService, Sender,
};
