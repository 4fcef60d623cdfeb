//! Simulated time: a clock that scripts can stop or set, sleeps on it, and an executor that
//! moves it.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use reattempt::Timer;

/// The clock that calls read, as a function of the time that really passes.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// What the clock shows at the start of the script.
    pub(crate) base: Duration,
    /// True if the clock stands still.
    pub(crate) stands: bool,
    /// At which times the clock jumps, and by how many seconds.
    pub(crate) jumps: Vec<(Duration, i64)>,
}

impl Clock {
    pub(crate) fn shown(&self, now: Duration) -> Duration {
        if self.stands {
            return self.base;
        }
        let mut shown = self.base.saturating_add(now);
        for (at, seconds) in &self.jumps {
            let jump = Duration::from_secs(seconds.unsigned_abs());
            match (*at <= now, *seconds > 0) {
                (true, true) => shown = shown.saturating_add(jump),
                (true, false) => shown = shown.saturating_sub(jump),
                (false, _) => {}
            }
        }
        shown
    }

    pub(crate) fn goes_back(&self) -> bool {
        self.jumps.iter().any(|(_, seconds)| *seconds < 0)
    }
}

/// The longest wait in simulated time, about three years; longer ones end early. A budget
/// counts a refill for 146 years, and a clock that saturates would hide what follows.
pub(crate) const LONGEST: Duration = Duration::from_secs(100_000_000);

/// What a sync wait panics with to end the call there.
pub(crate) struct Cut;

/// The time of one script. All times count from its start.
#[derive(Debug)]
pub(crate) struct World {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Duration,
    /// When the sleeps end that the last poll has met.
    deadlines: Vec<Duration>,
    /// When the running call is dropped.
    cut: Option<Duration>,
}

impl World {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }

    /// The time that really passed.
    pub(crate) fn time(&self) -> Duration {
        self.state().now
    }

    /// What the calls' clock shows.
    pub(crate) fn shown(&self) -> Duration {
        self.clock.shown(self.time())
    }

    /// Sets when the next call is dropped.
    pub(crate) fn set_cut(&self, cut: Option<Duration>) {
        self.state().cut = cut;
    }

    /// Lets time pass in code that cannot be dropped, such as a hook.
    pub(crate) fn pass(&self, time: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(time);
    }

    /// Waits for `time`, unless the call is to be dropped before.
    pub(crate) fn try_wait(&self, time: Duration) -> Result<(), Cut> {
        if time.is_zero() {
            return Ok(());
        }
        let mut state = self.state();
        let end = state.now.saturating_add(time.min(LONGEST));
        match state.cut {
            Some(cut) if cut < end => {
                state.now = state.now.max(cut);
                Err(Cut)
            }
            _ => {
                state.now = end;
                Ok(())
            }
        }
    }

    /// Lets other tasks run, unless the call is to be dropped before.
    pub(crate) fn try_yield(&self) -> Result<(), Cut> {
        let state = self.state();
        match state.cut {
            Some(cut) if cut <= state.now => Err(Cut),
            _ => Ok(()),
        }
    }

    /// Waits like [`try_wait`](Self::try_wait), and panics with [`Cut`].
    pub(crate) fn wait_or_panic(&self, time: Duration) {
        if let Err(cut) = self.try_wait(time) {
            resume_unwind(Box::new(cut));
        }
    }

    /// Runs `future` to its end, or drops it when the script says so.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Cut> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        for _ in 0..10_000 {
            self.state().deadlines.clear();
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(output);
            }
            let mut state = self.state();
            if state.cut.is_some_and(|cut| cut <= state.now) {
                return Err(Cut);
            }
            if woken.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            let next = state.deadlines.iter().min().copied();
            let next = next.expect("a pending call waits for a sleep");
            if let Some(cut) = state.cut.filter(|cut| *cut < next) {
                state.now = cut;
                return Err(Cut);
            }
            state.now = next;
        }
        panic!("the call is polled without end");
    }
}

/// The timer of a world.
#[derive(Clone, Debug)]
pub(crate) struct WorldTimer(pub(crate) Arc<World>);

impl Timer for WorldTimer {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.shown()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep {
            deadline: self.0.time().saturating_add(duration.min(LONGEST)),
            world: Arc::clone(&self.0),
        }
    }
}

/// A sleep that ends when the world's time reaches its deadline.
#[derive(Debug)]
pub(crate) struct Sleep {
    world: Arc<World>,
    deadline: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut state = self.world.state();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.deadlines.push(self.deadline);
        Poll::Pending
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
