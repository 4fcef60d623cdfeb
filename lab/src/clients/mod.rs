//! The clients, which are the columns of the table.

mod hyper_util;
mod reqwest;
mod std;
mod tower;
mod ureq;

use ::std::time::Duration;

pub use hyper_util::HyperUtil;
pub use reqwest::Reqwest;
pub use ureq::Ureq;

use crate::{Cell, Failure, Target};

/// A client of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "`title` describes each one")]
pub enum Client {
    Reqwest,
    HyperUtil,
    Ureq,
    Tower,
    Std,
}

impl Client {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 5] = [
        Self::Reqwest,
        Self::HyperUtil,
        Self::Ureq,
        Self::Tower,
        Self::Std,
    ];

    /// Returns the head of the column.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Reqwest => "reqwest",
            Self::HyperUtil => "hyper-util",
            Self::Ureq => "ureq",
            Self::Tower => "`RetryLayer`",
            Self::Std => "`TcpStream`",
        }
    }

    /// Makes the call that fails in this way, with 3 attempts. Returns `None` if the client
    /// cannot make it.
    #[must_use]
    pub fn call(self, failure: Failure) -> Option<Cell> {
        let target = Target::new(failure);
        let url = target.url.as_str();
        match self {
            Self::Reqwest => Some(block_on(reqwest::cell(url, failure))),
            Self::HyperUtil => Some(block_on(hyper_util::cell(url, failure))),
            Self::Ureq => Some(ureq::cell(url, failure)),
            Self::Tower => block_on(tower::cell(url, failure)),
            Self::Std => std::cell(url, failure),
        }
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// The time in which a client puts a connection back into its pool, and notices that the
/// server has closed it.
const SETTLE: Duration = Duration::from_millis(50);
