//! Reads the settings: the fields of a file, replaced by those of flags.

use std::fs;

use reattempt::PolicyConfig;
use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

use crate::args::Args;

/// Why the settings cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {path}: {reason}")]
    Read {
        path: String,
        reason: std::io::Error,
    },
    #[error("{path} is not TOML: {reason}")]
    Toml { path: String, reason: String },
    #[error("{path} has no table {name:?}, expected one of its tables: {tables}")]
    NoTable {
        path: String,
        name: String,
        tables: String,
    },
    /// A value is refused. The text has the name of the field or flag, and the value.
    #[error("{0}")]
    Value(String),
}

/// Returns the settings of the file and the flags.
pub(crate) fn read(args: &Args) -> Result<PolicyConfig, SettingsError> {
    let of_file = file(args)?;
    // Without the flags, an error is one of the file.
    if let Some(path) = &args.config {
        config(of_file.clone()).map_err(|text| {
            let hint = hint(&of_file);
            SettingsError::Value(format!("{}: {text}{hint}", path.display()))
        })?;
    }
    config(with_flags(of_file, args)).map_err(|text| SettingsError::Value(with_flag(&text, args)))
}

/// Says how to select a table, if the fields may be in one.
fn hint(of_file: &Table) -> String {
    match of_file.iter().find(|(_, value)| value.is_table()) {
        Some((name, _)) => format!("; if a table has the fields, add --table {name}"),
        None => String::new(),
    }
}

fn config(fields: Table) -> Result<PolicyConfig, String> {
    PolicyConfig::deserialize(Value::Table(fields)).map_err(|error| error.message().to_owned())
}

/// Returns the fields of the file, and none without a file.
fn file(args: &Args) -> Result<Table, SettingsError> {
    let Some(file) = &args.config else {
        return Ok(Table::new());
    };
    let path = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|reason| SettingsError::Read {
        path: path.clone(),
        reason,
    })?;
    let mut root: Table = text
        .parse()
        .map_err(|error: toml::de::Error| SettingsError::Toml {
            path: path.clone(),
            reason: in_line(&text, &error),
        })?;
    let Some(name) = &args.table else {
        return Ok(root);
    };
    match root.remove(name) {
        Some(Value::Table(table)) => Ok(table),
        _ => Err(SettingsError::NoTable {
            path,
            name: name.clone(),
            tables: names_of_tables(&root),
        }),
    }
}

/// Returns the error in one line, with the number of the line where it is.
fn in_line(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.bytes().take(start);
    let line = before.filter(|byte| *byte == b'\n').count() + 1;
    let message: Vec<&str> = error.message().lines().collect();
    format!("line {line}: {}", message.join(", "))
}

fn names_of_tables(root: &Table) -> String {
    let tables = root.iter().filter(|(_, value)| value.is_table());
    let names: Vec<&str> = tables.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Replaces fields by those of flags.
fn with_flags(mut fields: Table, args: &Args) -> Table {
    for (_, field, value) in args.fields.all() {
        let Some(value) = value else { continue };
        if field == "jitter" {
            // The fraction of the file belongs to its own jitter.
            fields.remove("jitter_fraction");
        }
        fields.insert(field.to_owned(), Value::String(value.clone()));
    }
    fields
}

/// Names flags instead of fields, if the refused value is that of a flag.
fn with_flag(text: &str, args: &Args) -> String {
    let refused = text.split(' ').next().unwrap_or_default();
    let mut given = args.fields.all().into_iter();
    if !given.any(|(_, field, value)| field == refused && value.is_some()) {
        return text.to_owned();
    }
    let word = |word: &str| {
        let (name, end) = word.split_at(word.trim_end_matches(',').len());
        let mut all = args.fields.all().into_iter();
        match all.find(|(_, field, _)| *field == name) {
            Some((flag, ..)) => format!("{flag}{end}"),
            None => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// Reads settings from flags, and from a file with this text.
    fn read_with(text: Option<&str>, flags: &[&str]) -> Result<String, String> {
        let name = format!(
            "explain-{}-{:?}.toml",
            std::process::id(),
            std::thread::current().id()
        );
        let path = std::env::temp_dir().join(name);
        let mut all = vec!["explain"];
        let shown = path.display().to_string();
        if let Some(text) = text {
            fs::write(&path, text).expect("a file");
            all.extend(["--config", &shown]);
        }
        all.extend(flags);
        let args = Args::try_parse_from(all).expect("valid flags");
        let result = read(&args);
        if text.is_some() {
            fs::remove_file(&path).expect("the file");
        }
        match result {
            Ok(config) => Ok(config.policy().to_string()),
            Err(error) => Err(error.to_string().replace(&shown, "FILE")),
        }
    }

    #[test]
    fn a_flag_replaces_a_field_of_the_file() {
        let file = "max_attempts = 7\nbase_delay = \"50ms\"\njitter = \"proportional\"\njitter_fraction = 0.5";
        assert_eq!(
            read_with(Some(file), &["--base", "20ms", "--jitter", "equal"]).as_deref(),
            Ok("7 attempts, 20 ms doubling to 20 s with equal jitter, hints up to 300 s")
        );
    }

    #[test]
    fn a_table_of_the_file_can_be_selected() {
        let file = "[server]\nport = 80\n[retry]\nmax_attempts = 7";
        let line = read_with(Some(file), &["--table", "retry"]).expect("valid");
        assert!(line.starts_with("7 attempts"), "{line}");
        assert_eq!(
            read_with(Some(file), &["--table", "other"]),
            Err(
                "FILE has no table \"other\", expected one of its tables: retry, server".to_owned()
            )
        );
    }

    #[test]
    fn an_error_names_the_flag_and_the_value() {
        for (flags, expected) in [
            (
                &["--max-attempts", "0"][..],
                "--max-attempts is \"0\", expected a whole number of at least 1, or \"unlimited\"",
            ),
            (
                &["--base", "50"],
                "--base is \"50\", expected a duration with a unit, such as \"50ms\", \"1.5s\" or \"2m\"",
            ),
            (
                &["--base", "1m", "--cap", "1s"],
                "--base is \"1m\", expected at most --cap, which is \"1s\"",
            ),
            (
                &["--factor", "-1"],
                "--factor is \"-1\", expected a number of at least 1",
            ),
            (
                &["--starting-at", "5"],
                "--starting-at is 5, expected --budget to be set too",
            ),
        ] {
            assert_eq!(read_with(None, flags), Err(expected.to_owned()));
        }
    }

    #[test]
    fn an_error_of_the_file_names_the_file() {
        assert_eq!(
            read_with(Some("max_attempts = 0"), &["--max-attempts", "3"]),
            Err(
                "FILE: max_attempts is 0, expected a whole number of at least 1, or \"unlimited\""
                    .to_owned()
            )
        );
        let error = read_with(Some("[retry]\nfactor = 2"), &[]).expect_err("an error");
        assert!(error.starts_with("FILE: unknown field `retry`"), "{error}");
        assert!(error.ends_with("--table retry"), "{error}");
        let error = read_with(Some("factor = 2\nbase_delay = 50ms"), &[]).expect_err("an error");
        assert!(error.starts_with("FILE is not TOML: line 2: "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let flags = ["explain", "--config", "/none/retry.toml"];
        let args = Args::try_parse_from(flags).expect("valid flags");
        let error = read(&args).expect_err("an error").to_string();
        assert!(
            error.starts_with("cannot read /none/retry.toml: "),
            "{error}"
        );
    }
}
