//! `StatusRules`: the verdict on a status code, with the caller's overrides.

use std::fmt;

use http::StatusCode;

use crate::classify::{ErrorKind, Verdict};

/// The verdict on each status code: the table of the [module](crate::http),
/// changed by `also_retry` and `never_retry`.
///
/// A [`JudgeTransport`](crate::http::JudgeTransport) receives it to judge an
/// error that contains a status.
#[derive(Clone, Copy, Debug)]
pub struct StatusRules {
    pub(super) also_retry: StatusSet,
    pub(super) never_retry: StatusSet,
}

impl StatusRules {
    pub(super) const TABLE: Self = Self {
        also_retry: StatusSet::EMPTY,
        never_retry: StatusSet::EMPTY,
    };

    pub(super) const fn also_retry(self, status: StatusCode) -> Self {
        Self {
            also_retry: self.also_retry.with(status),
            never_retry: self.never_retry.without(status),
        }
    }

    pub(super) const fn never_retry(self, status: StatusCode) -> Self {
        Self {
            also_retry: self.also_retry.without(status),
            never_retry: self.never_retry.with(status),
        }
    }

    /// Returns true if `never_retry` was the last override for this status.
    pub(super) const fn never_retries(&self, status: StatusCode) -> bool {
        self.never_retry.contains(status)
    }

    /// Returns the verdict on a response with this status.
    #[must_use]
    pub const fn judge_status(&self, status: StatusCode) -> Verdict {
        match status.as_u16() {
            400..600 if self.never_retries(status) => Verdict::Permanent,
            429 => Verdict::retry(ErrorKind::Throttling),
            500..600 => Verdict::retry(ErrorKind::Server),
            _ if self.also_retry.contains(status) => Verdict::retry(ErrorKind::Transient),
            400..500 => Verdict::Permanent,
            _ => Verdict::Success,
        }
    }
}

/// A set of status codes.
#[derive(Clone, Copy)]
pub(super) struct StatusSet {
    /// One bit per code: 900 codes, from 100 to 999, fit into 15 words.
    words: [u64; 15],
}

impl StatusSet {
    const EMPTY: Self = Self { words: [0; 15] };

    /// Returns the index of the word for this status, and the bit inside it.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a StatusCode is at least 100 and at most 999"
    )]
    const fn place(status: StatusCode) -> (usize, u64) {
        let index = status.as_u16() - 100;
        ((index / 64) as usize, 1 << (index % 64))
    }

    #[expect(clippy::indexing_slicing, reason = "900 codes fit into 15 words")]
    const fn with(mut self, status: StatusCode) -> Self {
        let (word, bit) = Self::place(status);
        self.words[word] |= bit;
        self
    }

    #[expect(clippy::indexing_slicing, reason = "900 codes fit into 15 words")]
    const fn without(mut self, status: StatusCode) -> Self {
        let (word, bit) = Self::place(status);
        self.words[word] &= !bit;
        self
    }

    #[expect(clippy::indexing_slicing, reason = "900 codes fit into 15 words")]
    const fn contains(&self, status: StatusCode) -> bool {
        let (word, bit) = Self::place(status);
        self.words[word] & bit != 0
    }
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = (100..1_000).filter_map(|code| StatusCode::from_u16(code).ok());
        let members = codes.filter(|&status| self.contains(status));
        f.debug_set()
            .entries(members.map(|status| status.as_u16()))
            .finish()
    }
}
