//! `PolicyRef`: the ways in which a call holds its policy.

use std::sync::Arc;

use super::RetryPolicy;
use super::settings::Settings;

mod sealed {
    #[expect(unnameable_types, reason = "an unnameable supertrait seals PolicyRef")]
    pub trait Sealed {}
}

/// A reference to a policy: `&RetryPolicy<C>` or `Arc<RetryPolicy<C>>`. Sealed.
pub trait PolicyRef: sealed::Sealed {
    /// The policy's classifier.
    type Classifier;

    #[doc(hidden)]
    fn policy(&self) -> &RetryPolicy<Self::Classifier>;
}

impl<C> sealed::Sealed for &RetryPolicy<C> {}

impl<C> PolicyRef for &RetryPolicy<C> {
    type Classifier = C;

    #[inline]
    fn policy(&self) -> &RetryPolicy<C> {
        self
    }
}

impl<C> sealed::Sealed for Arc<RetryPolicy<C>> {}

impl<C> PolicyRef for Arc<RetryPolicy<C>> {
    type Classifier = C;

    #[inline]
    fn policy(&self) -> &RetryPolicy<C> {
        self
    }
}

/// Returns the settings of the policy behind `policy`.
#[inline]
pub(crate) fn settings<P: PolicyRef>(policy: &P) -> &Settings {
    &policy.policy().settings
}
