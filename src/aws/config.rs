//! The retry settings of AWS's environment variables.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;

/// An invalid value in an AWS retry environment variable.
///
/// The message contains the variable, its value and the allowed values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    variable: &'static str,
    value: String,
    choices: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            value,
            choices,
        } = self;
        write!(f, "{variable} is {value:?}, expected {choices}")
    }
}

impl Error for ConfigError {}

impl ConfigError {
    /// Returns the name of the variable.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    /// Returns the value of the variable, with replacement characters if it is not valid
    /// Unicode.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The settings of the environment. The default is that of an empty environment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Config {
    pub(crate) is_adaptive: bool,
    pub(crate) max_attempts: Option<u32>,
}

impl Config {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(env::var_os)
    }

    fn from_variables(
        read: impl Fn(&'static str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        set(&read, "AWS_RETRY_MODE", "standard or adaptive", |mode| {
            config.is_adaptive = match mode.to_ascii_lowercase().as_str() {
                "standard" => false,
                "adaptive" => true,
                _ => return false,
            };
            true
        })?;
        set(
            &read,
            "AWS_MAX_ATTEMPTS",
            "a whole number of at least 1",
            |max| {
                // A number above `u32::MAX` counts as `u32::MAX`.
                config.max_attempts = match max.parse::<u128>() {
                    Ok(0) | Err(_) => return false,
                    Ok(max) => Some(u32::try_from(max).unwrap_or(u32::MAX)),
                };
                true
            },
        )?;
        Ok(config)
    }
}

/// Calls `accept` with the trimmed value of a variable, if it is set. Returns an error if
/// `accept` returns false.
fn set(
    read: impl Fn(&'static str) -> Option<OsString>,
    variable: &'static str,
    choices: &'static str,
    accept: impl FnOnce(&str) -> bool,
) -> Result<(), ConfigError> {
    let Some(value) = read(variable) else {
        return Ok(());
    };
    let value = value.to_string_lossy();
    if accept(value.trim()) {
        return Ok(());
    }
    Err(ConfigError {
        variable,
        value: value.into_owned(),
        choices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(mode: Option<&str>, max: Option<&str>) -> Result<Config, ConfigError> {
        Config::from_variables(|name| match name {
            "AWS_RETRY_MODE" => mode.map(OsString::from),
            _ => max.map(OsString::from),
        })
    }

    #[test]
    fn variables_are_trimmed_and_case_insensitive() {
        for (mode, is_adaptive) in [
            (None, false),
            (Some("standard"), false),
            (Some("adaptive"), true),
            (Some(" Adaptive\n"), true),
            (Some("STANDARD"), false),
        ] {
            assert_eq!(config(mode, None).map(|c| c.is_adaptive), Ok(is_adaptive));
        }
        for (max, attempts) in [
            ("1", 1),
            (" 7 ", 7),
            ("4294967295", u32::MAX),
            ("99999999999", u32::MAX),
        ] {
            let max = config(None, Some(max)).map(|c| c.max_attempts);
            assert_eq!(max, Ok(Some(attempts)));
        }
    }

    #[test]
    fn an_error_contains_the_variable_its_value_and_the_choices() {
        let message = |mode, max| config(mode, max).unwrap_err().to_string();
        assert_eq!(
            message(Some("legacy"), None),
            r#"AWS_RETRY_MODE is "legacy", expected standard or adaptive"#,
        );
        for bad in ["0", "-1", "1.5", "", "three", "000", "1\n\u{1b}[2J"] {
            assert_eq!(
                message(None, Some(bad)),
                format!("AWS_MAX_ATTEMPTS is {bad:?}, expected a whole number of at least 1"),
            );
        }
        let error = config(Some(""), Some("0")).unwrap_err();
        assert_eq!((error.variable(), error.value()), ("AWS_RETRY_MODE", ""));
        let error = config(Some("legacy"), None).unwrap_err();
        assert_eq!(error.value(), "legacy");
    }
}
