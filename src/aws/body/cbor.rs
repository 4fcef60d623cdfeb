//! CBOR bodies: rpcv2Cbor.

use std::borrow::Cow;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::{Found, Text};

/// Reads the top-level members of a map. Returns an error if the map is malformed or cut
/// off.
pub(super) fn read<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> Result<(), Error> {
    let mut cbor = Decoder::new(body);
    let mut left = cbor.map()?;
    loop {
        match &mut left {
            Some(0) => break,
            Some(left) => *left = left.saturating_sub(1),
            None if cbor.datatype()? == Type::Break => {
                cbor.skip()?;
                break;
            }
            None => {}
        }
        let name = text(&mut cbor)?;
        let place = match name.as_deref() {
            Some("__type") => &mut found.kind,
            Some("message" | "Message") if details => &mut found.message,
            _ => {
                cbor.skip()?;
                continue;
            }
        };
        if let Some(text) = text(&mut cbor)? {
            *place = Some(text);
        }
    }
    // Bytes after the map are ignored, because the error is complete.
    Ok(())
}

/// Reads a text. Returns `None` for an empty text, and skips an item of another type.
fn text<'a>(cbor: &mut Decoder<'a>) -> Result<Text<'a>, Error> {
    let text = match cbor.datatype()? {
        Type::String => Cow::Borrowed(cbor.str()?),
        Type::StringIndef => Cow::Owned(cbor.str_iter()?.collect::<Result<String, _>>()?),
        _ => {
            cbor.skip()?;
            return Ok(None);
        }
    };
    Ok((!text.is_empty()).then_some(text))
}
