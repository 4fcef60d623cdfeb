//! `OneLine`: prints a text that a server may have written, without characters that change how
//! a log is shown.

use std::fmt::{self, Display, Formatter, Write};

/// Prints a value with control characters escaped, as in a Rust literal.
///
/// An unescaped line break would let a server add lines to a log, and an unescaped escape
/// character would let it control the terminal that shows the log.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'w, 'f>(&'w mut Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_unprintable) {
            match part
                .chars()
                .next_back()
                .filter(|last| is_unprintable(*last))
            {
                Some(last) => {
                    self.0.write_str(part.strip_suffix(last).unwrap_or(part))?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// Returns true for control characters, line separators and the marks that change the
/// direction of text.
fn is_unprintable(character: char) -> bool {
    let is_mark = matches!(
        character,
        '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    );
    is_mark || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_other_text_is_not() {
        for (text, expected) in [
            ("", ""),
            ("caf\u{e9} \"a\\b\"", "caf\u{e9} \"a\\b\""),
            ("a\nb\r\n", "a\\nb\\r\\n"),
            (
                "\u{1b}[31mred\u{0}\u{7f}\u{9b}",
                "\\u{1b}[31mred\\u{0}\\u{7f}\\u{9b}",
            ),
            (
                "\u{2028}a\u{202e}b\u{2069}",
                "\\u{2028}a\\u{202e}b\\u{2069}",
            ),
            ("\u{61c}\u{200f}\u{200d}", "\\u{61c}\\u{200f}\u{200d}"),
        ] {
            assert_eq!(OneLine(text).to_string(), expected);
        }
    }
}
