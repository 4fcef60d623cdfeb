//! The fields of a `PolicyConfig`: their names, reading and writing.

use std::fmt;

use serde_core::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde_core::ser::SerializeMap;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Input, Invalid, Limit, Span, Value, Word};
use crate::budget::{OTHER_COST, THROTTLING_COST};

/// `None` is a field that is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) max_attempts: Option<Limit>,
    pub(super) max_elapsed: Option<Span>,
    pub(super) base_delay: Option<Span>,
    pub(super) factor: Option<f64>,
    pub(super) max_delay: Option<Span>,
    pub(super) throttling_base_delay: Option<Span>,
    pub(super) jitter: Option<JitterKind>,
    pub(super) jitter_fraction: Option<f64>,
    pub(super) server_hint: Option<HintKind>,
    pub(super) server_hint_max: Option<Span>,
    pub(super) server_hint_slack: Option<Span>,
    pub(super) budget_capacity: Option<u32>,
    pub(super) budget_throttling_cost: Option<u32>,
    pub(super) budget_other_cost: Option<u32>,
    pub(super) budget_retries_per_success: Option<f64>,
    pub(super) budget_tokens_per_second: Option<f64>,
    pub(super) budget_starting_tokens: Option<f64>,
}

const NAMES: [&str; 17] = [
    "max_attempts",
    "max_elapsed",
    "base_delay",
    "factor",
    "max_delay",
    "throttling_base_delay",
    "jitter",
    "jitter_fraction",
    "server_hint",
    "server_hint_max",
    "server_hint_slack",
    "budget_capacity",
    "budget_throttling_cost",
    "budget_other_cost",
    "budget_retries_per_success",
    "budget_tokens_per_second",
    "budget_starting_tokens",
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum JitterKind {
    Decorrelated,
    Equal,
    Full,
    None,
    Proportional,
}

impl Word for JitterKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("full", Self::Full),
        ("equal", Self::Equal),
        ("decorrelated", Self::Decorrelated),
        ("proportional", Self::Proportional),
        ("none", Self::None),
    ];
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum HintKind {
    Bounded,
    Exact,
    Honor,
    Ignore,
}

impl Word for HintKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("honor", Self::Honor),
        ("exact", Self::Exact),
        ("bounded", Self::Bounded),
        ("ignore", Self::Ignore),
    ];
}

impl Fields {
    /// Returns the costs of a retry: after throttling, and after any other failure.
    pub(super) fn budget_costs(&self) -> (u32, u32) {
        let (throttling, other) = match self.budget_retries_per_success {
            Some(_) => (1, 1),
            None => (THROTTLING_COST, OTHER_COST),
        };
        (
            self.budget_throttling_cost.unwrap_or(throttling),
            self.budget_other_cost.unwrap_or(other),
        )
    }

    fn set(&mut self, input: Input<'_>) -> Result<(), Invalid> {
        match input.field {
            "max_attempts" => self.max_attempts = Some(input.limit()?),
            "max_elapsed" => self.max_elapsed = Some(input.span()?),
            "base_delay" => self.base_delay = Some(input.span()?),
            "factor" => self.factor = Some(input.at_least(1.0, "a number of at least 1")?),
            "max_delay" => self.max_delay = Some(input.span()?),
            "throttling_base_delay" => self.throttling_base_delay = Some(input.span()?),
            "jitter" => self.jitter = Some(input.word()?),
            "jitter_fraction" => {
                let fraction = input.within(0.0, 1.0, "a number from 0 to 1")?;
                self.jitter_fraction = Some(fraction);
            }
            "server_hint" => self.server_hint = Some(input.word()?),
            "server_hint_max" => self.server_hint_max = Some(input.span()?),
            "server_hint_slack" => self.server_hint_slack = Some(input.span()?),
            "budget_capacity" => self.budget_capacity = Some(input.tokens()?),
            "budget_throttling_cost" => self.budget_throttling_cost = Some(input.tokens()?),
            "budget_other_cost" => self.budget_other_cost = Some(input.tokens()?),
            "budget_retries_per_success" => {
                let ratio = input.at_least(0.0, "a number of at least 0")?;
                self.budget_retries_per_success = Some(ratio);
            }
            "budget_tokens_per_second" => {
                let expected = "a number from 0.000001 to 1000000000";
                self.budget_tokens_per_second = Some(input.within(1e-6, 1e9, expected)?);
            }
            "budget_starting_tokens" => {
                let tokens = input.at_least(0.0, "a number of at least 0")?;
                self.budget_starting_tokens = Some(tokens);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Writes a field unless it is absent.
        fn write<M: SerializeMap, T: Serialize>(
            map: &mut M,
            field: &str,
            value: Option<&T>,
        ) -> Result<(), M::Error> {
            value.map_or(Ok(()), |value| map.serialize_entry(field, value))
        }

        let jitter = self.jitter.map(Word::word);
        let server_hint = self.server_hint.map(Word::word);
        let ratio = self.budget_retries_per_success;
        let mut map = serializer.serialize_map(None)?;
        let to = &mut map;
        write(to, "max_attempts", self.max_attempts.as_ref())?;
        write(to, "max_elapsed", self.max_elapsed.as_ref())?;
        write(to, "base_delay", self.base_delay.as_ref())?;
        write(to, "factor", self.factor.as_ref())?;
        write(to, "max_delay", self.max_delay.as_ref())?;
        write(
            to,
            "throttling_base_delay",
            self.throttling_base_delay.as_ref(),
        )?;
        write(to, "jitter", jitter.as_ref())?;
        write(to, "jitter_fraction", self.jitter_fraction.as_ref())?;
        write(to, "server_hint", server_hint.as_ref())?;
        write(to, "server_hint_max", self.server_hint_max.as_ref())?;
        write(to, "server_hint_slack", self.server_hint_slack.as_ref())?;
        write(to, "budget_capacity", self.budget_capacity.as_ref())?;
        write(
            to,
            "budget_throttling_cost",
            self.budget_throttling_cost.as_ref(),
        )?;
        write(to, "budget_other_cost", self.budget_other_cost.as_ref())?;
        write(to, "budget_retries_per_success", ratio.as_ref())?;
        write(
            to,
            "budget_tokens_per_second",
            self.budget_tokens_per_second.as_ref(),
        )?;
        write(
            to,
            "budget_starting_tokens",
            self.budget_starting_tokens.as_ref(),
        )?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("PolicyConfig", &NAMES, Table)
    }
}

/// Reads the table of all fields.
struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of retry settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let mut seen = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(field) = NAMES.into_iter().find(|name| *name == key) else {
                return Err(A::Error::unknown_field(&key, &NAMES));
            };
            if seen.contains(&field) {
                return Err(A::Error::duplicate_field(field));
            }
            seen.push(field);
            let fields = &mut fields;
            map.next_value_seed(Field { fields, field })?;
        }
        Ok(fields)
    }
}

/// Reads one field into `fields`. It is a seed, because formats then add the position of the
/// value to an error.
struct Field<'f> {
    fields: &'f mut Fields,
    field: &'static str,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { fields, field } = self;
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(()),
            value => {
                let value = &value;
                fields.set(Input { field, value }).map_err(D::Error::custom)
            }
        }
    }
}
