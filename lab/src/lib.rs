//! The fault lab: servers on loopback that fail in one way each, and the clients that call
//! them with a policy of 3 attempts.

mod cell;
pub mod clients;
pub mod cut;
mod failure;
mod fill;
mod servers;
mod tls;

pub use cell::{Body, Cell, Reply};
pub use failure::{Failure, Limits};
pub use servers::Target;
pub use tls::Authority;

/// Pages whose examples need crates that the main package does not depend on. Its doc tests
/// leave these pages out.
#[cfg(doctest)]
mod cookbook {
    #[doc = include_str!("../../docs/cookbook/config_file.md")]
    mod config_file {}

    #[doc = include_str!("../../docs/cookbook/reqwest.md")]
    mod reqwest {}

    #[doc = include_str!("../../docs/cookbook/runtimes.md")]
    mod runtimes {}

    #[doc = include_str!("../../docs/cookbook/shutdown.md")]
    mod shutdown {}
}

/// The body of every response that succeeds.
pub const BODY: &[u8] = b"0123456789";
