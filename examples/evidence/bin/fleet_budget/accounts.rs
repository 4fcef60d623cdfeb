//! The accounts of all processes, and the rules that they must keep.

use std::fmt::Write;

use crate::bucket::TOKENS_PER_SECOND;

/// The tokens of one process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) process: u8,
    /// What the bucket has paid out to it.
    pub(crate) paid: u32,
    /// The attempts and the retries that the service has received.
    pub(crate) attempts: u32,
    pub(crate) retries: u32,
    /// What the process has deposited, and what was left at its end. `None` if it was killed.
    pub(crate) end: Option<(u32, u32)>,
}

impl Account {
    /// Returns the tokens that were paid out and cannot be spent any more: those of a killed
    /// process, and those of a lease whose answer was lost.
    const fn lost(&self) -> u32 {
        let held = match self.end {
            Some((_, held)) => held,
            None => 0,
        };
        self.paid.saturating_sub(self.retries).saturating_sub(held)
    }
}

/// Returns the figures as a table.
pub(crate) fn table(accounts: &[Account]) -> String {
    let mut text = format!(
        "{:9} {:>9} {:>9} {:>8} {:>9} {:>6}\n",
        "process", "attempts", "paid out", "retries", "left over", "lost"
    );
    for account in accounts {
        let held = account
            .end
            .map_or_else(|| String::from("killed"), |(_, held)| held.to_string());
        let _ = writeln!(
            text,
            "{:9} {:>9} {:>9} {:>8} {held:>9} {:>6}",
            account.process,
            account.attempts,
            account.paid,
            account.retries,
            account.lost()
        );
    }
    let sum = |figure: fn(&Account) -> u32| accounts.iter().map(figure).sum::<u32>();
    let _ = write!(
        text,
        "{:9} {:>9} {:>9} {:>8} {:>9} {:>6}",
        "together",
        sum(|account| account.attempts),
        sum(|account| account.paid),
        sum(|account| account.retries),
        sum(|account| account.end.map_or(0, |(_, held)| held)),
        sum(Account::lost)
    );
    text
}

/// Returns the rules that the accounts break. The bucket has existed for `seconds`.
pub(crate) fn broken_rules(accounts: &[Account], seconds: f64) -> Vec<String> {
    let mut broken = Vec::new();
    let paid: u32 = accounts.iter().map(|account| account.paid).sum();
    let retries: u32 = accounts.iter().map(|account| account.retries).sum();
    if retries > paid {
        broken.push(format!(
            "{retries} retries, but the bucket has paid for {paid}"
        ));
    }
    // The bucket starts empty.
    let earned = f64::from(TOKENS_PER_SECOND) * seconds;
    if f64::from(paid) > earned {
        broken.push(format!(
            "the bucket has paid {paid} tokens, but earned {earned:.1}"
        ));
    }
    for account in accounts {
        let Account {
            process,
            paid,
            retries,
            end,
            ..
        } = *account;
        if retries > paid {
            broken.push(format!(
                "process {process} has made {retries} retries, but got {paid} tokens"
            ));
        }
        if let Some((deposited, held)) = end {
            if deposited != retries + held || deposited > paid {
                broken.push(format!(
                    "process {process} has deposited {deposited} of {paid} tokens, made {retries} \
                     retries and holds {held}"
                ));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(paid: u32, retries: u32, end: Option<(u32, u32)>) -> Account {
        Account {
            process: 1,
            paid,
            attempts: 100,
            retries,
            end,
        }
    }

    #[test]
    fn accounts_that_keep_the_rules_are_accepted() {
        // The second process was killed, and the third has lost an answer.
        let accounts = [
            account(30, 27, Some((30, 3))),
            account(25, 20, None),
            account(20, 12, Some((15, 3))),
        ];
        assert_eq!(broken_rules(&accounts, 0.375), Vec::<String>::new());
        assert_eq!(accounts.map(|account| account.lost()), [0, 5, 5]);
    }

    #[test]
    fn each_broken_rule_is_reported() {
        let broken = |account: Account, seconds| broken_rules(&[account], seconds);
        assert_eq!(
            broken(account(30, 31, None), 1.0),
            [
                "31 retries, but the bucket has paid for 30",
                "process 1 has made 31 retries, but got 30 tokens"
            ]
        );
        assert_eq!(
            broken(account(30, 27, Some((31, 4))), 1.0),
            ["process 1 has deposited 31 of 30 tokens, made 27 retries and holds 4"]
        );
        assert_eq!(broken(account(30, 27, Some((30, 2))), 1.0).len(), 1);
        assert_eq!(
            broken(account(30, 27, Some((30, 3))), 0.1),
            ["the bucket has paid 30 tokens, but earned 20.0"]
        );
    }
}
