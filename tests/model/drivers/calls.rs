//! `retry`, `retry_owned` and `retry_blocking`, with the settings of a call.

use std::sync::Arc;

use reattempt::{Attempt, Timer};

use crate::script::Call;
use crate::stage::{Replied, Stage, reply};
use crate::world::WorldTimer;

/// One attempt of an async driver.
async fn operation(stage: &Stage<'_>, call: &Call, attempt: Attempt) -> Replied {
    stage.start_attempt(call, attempt);
    let timer = WorldTimer(stage.world.clone());
    timer.sleep(call.step(attempt.number()).time).await;
    reply(call, attempt.number())
}

pub(crate) fn borrowed(stage: &Stage<'_>, call: &Call) {
    let policy = stage.policy(stage.script.limits);
    let timer = WorldTimer(stage.world.clone());
    // If the call is cut, its end cannot be observed.
    let _cut = stage.world.block_on(async {
        let mut prepared = policy.retry(|attempt| operation(stage, call, attempt));
        if call.non_idempotent {
            prepared = prepared.non_idempotent();
        }
        with_settings!(stage, call, prepared.timer(timer), finish_async);
    });
}

pub(crate) fn owned(stage: &Stage<'_>, call: &Call) {
    let policy = Arc::new(stage.policy(stage.script.limits));
    let timer = WorldTimer(stage.world.clone());
    let _cut = stage.world.block_on(async {
        let mut prepared = policy.retry_owned(|attempt| operation(stage, call, attempt));
        if call.non_idempotent {
            prepared = prepared.non_idempotent();
        }
        with_settings!(stage, call, prepared.timer(timer), finish_async);
    });
}

pub(crate) fn blocking(stage: &Stage<'_>, call: &Call) {
    let policy = stage.policy(stage.script.limits);
    let mut prepared = policy.retry_blocking(|attempt| {
        stage.start_attempt(call, attempt);
        reply(call, attempt.number())
    });
    if call.non_idempotent {
        prepared = prepared.non_idempotent();
    }
    let prepared = prepared.sleep_with(|delay| stage.world.wait_or_panic(delay));
    with_settings!(stage, call, prepared, finish_blocking);
}
