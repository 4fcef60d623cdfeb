//! Random scripts.

use std::time::Duration;

use reattempt::{Jitter, ServerHint, Verdict};

use crate::random::{Random, halves};
use crate::script::{
    Attempts, Bucket, Call, KINDS, Limits, Plan, Quirk, Refill, SUCCESS, Script, Shape, Step, Style,
};
use crate::world::Clock;

const YEAR: u64 = 31_557_600;

/// Returns the script of this seed.
pub(crate) fn script(seed: u64) -> Script {
    let r = &mut Random::new(seed);
    // Sync calls can only take part if nothing but waits takes time.
    let only_waits = r.one_in(2);
    let jitter = r.one_in(5);
    let bucket = r.maybe(2, |r| bucket(r, only_waits));
    let refills = bucket.is_some_and(|bucket| bucket.refill.is_some());
    let has_observer = r.one_in(2) || (jitter && !r.one_in(8));
    Script {
        seed,
        backoff: plan(r, jitter, only_waits),
        throttling: r.maybe(4, |r| plan(r, jitter, only_waits)),
        hints: hints(r),
        limits: Limits {
            attempts: match r.below(8) {
                0 => Attempts::Default,
                1 => Attempts::Unlimited,
                _ => Attempts::Most(r.below(8)),
            },
            elapsed: r.maybe(4, |r| r.half_seconds(60)),
        },
        budget: bucket,
        limiter: r.maybe(4, |r| {
            let answers = 1 + r.below(8);
            (0..answers)
                .map(|_| limiter_answer(r, only_waits))
                .collect()
        }),
        has_observer,
        slow_observer: has_observer && r.one_in(2),
        on_timeout: verdict(r),
        clock: clock(r, only_waits, refills),
        calls: {
            let calls = 1 + r.below(4);
            let quirk = r.below(24);
            (0..calls).map(|_| call(r, only_waits, quirk)).collect()
        },
    }
}

fn limiter_answer(r: &mut Random, only_waits: bool) -> Option<Duration> {
    if r.one_in(2) {
        return None;
    }
    // A sync call blocks its thread for 10 ms if a wait for the limiter ends early by the
    // process's clock, so few scripts of sync calls have one.
    if only_waits && !r.one_in(32) {
        return Some(Duration::ZERO);
    }
    Some(r.half_seconds(8))
}

/// Mostly a few seconds, sometimes more than anybody waits.
fn duration(r: &mut Random) -> Duration {
    match r.below(60) {
        0 => Duration::MAX,
        1 => Duration::from_secs(1000 * YEAR),
        2 => halves(2 * 86_400),
        _ => r.half_seconds(10),
    }
}

fn plan(r: &mut Random, jitter: bool, only_waits: bool) -> Plan {
    let base = duration(r);
    let is_small = base < halves(1000);
    let shape = match r.below(10) {
        0 => Shape::None,
        1 | 2 => Shape::Constant(base),
        3 => Shape::Fibonacci(base),
        4 => Shape::Function,
        5 | 6 => Shape::Linear(base),
        // A factor of 1.5 makes fractions, which sync calls cannot compare.
        _ if is_small && !only_waits => Shape::Exponential(base, r.pick(&[0, 2, 3, 4, 6])),
        _ => Shape::Exponential(base, r.pick(&[0, 1, 2, 4, 6, 20])),
    };
    let kinds = [
        Jitter::Full,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::Proportional(0.1),
        Jitter::Proportional(1.0),
        Jitter::Proportional(7.0),
        Jitter::Proportional(-1.0),
        Jitter::Proportional(f64::NAN),
    ];
    Plan {
        shape,
        cap: r.maybe(2, duration),
        jitter: if jitter { r.pick(&kinds) } else { Jitter::None },
    }
}

fn hints(r: &mut Random) -> ServerHint {
    let most = duration(r);
    match r.below(5) {
        0 => ServerHint::Ignore,
        1 => ServerHint::Bounded { slack: most },
        2 => ServerHint::Exact { max: most },
        3 => ServerHint::Honor { max: most },
        _ => ServerHint::default(),
    }
}

