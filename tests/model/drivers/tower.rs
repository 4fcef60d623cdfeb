//! `RetryLayer`: requests of a tower stack.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::{Method, Request};
use reattempt::tower::RetryLayer;
use reattempt::{Attempt, Timer};
use tower::{Layer, Service};

use crate::script::{Call, Quirk};
use crate::stage::{Failure, Replied, Reply, Stage, reply};
use crate::world::WorldTimer;

/// The service below the layer.
struct Server<'s> {
    stage: &'s Stage<'s>,
    call: &'s Call,
}

impl Clone for Server<'_> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'s> Service<Request<()>> for Server<'s> {
    type Response = Reply;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Replied> + 's>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let Self { stage, call } = *self;
        Box::pin(async move {
            let attempt: Attempt = *request.extensions().get().expect("the layer adds it");
            stage.start_attempt(call, attempt);
            let timer = WorldTimer(stage.world.clone());
            timer.sleep(call.step(attempt.number()).time).await;
            reply(call, attempt.number())
        })
    }
}

/// The layer has set the timeout.
macro_rules! finish_timed {
    ($stage:expr, $call:expr, $prepared:expr) => {{
        let prepared = $prepared;
        if $call.long_polling {
            await_end!($stage, $call, prepared.long_polling());
        } else {
            await_end!($stage, $call, prepared);
        }
    }};
}

pub(crate) fn layered(stage: &Stage<'_>, call: &Call) {
    let policy = stage.policy(stage.script.limits);
    let timer = WorldTimer(stage.world.clone());
    let clones = Rc::new(std::cell::Cell::new(0));
    let layer = RetryLayer::new(policy)
        .timer(timer)
        .clone_with(move |request: &Request<()>| {
            clones.set(clones.get() + 1);
            let unclonable = call.quirk == Quirk::Unclonable(clones.get());
            (!unclonable).then(|| request.clone())
        });
    // The layer reads from the method whether it may send the request again.
    let method = if call.non_idempotent {
        Method::POST
    } else {
        Method::GET
    };
    let request = Request::builder()
        .method(method)
        .body(())
        .expect("a request");
    let _cut = stage.world.block_on(async {
        let server = Server { stage, call };
        match call.attempt_timeout {
            None => {
                let prepared = layer.layer(server).call(request);
                with_settings!(stage, call, prepared, finish_async);
            }
            Some(limit) => {
                let prepared = layer.attempt_timeout(limit).layer(server).call(request);
                with_settings!(stage, call, prepared, finish_timed);
            }
        }
    });
}
