//! Every test that tests/README.md or SECURITY.md names exists, and so does every place that
//! ARCHITECTURE.md names for a rule.

use std::fs;
use std::path::{Path, PathBuf};

const README: &str = include_str!("README.md");
const SECURITY: &str = include_str!("../SECURITY.md");

/// Returns the parts of a page between backticks.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

fn path_of(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path_of(file)).unwrap_or_default()
}

/// Returns true if the file is part of this package, or of the lab, which the published
/// package does not contain.
fn can_be_checked(file: &str) -> bool {
    let folder = file.split('/').next().unwrap_or_default();
    matches!(folder, "tests" | "src") || (folder == "lab" && path_of("lab").exists())
}

/// Returns true if `source` has a test function of this name.
fn has_test(source: &str, name: &str) -> bool {
    source.split("#[").any(|part| {
        let is_test = part.starts_with("test]") || part.starts_with("tokio::test");
        let function = part.split("fn ").nth(1).unwrap_or_default();
        is_test && function.split('(').next() == Some(name)
    })
}

/// Returns the file and the function of a test, such as `tests/http.rs::a_test`.
fn test_name(quote: &str) -> Option<(&str, &str)> {
    quote
        .split_once("::")
        .filter(|(path, _)| can_be_checked(path))
}

/// Checks that each test and each file that a page names exists. Returns the number of tests.
#[track_caller]
fn check_names(page: &'static str) -> usize {
    let is_file = |quote: &&str| quote.starts_with("tests/") || quote.starts_with("lab/tests/");
    for file in quoted(page).filter(is_file) {
        check_path(file.split("::").next().unwrap_or_default());
    }
    let names = quoted(page).filter(|quote| {
        test_name(quote).is_some_and(|(path, name)| {
            assert!(has_test(&read(path), name), "{quote} is not a test");
            true
        })
    });
    names.count()
}

#[test]
fn every_test_named_in_the_readme_exists() {
    let names = check_names(README);
    assert!(names > 60, "{names} names were found");
}

#[test]
fn every_test_named_in_the_security_policy_exists() {
    let names = check_names(SECURITY);
    assert!(names > 50, "{names} names were found");
}

#[test]
fn every_bound_of_the_security_policy_has_a_test() {
    let rows = SECURITY
        .lines()
        .skip_while(|line| !line.starts_with("### "));
    let mut bounds = 0;
    for row in rows.filter(|line| line.starts_with("| ")) {
        if row.starts_with("| a server that") || row.starts_with("| ---") {
            continue;
        }
        let has_test = row.split('`').any(|quote| test_name(quote).is_some());
        assert!(has_test || row.contains("| no bound by"), "no test: {row}");
        bounds += 1;
    }
    assert!(bounds > 30, "{bounds} bounds were found");
}

#[test]
fn every_command_in_the_readme_runs_tests_that_exist() {
    for command in quoted(README).filter(|quote| quote.contains("cargo test")) {
        let in_lab = command.contains("--manifest-path lab/Cargo.toml");
        let folder = if in_lab { "lab/tests" } else { "tests" };
        if !can_be_checked(folder) {
            continue;
        }
        for (index, word) in command.split(' ').enumerate() {
            if word == "--test" {
                let target = command.split(' ').nth(index + 1).unwrap_or_default();
                let is_file = !read(&format!("{folder}/{target}.rs")).is_empty();
                let is_folder = !read(&format!("{folder}/{target}/main.rs")).is_empty();
                assert!(
                    is_file || is_folder,
                    "`{command}` names a test that does not exist"
                );
            }
        }
    }
}

/// Checks that a file or a folder exists. Returns the text of a file.
#[track_caller]
fn check_path(path: &str) -> String {
    let exists = path_of(path).exists() || !can_be_checked(path);
    assert!(exists, "{path} does not exist");
    read(path)
}

#[test]
fn every_place_of_a_rule_in_the_architecture_exists() {
    let architecture = read("ARCHITECTURE.md");
    let mut items = 0;
    for row in architecture.lines() {
        let cells: Vec<_> = row.split(" | ").collect();
        let [rule, code, tests] = cells[..] else {
            continue;
        };
        if !rule.starts_with("| ") || !rule.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let mut source = String::new();
        for place in quoted(code) {
            if place.contains(['/', '.']) {
                source = check_path(&format!("src/{place}"));
                continue;
            }
            let item = place.rsplit("::").next();
            let mut words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
            assert!(words.any(|word| Some(word) == item), "{place}: {row}");
            items += 1;
        }
        for file in quoted(tests) {
            check_path(file);
        }
    }
    assert!(items > 40, "{items} items were found");
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
