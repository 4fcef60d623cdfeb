//! Reads the flags of a program, and prints errors in one line.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// Reads the flags of a program and runs it. Prints its error in one line.
pub fn run<T: Parser>(program: impl FnOnce(T) -> Result<(), Box<dyn Error>>) -> ExitCode {
    match parse().map(program) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Err(code) => code,
    }
}

/// Reads the flags of this process. Prints the help, or an error, if there is nothing to run.
///
/// # Errors
///
/// Returns the exit code of the program: 0 after the help, 2 after an error.
fn parse<T: Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|error| {
        if error.use_stderr() {
            eprintln!("{}", one_line(&error.to_string()));
            ExitCode::from(2)
        } else {
            print!("{error}");
            ExitCode::SUCCESS
        }
    })
}

/// Joins the lines of an error, without the hints that follow an empty line.
fn one_line(error: &str) -> String {
    let lines = error.lines().take_while(|line| !line.is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Args {
        #[arg(long)]
        number: u32,
    }

    fn error(flags: &[&str]) -> String {
        let flags = std::iter::once(&"test").chain(flags);
        one_line(
            &Args::try_parse_from(flags)
                .expect_err("an error")
                .to_string(),
        )
    }

    #[test]
    fn an_error_is_one_line_with_the_value() {
        assert_eq!(
            error(&["--number", "many"]),
            "error: invalid value 'many' for '--number <NUMBER>': invalid digit found in string"
        );
        assert_eq!(
            error(&[]),
            "error: the following required arguments were not provided: --number <NUMBER>"
        );
    }
}
