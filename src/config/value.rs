//! Reads one field: a value of a document, or the text of an environment variable.

use std::fmt;
use std::time::Duration;

use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use serde_core::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is refused, with the name of its field.
#[derive(Debug)]
pub(super) struct Invalid {
    field: &'static str,
    value: String,
    expected: String,
}

impl Invalid {
    pub(super) fn new(
        field: &'static str,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            field,
            value: value.to_string(),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            expected,
        } = self;
        write!(f, "{field} is {value}, expected {expected}")
    }
}

/// A duration that is written as a text: `"1m 30s"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = SpanPrinter::new().unsigned_duration_to_string(&self.0);
        write!(f, "{text:?}")
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = SpanPrinter::new().unsigned_duration_to_string(&self.0);
        serializer.serialize_str(&text)
    }
}

/// The limit on attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    /// At least 1.
    Attempts(u32),
    Unlimited,
}

/// The text for no limit on attempts.
const UNLIMITED: &str = "unlimited";

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Attempts(max) => serializer.serialize_u32(*max),
            Self::Unlimited => serializer.serialize_str(UNLIMITED),
        }
    }
}

/// A setting that is one of a few words.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];

    fn word(self) -> &'static str {
        let mut words = Self::WORDS.iter();
        words
            .find(|(_, kind)| *kind == self)
            .map_or("", |(word, _)| word)
    }
}

/// The value of a field in a document, of any type.
pub(super) enum Value {
    Bool(bool),
    Fraction(f64),
    List,
    Null,
    Table,
    Text(String),
    Whole(i128),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Fraction(number) => write!(f, "{number:?}"),
            Self::List => f.write_str("a list"),
            Self::Null => f.write_str("null"),
            Self::Table => f.write_str("a table"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Whole(number) => number.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Accepts every value, so that the message for a wrong one can name the field.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Fraction(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Value, A::Error> {
        while table.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Table)
    }
}

/// A value with the name of its field.
#[derive(Clone, Copy)]
pub(super) struct Input<'v> {
    pub(super) field: &'static str,
    pub(super) value: &'v Value,
}

impl Input<'_> {
    fn refuse(self, expected: impl Into<String>) -> Invalid {
        Invalid::new(self.field, self.value, expected)
    }

    /// Returns a text without the white space around it.
    fn text(&self) -> Option<&str> {
        match self.value {
            Value::Text(text) => Some(text.trim()),
            _ => None,
        }
    }

    fn whole(&self) -> Option<u32> {
        match self.value {
            Value::Whole(number) => u32::try_from(*number).ok(),
            _ => self.text()?.parse().ok(),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a number that large is out of range, rounded or not"
    )]
    fn number(&self) -> Option<f64> {
        match self.value {
            Value::Fraction(number) => Some(*number),
            Value::Whole(number) => Some(*number as f64),
            _ => self.text()?.parse().ok(),
        }
    }

    pub(super) fn limit(self) -> Result<Limit, Invalid> {
        if self.text() == Some(UNLIMITED) {
            return Ok(Limit::Unlimited);
        }
        let max = self.whole().filter(|max| *max > 0).map(Limit::Attempts);
        max.ok_or_else(|| self.refuse(format!("a whole number of at least 1, or {UNLIMITED:?}")))
    }

    pub(super) fn tokens(self) -> Result<u32, Invalid> {
        let tokens = self.whole();
        tokens.ok_or_else(|| self.refuse("a whole number from 0 to 4294967295"))
    }

    pub(super) fn at_least(self, least: f64, expected: &str) -> Result<f64, Invalid> {
        self.within(least, f64::MAX, expected)
    }

    /// Returns a number of at least `least` and at most `most`. NaN is neither.
    pub(super) fn within(self, least: f64, most: f64, expected: &str) -> Result<f64, Invalid> {
        let is_within = |number: &f64| (least..=most).contains(number);
        let number = self.number().filter(is_within);
        number.ok_or_else(|| self.refuse(expected))
    }

    pub(super) fn span(self) -> Result<Span, Invalid> {
        static PARSER: SpanParser = SpanParser::new();
        let duration = self.text().map(|text| PARSER.parse_unsigned_duration(text));
        let duration = duration.and_then(Result::ok).map(Span);
        let expected = "a duration with a unit, such as \"50ms\", \"1.5s\" or \"2m\"";
        duration.ok_or_else(|| self.refuse(expected))
    }

    pub(super) fn word<W: Word>(self) -> Result<W, Invalid> {
        let text = self.text();
        let mut words = W::WORDS.iter();
        if let Some((_, kind)) = words.find(|(word, _)| Some(*word) == text) {
            return Ok(*kind);
        }
        let words: Vec<_> = W::WORDS
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect();
        Err(self.refuse(format!("one of {}", words.join(", "))))
    }
}
