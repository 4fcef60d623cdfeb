//! What a process reports to its parent, as lines of text.

use std::fmt;
use std::str::FromStr;

/// One line of a process's standard output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Message {
    /// Redis cannot be reached. The process goes on with the tokens that it holds.
    Away { held: u32, error: String },
    /// Redis can be reached again.
    Back,
    /// The process ends in order.
    End { deposited: u32, held: u32 },
    /// A lease was paid out, and the process waits to be killed before it deposits it.
    Paid,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { held, error } => write!(f, "away {held} {error}"),
            Self::Back => f.write_str("back"),
            Self::End { deposited, held } => write!(f, "end {deposited} {held}"),
            Self::Paid => f.write_str("paid"),
        }
    }
}

impl FromStr for Message {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let parsed = match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            ["away", held, error] => held.parse().ok().map(|held| Self::Away {
                held,
                error: error.to_owned(),
            }),
            ["back"] => Some(Self::Back),
            ["end", deposited, held] => match (deposited.parse(), held.parse()) {
                (Ok(deposited), Ok(held)) => Some(Self::End { deposited, held }),
                _ => None,
            },
            ["paid"] => Some(Self::Paid),
            _ => None,
        };
        parsed.ok_or_else(|| format!("a process wrote {line:?}, expected a message"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let error = String::from("connection refused (os error 111)");
        for message in [
            Message::Away { held: 3, error },
            Message::Back,
            Message::End {
                deposited: 70,
                held: 4,
            },
            Message::Paid,
        ] {
            assert_eq!(message.to_string().parse(), Ok(message));
        }
        assert!("end 7".parse::<Message>().is_err());
    }
}
