//! Bodies that are requested again where they break.
#![cfg(feature = "resume")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod answers;
mod body;
mod bytes;
mod calls;
mod first;
mod limits;
mod mock;
mod sockets;
mod unknown_length;
