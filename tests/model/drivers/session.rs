//! `Session`, driven by hand.

use std::time::Duration;

use reattempt::Decision;

use crate::script::Call;
use crate::stage::{Stage, reply};
use crate::trace::Ended;
use crate::world::{Cut, World};

pub(crate) fn by_hand(stage: &Stage<'_>, call: &Call) {
    let _: Result<(), Cut> = try_make(stage, call);
}

fn try_make(stage: &Stage<'_>, call: &Call) -> Result<(), Cut> {
    let world = &stage.world;
    let policy = stage.policy(stage.script.limits(call));
    let mut session = policy.start_at(world.shown());
    if call.non_idempotent {
        session = session.non_idempotent();
    }
    if call.long_polling {
        session = session.long_polling();
    }
    loop {
        while let Err(wait) = session.admit(world.shown()) {
            obey_limiter(world, wait)?;
        }
        let attempt = session.attempt();
        let number = attempt.number();
        stage.start_attempt(call, attempt);
        world.try_wait(call.step(number).time)?;
        let result = reply(call, number);
        let now = world.shown();
        let decision = if call.style.by_verdict {
            session.decide_as(stage.classifier().verdict(result.as_ref()), now)
        } else {
            session.decide(result.as_ref(), now)
        };
        match decision {
            Decision::Stop(reason) => {
                assert_eq!(session.stop_reason(), Some(reason));
                let ended = Ended {
                    reason,
                    attempts: session.attempts(),
                    waited: session.waited(),
                    failures: None,
                };
                world.try_wait(session.last_wait().unwrap_or_default())?;
                stage.note_end(result, Some(ended));
                return Ok(());
            }
            Decision::RetryAfter(delay) => {
                stage.report(call, number);
                if let Err(cut) = world.try_wait(delay) {
                    if call.style.with_outcome {
                        session.cancel();
                    }
                    return Err(cut);
                }
            }
        }
    }
}

/// Waits as the limiter says; zero lets other tasks run.
fn obey_limiter(world: &World, wait: Duration) -> Result<(), Cut> {
    if wait.is_zero() {
        return world.try_yield();
    }
    world.try_wait(wait)
}
