//! The number of cases of the large random tests.

use proptest::test_runner::{Config, RngAlgorithm};

/// Returns a configuration with `PROPTEST_CASES` random cases, or 100,000.
///
/// The default generator takes most of the time of such a test, because a debug build does
/// not optimize it.
pub(crate) fn many_cases() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: cases
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(100_000),
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    }
}
