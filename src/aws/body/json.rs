//! JSON bodies: awsJson1.0, awsJson1.1, restJson1.

use std::borrow::Cow;
use std::fmt;

use serde_core::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{Found, Text, text};

/// Reads the top-level members of an object. Returns false if the body is malformed or cut
/// off.
pub(super) fn read<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> bool {
    let mut read = |skips_error| {
        let mut json = serde_json::Deserializer::from_slice(text(body));
        let members = Members {
            details,
            skips_error,
            found: &mut *found,
        };
        members.deserialize(&mut json).is_ok() && json.end().is_ok()
    };
    // The second pass reads what follows an `Error` that is not an object.
    read(false) || read(true)
}

struct Members<'f, 'a> {
    details: bool,
    /// Skips any value of `Error`. Otherwise it must be an object.
    skips_error: bool,
    found: &'f mut Found<'a>,
}

impl<'a> DeserializeSeed<'a> for Members<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        // `code` takes precedence over `Code` in any order. Each is stored as soon as it is
        // found, because the body may be cut off after it.
        let mut has_lower_code = false;
        while let Some(name) = map.next_key::<Name>()? {
            let place = match name {
                Name::Code | Name::UpperCode => &mut self.found.code,
                Name::Type => &mut self.found.kind,
                Name::Message if self.details => &mut self.found.message,
                Name::RequestId if self.details => &mut self.found.request_id,
                Name::Error if !self.skips_error => {
                    let (details, found) = (self.details, &mut *self.found);
                    map.next_value_seed(NestedError { details, found })?;
                    continue;
                }
                Name::Error | Name::Message | Name::RequestId | Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if let Some(text) = map.next_value::<OnlyText<'a>>()?.0 {
                if !(has_lower_code && matches!(name, Name::UpperCode)) {
                    *place = Some(text);
                }
                has_lower_code |= matches!(name, Name::Code);
            }
        }
        Ok(())
    }
}

/// Reads the object `Error` of a query service.
struct NestedError<'f, 'a> {
    details: bool,
    found: &'f mut Found<'a>,
}

impl<'a> DeserializeSeed<'a> for NestedError<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for NestedError<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name>()? {
            let place = match name {
                Name::UpperCode => &mut self.found.nested_code,
                Name::Message if self.details => &mut self.found.message,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let text = map.next_value::<OnlyText<'a>>()?.0;
            if place.is_none() {
                *place = text;
            }
        }
        Ok(())
    }
}

/// The names of the members that are read.
enum Name {
    Code,
    Error,
    Message,
    Other,
    RequestId,
    Type,
    UpperCode,
}

impl<'a> Deserialize<'a> for Name {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
                Ok(match name {
                    b"__type" => Name::Type,
                    b"code" => Name::Code,
                    b"Code" => Name::UpperCode,
                    b"Error" => Name::Error,
                    b"RequestId" => Name::RequestId,
                    b"message" | b"Message" | b"errorMessage" => Name::Message,
                    _ => Name::Other,
                })
            }
        }

        // As bytes, because a name that is skipped may not be UTF-8.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

/// A text that is not empty, or `None`. A value of another type is skipped.
struct OnlyText<'a>(Text<'a>);

impl<'a> Deserialize<'a> for OnlyText<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        // The raw value first: a number that no type can hold is an error otherwise.
        let value = <&RawValue>::deserialize(deserializer)?.get();
        if !value.starts_with('"') {
            return Ok(Self(None));
        }
        // A text with an escape cannot be borrowed.
        let text = if value.contains('\\') {
            Cow::Owned(serde_json::from_str(value).map_err(D::Error::custom)?)
        } else {
            Cow::Borrowed(value.trim_matches('"'))
        };
        Ok(Self((!text.is_empty()).then_some(text)))
    }
}
