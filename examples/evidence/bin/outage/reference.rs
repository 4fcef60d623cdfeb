//! The reference figures in `data/outage-reference.json`.

use serde_json::Value;

const DATA: &str = include_str!("../../data/outage-reference.json");

/// The seconds that the reference has simulated.
pub(crate) const SECONDS: u32 = 300;

/// The figures of one policy with one number of clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    pub(crate) attempts_per_call: f64,
    /// `None`: not within 270 s.
    pub(crate) recovery: Option<f64>,
}

/// Returns the reference for a policy with a number of clients, if there is one.
///
/// # Errors
///
/// Returns an error if the data are not valid JSON.
pub(crate) fn find(policy: &str, clients: u32) -> Result<Option<Reference>, serde_json::Error> {
    let data: Value = serde_json::from_str(DATA)?;
    let rows = data["rows"][policy].as_array();
    let row = rows.and_then(|rows| rows.iter().find(|row| row[0] == clients));
    Ok(row.and_then(|row| {
        Some(Reference {
            attempts_per_call: row[1].as_f64()?,
            recovery: row[2].as_f64(),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies;

    #[test]
    fn a_policy_finds_its_figures() {
        let reference = find("gRPC A6 (10 tokens, 0.1)", 10_000).unwrap();
        let expected = Reference {
            attempts_per_call: 1.11,
            recovery: Some(220.0),
        };
        assert_eq!(reference, Some(expected));
        assert_eq!(find("no retry", 7).unwrap(), None);
    }

    #[test]
    fn every_policy_with_a_reference_name_has_figures() {
        for policy in policies::ALL {
            if let Some(name) = policy.reference {
                assert!(find(name, 10_000).unwrap().is_some(), "{name}");
            }
        }
    }
}
