//! `RetryLoop` and `BlockingLoop`.

use std::ops::ControlFlow;
use std::time::Duration;

use reattempt::{StopReason, Timer};

use crate::compare::round_up;
use crate::script::{Call, Quirk};
use crate::stage::{Policy, Stage, reply};
use crate::trace::Ended;
use crate::world::WorldTimer;

fn policy(stage: &Stage<'_>, call: &Call) -> Policy {
    stage.policy(stage.script.limits(call))
}

pub(crate) fn with_timer(stage: &Stage<'_>, call: &Call) {
    let policy = policy(stage, call);
    let timer = WorldTimer(stage.world.clone());
    // If the call is cut, its end cannot be observed.
    let _cut = stage.world.block_on(async {
        let mut calls = policy.start_with(timer.clone());
        if call.non_idempotent {
            calls = calls.non_idempotent();
        }
        loop {
            let number = calls.attempts() + 1;
            if call.quirk != Quirk::Forget(number) {
                let attempt = calls.next_attempt().await;
                stage.start_attempt(call, attempt);
            }
            timer.sleep(call.step(number).time).await;
            let result = reply(call, number);
            let verdict = stage.classifier().verdict(result.as_ref());
            let checked = if call.style.by_verdict {
                calls.check_as(verdict, result)
            } else {
                calls.check(result)
            };
            match checked {
                ControlFlow::Continue(event) => stage.hook(call, &event),
                ControlFlow::Break(result) => {
                    let ended = ended(calls.stop_reason(), calls.attempts(), calls.waited());
                    return stage.note_end(result, Some(ended));
                }
            }
        }
    });
}

pub(crate) fn blocking(stage: &Stage<'_>, call: &Call) {
    let policy = policy(stage, call);
    let mut calls = policy.start_blocking().sleep_with(|delay| {
        let is_jittered = stage.script.has_jitter();
        let delay = if is_jittered { delay } else { round_up(delay) };
        stage.world.wait_or_panic(delay);
    });
    if call.non_idempotent {
        calls = calls.non_idempotent();
    }
    loop {
        let number = calls.attempts() + 1;
        if call.quirk != Quirk::Forget(number) {
            let attempt = calls.next_attempt();
            stage.start_attempt(call, attempt);
        }
        let result = reply(call, number);
        let verdict = stage.classifier().verdict(result.as_ref());
        let checked = if call.style.by_verdict {
            calls.check_as(verdict, result)
        } else {
            calls.check(result)
        };
        match checked {
            ControlFlow::Continue(event) => stage.hook(call, &event),
            ControlFlow::Break(result) => {
                let ended = ended(calls.stop_reason(), calls.attempts(), calls.waited());
                return stage.note_end(result, Some(ended));
            }
        }
    }
}

const fn ended(reason: Option<StopReason>, attempts: u32, waited: Duration) -> Ended {
    Ended {
        reason: reason.expect("a loop that broke has ended"),
        attempts,
        waited,
        failures: None,
    }
}