fn bucket(r: &mut Random, only_waits: bool) -> Bucket {
    if r.one_in(8) {
        // AWS's own quota.
        return Bucket {
            capacity: 500,
            ratio: None,
            costs: None,
            start: r.maybe(2, |r| r.below(60)),
            refill: None,
        };
    }
    let ratio = r.maybe(2, |r| r.pick(&[0, 100, 250, 500, 1000, 2000]));
    let small = ratio.is_some() || r.one_in(3);
    let rates: &[u32] = if only_waits {
        // So slow that the time of the test itself adds nothing.
        &[10]
    } else {
        &[100, 500, 1000, 2000, 4000]
    };
    Bucket {
        capacity: r.below(if small { 8 } else { 60 }),
        ratio,
        costs: r.maybe(3, |r| (r.below(4), r.below(4))),
        start: r.maybe(4, |r| r.below(10)),
        refill: r.maybe(3, |r| {
            if r.one_in(6) {
                Refill::Infinite
            } else {
                Refill::Rate(r.pick(rates))
            }
        }),
    }
}

fn clock(r: &mut Random, only_waits: bool, refills: bool) -> Clock {
    let is_good = only_waits || !r.one_in(3);
    // A refilling budget reads the process's clock too, unless it is years away.
    let base = if refills {
        Duration::from_secs(100 * YEAR)
    } else {
        r.pick(&[Duration::ZERO, halves(7), Duration::from_secs(56 * YEAR)])
    };
    let jumps = if is_good { 0 } else { r.below(4) };
    let goes_back = r.one_in(2);
    Clock {
        base,
        stands: !is_good && r.one_in(3),
        jumps: (0..jumps)
            .map(|_| {
                let seconds = r.pick(&[1, 10, 3600, 31_557_600]);
                let sign = if goes_back && r.one_in(2) { -1 } else { 1 };
                (r.half_seconds(40), sign * seconds)
            })
            .collect(),
    }
}

fn verdict(r: &mut Random) -> Verdict {
    match r.below(14) {
        0 | 1 => Verdict::Success,
        2 => Verdict::Permanent,
        _ => Verdict::Retry {
            kind: r.pick(&KINDS),
            after: r.maybe(3, duration),
        },
    }
}

fn step(r: &mut Random, only_waits: bool, throttled: bool) -> Step {
    let verdict = match verdict(r) {
        Verdict::Retry { after, .. } if throttled => Verdict::Retry {
            kind: KINDS[1],
            after,
        },
        verdict => verdict,
    };
    let takes_time = !only_waits && r.one_in(2);
    Step {
        verdict,
        is_ok: match verdict {
            Verdict::Success => !r.one_in(6),
            _ => r.one_in(4),
        },
        time: if takes_time {
            r.half_seconds(8)
        } else {
            Duration::ZERO
        },
        report: if takes_time && r.one_in(2) {
            r.half_seconds(16)
        } else {
            Duration::ZERO
        },
    }
}

fn call(r: &mut Random, only_waits: bool, quirk: u32) -> Call {
    let steps = r.below(9);
    let throttled = r.one_in(8);
    let number = 1 + r.below(4);
    let quirk = match quirk {
        0 => Quirk::Forget(number),
        1 => Quirk::Unclonable(number),
        2 => Quirk::Panic(number),
        _ => Quirk::None,
    };
    // Never a multiple of half a second, so that nothing else happens then.
    let cut = r.maybe(8, |r| r.half_seconds(40) + Duration::from_millis(137));
    Call {
        attempts: r.maybe(6, |r| r.below(8)),
        elapsed: r.maybe(8, |r| r.half_seconds(60)),
        non_idempotent: r.one_in(6),
        long_polling: r.one_in(3),
        attempt_timeout: if only_waits {
            None
        } else {
            r.maybe(4, |r| r.half_seconds(8))
        },
        steps: match steps {
            // The call that benchmarks measure: it succeeds at once.
            0 => vec![SUCCESS],
            _ => (0..steps).map(|_| step(r, only_waits, throttled)).collect(),
        },
        // A loop that has not started is not a call yet, so it cannot be cut.
        cut: cut.filter(|_| !matches!(quirk, Quirk::Forget(_))),
        quirk,
        style: Style {
            by_verdict: r.one_in(2),
            own_classifier: r.one_in(4),
            has_hook: r.one_in(2),
            with_outcome: r.one_in(2),
        },
    }
}
