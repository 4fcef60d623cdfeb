//! The drivers: thin shells that call the operation and wait as the session says.

pub(crate) mod blocking;
pub(crate) mod call;
pub(crate) mod future;
#[cfg(feature = "tower")]
pub(crate) mod tower;
