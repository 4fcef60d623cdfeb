//! Settings of a call. Macros, because most setters change the type of the call.

/// Gives the call its settings, then passes it to the macro `$finish`.
macro_rules! with_settings {
    ($stage:expr, $call:expr, $prepared:expr, $finish:ident) => {{
        let mut prepared = $prepared;
        if let Some(attempts) = $call.attempts {
            prepared = prepared.max_attempts(attempts);
        }
        if let Some(limit) = $call.elapsed {
            prepared = prepared.max_elapsed(limit);
        }
        match ($call.style.own_classifier, $call.needs_hook()) {
            (false, false) => $finish!($stage, $call, prepared),
            (false, true) => $finish!(
                $stage,
                $call,
                prepared.on_retry(|event| $stage.hook($call, event))
            ),
            (true, false) => $finish!($stage, $call, prepared.classify($stage.classifier())),
            (true, true) => {
                let prepared = prepared.classify($stage.classifier());
                $finish!(
                    $stage,
                    $call,
                    prepared.on_retry(|event| $stage.hook($call, event))
                );
            }
        }
    }};
}

macro_rules! finish_async {
    ($stage:expr, $call:expr, $prepared:expr) => {{
        let prepared = $prepared;
        match ($call.long_polling, $call.attempt_timeout) {
            (false, None) => await_end!($stage, $call, prepared),
            (true, None) => await_end!($stage, $call, prepared.long_polling()),
            (false, Some(limit)) => {
                await_end!($stage, $call, prepared.attempt_timeout(limit));
            }
            (true, Some(limit)) => {
                let prepared = prepared.long_polling();
                await_end!($stage, $call, prepared.attempt_timeout(limit));
            }
        }
    }};
}

macro_rules! await_end {
    ($stage:expr, $call:expr, $prepared:expr) => {{
        if $call.style.with_outcome {
            let outcome = $prepared.outcome().await;
            let ended = $crate::stage::ended(&outcome.summary);
            $stage.note_end(outcome.result, Some(ended));
        } else {
            $stage.note_end($prepared.await, None);
        }
    }};
}

macro_rules! finish_blocking {
    ($stage:expr, $call:expr, $prepared:expr) => {{
        let mut prepared = $prepared;
        if $call.long_polling {
            prepared = prepared.long_polling();
        }
        if $call.style.with_outcome {
            let outcome = prepared.outcome();
            let ended = $crate::stage::ended(&outcome.summary);
            $stage.note_end(outcome.result, Some(ended));
        } else {
            $stage.note_end(prepared.call(), None);
        }
    }};
}
