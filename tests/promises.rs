//! Every test that tests/README.md names exists.

use std::fs;
use std::path::Path;

const README: &str = include_str!("README.md");

/// Returns the parts of the page between backticks.
fn quoted() -> impl Iterator<Item = &'static str> {
    README.split('`').skip(1).step_by(2)
}

fn read(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(Path::new(root).join(path)).unwrap_or_default()
}

/// Returns true if `source` has a test function of this name.
fn has_test(source: &str, name: &str) -> bool {
    source.split("#[").any(|part| {
        let is_test = part.starts_with("test]") || part.starts_with("tokio::test");
        let function = part.split("fn ").nth(1).unwrap_or_default();
        is_test && function.split('(').next() == Some(name)
    })
}

#[test]
fn every_test_named_in_the_readme_exists() {
    let mut names = 0;
    for quote in quoted() {
        let function = quote
            .split_once("::")
            .filter(|(path, _)| path.starts_with("tests/") || path.starts_with("src/"));
        if let Some((path, name)) = function {
            assert!(has_test(&read(path), name), "{quote} is not a test");
            names += 1;
        } else if quote.starts_with("tests/") {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(quote);
            assert!(path.exists(), "{quote} does not exist");
        }
    }
    assert!(names > 60, "{names} names were found");
}

#[test]
fn every_command_in_the_readme_runs_tests_that_exist() {
    for command in quoted().filter(|quote| quote.contains("cargo test")) {
        for (index, word) in command.split(' ').enumerate() {
            if word == "--test" {
                let target = command.split(' ').nth(index + 1).unwrap_or_default();
                let is_file = !read(&format!("tests/{target}.rs")).is_empty();
                let is_folder = !read(&format!("tests/{target}/main.rs")).is_empty();
                assert!(
                    is_file || is_folder,
                    "`{command}` names a test that does not exist"
                );
            }
        }
    }
}

#[test]
fn every_rule_has_a_row_in_the_readme() {
    let architecture = read("ARCHITECTURE.md");
    let rules = |page: &str| -> Vec<u32> {
        let cells = page.lines().filter_map(|line| line.strip_prefix("| "));
        let numbers = cells.filter_map(|line| line.split(' ').next()?.parse().ok());
        numbers.collect()
    };
    let known = rules(&architecture);
    assert!(known.len() >= 23);
    for rule in known {
        assert!(rules(README).contains(&rule), "no row for rule {rule}");
    }
}
