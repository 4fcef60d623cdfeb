//! `Strategy`: the ways to back off that the program compares.

use std::time::Duration;

use reattempt::{Backoff, Jitter};

use crate::clamped::Clamped;

/// A way to back off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    None,
    Exponential,
    EqualJitter,
    FullJitter,
    /// The crate's own: it draws within the cap.
    Decorrelated,
    /// The one of the reference: it draws beyond the cap and clamps to it. It is not in the
    /// pictures.
    Clamped,
}

/// The model's first delay is twice its base of 5 ms.
const FIRST: Duration = Duration::from_millis(10);
/// Decorrelated jitter starts at the base itself.
const BASE: Duration = Duration::from_millis(5);
const CAP: Duration = Duration::from_secs(2);

/// From this number of clients on, decorrelated delays reach the cap often enough that clamping
/// to it takes longer than drawing within it.
const CAP_MATTERS: u32 = 60;

impl Strategy {
    pub(crate) const ALL: [Self; 6] = [
        Self::None,
        Self::Exponential,
        Self::EqualJitter,
        Self::FullJitter,
        Self::Decorrelated,
        Self::Clamped,
    ];

    /// Returns the name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "no backoff",
            Self::Exponential => "no jitter",
            Self::EqualJitter => "equal jitter",
            Self::FullJitter => "full jitter",
            Self::Decorrelated => "decorrelated",
            Self::Clamped => "clamped",
        }
    }

    /// Returns the name in the reference.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Exponential => "Exponential",
            Self::EqualJitter => "EqualJitter",
            Self::FullJitter => "FullJitter",
            Self::Decorrelated | Self::Clamped => "Decorr",
        }
    }

    /// Returns true if the reference has the means of this strategy under its [`key`](Self::key),
    /// and not those of another one. Does not check that the reference has this number of clients.
    pub(crate) fn matches_reference(self, clients: u32) -> bool {
        self != Self::Decorrelated || clients < CAP_MATTERS
    }

    /// Returns the delays of one client between its attempts.
    pub(crate) fn delays(self, seed: u64) -> Box<dyn Iterator<Item = Duration>> {
        let exponential = Backoff::exponential(FIRST).cap(CAP);
        let backoff = match self {
            Self::None => Backoff::none(),
            Self::Exponential => exponential.jitter(Jitter::None),
            Self::EqualJitter => exponential.jitter(Jitter::Equal),
            Self::FullJitter => exponential.jitter(Jitter::Full),
            Self::Decorrelated => Backoff::exponential(BASE)
                .cap(CAP)
                .jitter(Jitter::Decorrelated),
            Self::Clamped => return Box::new(Clamped::new(BASE, CAP, seed)),
        };
        Box::new(backoff.delays_seeded(seed))
    }
}
