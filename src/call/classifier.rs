//! Which classifier a call uses: its policy's or its own.

use super::PolicyRef;
use super::sealed::Sealed;

/// The choice of a call's classifier: [`PolicyClassifier`] or [`Override`]. Sealed.
pub trait ClassifierRef<P>: Sealed {
    /// The classifier.
    type Classifier;

    #[doc(hidden)]
    fn classifier<'c>(&'c self, policy: &'c P) -> &'c Self::Classifier;
}

/// The policy's classifier.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct PolicyClassifier;

impl Sealed for PolicyClassifier {}

impl<P: PolicyRef> ClassifierRef<P> for PolicyClassifier {
    type Classifier = P::Classifier;

    #[inline]
    fn classifier<'c>(&'c self, policy: &'c P) -> &'c P::Classifier {
        &policy.policy().classifier
    }
}

/// A classifier that one call uses instead of its policy's.
#[derive(Clone, Copy, Debug)]
pub struct Override<C>(pub(super) C);

impl<C> Sealed for Override<C> {}

impl<P, C> ClassifierRef<P> for Override<C> {
    type Classifier = C;

    #[inline]
    fn classifier<'c>(&'c self, _: &'c P) -> &'c C {
        &self.0
    }
}
