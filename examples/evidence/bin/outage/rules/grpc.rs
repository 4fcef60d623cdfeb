//! gRPC's retry throttling, from "Throttling Retry Attempts and Hedged RPCs" in
//! <https://github.com/grpc/proposal/blob/master/A6-client-retries.md>.

use std::time::Duration;

use super::RetryRule;

/// `maxTokens`, in thousandths of a token.
const MAX_TOKENS: u32 = 10_000;
/// `tokenRatio`, in thousandths of a token.
const TOKEN_RATIO: u32 = 100;
const TOKEN: u32 = 1_000;

/// The token count of a client. Each failed attempt takes a token and each success adds
/// `tokenRatio`. Retries are made only while the count is above half of `maxTokens`.
#[derive(Debug)]
pub(super) struct Grpc {
    tokens: u32,
}

impl Default for Grpc {
    fn default() -> Self {
        Self { tokens: MAX_TOKENS }
    }
}

impl RetryRule for Grpc {
    fn attempt_ends(&mut self, _is_retry: bool, is_success: bool) {
        self.tokens = if is_success {
            (self.tokens + TOKEN_RATIO).min(MAX_TOKENS)
        } else {
            self.tokens.saturating_sub(TOKEN)
        };
    }

    fn admits_retry(&mut self, _now: Duration) -> bool {
        self.tokens > MAX_TOKENS / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_tokens_pays_for_four_retries() {
        let mut rule = Grpc::default();
        let mut retries = 0;
        for _ in 0..20 {
            rule.attempt_ends(false, false);
            retries += u32::from(rule.admits_retry(Duration::ZERO));
        }
        assert_eq!(retries, 4);
        assert_eq!(rule.tokens, 0);
        // Fifty successes lead back to the threshold, and one more above it.
        for _ in 0..50 {
            rule.attempt_ends(false, true);
        }
        assert!(!rule.admits_retry(Duration::ZERO));
        rule.attempt_ends(false, true);
        assert!(rule.admits_retry(Duration::ZERO));
    }
}
