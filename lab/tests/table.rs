//! The table of `docs/failures.md`: each failure with each client.

use std::fmt::Write as _;
use std::path::PathBuf;

use reattempt_lab::Failure;
use reattempt_lab::clients::Client;

/// The text above the table.
const INTRO: &str = "\
# What each client does with each failure

The fault lab (`lab/`) makes every call of this table over real sockets, with a policy of at \
most 3 attempts, and writes the verdicts of the classifier and the number of attempts. \
`unsent`, `transient`, `server` and `throttling` are retried. `permanent` is not. `-` means \
that the client cannot make the call.

";

/// The text below the table, with the reason for each exception.
const NOTES: &str = "
- reqwest, hyper-util, ureq and `TcpStream` read the body inside the attempt. A response that \
breaks off is therefore retried.
- \"body lost\": `RetryLayer` returns a success before its body is read. If the body breaks \
afterwards, reading it returns the error, and the layer cannot retry. Read the body below the \
layer, or use the `resume` module.
- A timeout while connecting is transient and not unsent, because most clients report all of \
their timeouts with one error.
- \"Then another call\": the second call has the expected response. No client mistakes the \
surplus bytes for it.
- `RetryLayer` is above `BufferErrorLayer`, tower's timeout and hyper-util's client. A \
malformed URL fails before the stack, when the request is built. `TcpStream` stands for a \
client of your own without TLS, URLs, idle connections or a timeout for the whole body.
- A full backlog makes the timeout while connecting. This works on Linux.
";

/// Returns the verdict and the attempts of a row.
fn expected(failure: Failure) -> &'static str {
    use Failure as F;
    match failure {
        F::Refused | F::FailedLookup => "unsent, 3",
        F::MalformedUrl
        | F::TlsUntrusted
        | F::TlsWrongHost
        | F::TlsExpired
        | F::TlsToPlainPort
        | F::NotHttp
        | F::NotFound => "permanent, 1",
        F::ConnectTimeout
        | F::TlsTimeout
        | F::TlsClosed
        | F::ResetBeforeHead
        | F::ResetInHead
        | F::ClosedInHead
        | F::HeadTimeout
        | F::ResetInBody
        | F::ClosedInBody
        | F::TlsClosedInBody
        | F::BodyTimeout
        | F::TrickleTimeout => "transient, 3",
        F::IdleClosedOnRequest => "transient then success, 2",
        F::Throttled | F::AwsThrottled => "throttling, 3",
        F::Unavailable => "server, 3",
        F::IdleClosed | F::Trickle | F::LongBody | F::TwoResponses | F::Tls => "success, 1",
    }
}

/// Returns the cell of a client that differs from its row. `NOTES` has the reasons.
fn exception(failure: Failure, client: Client) -> Option<&'static str> {
    use Failure as F;
    match (client, failure) {
        (
            Client::Tower,
            F::ResetInBody
            | F::ClosedInBody
            | F::TlsClosedInBody
            | F::BodyTimeout
            | F::TrickleTimeout,
        ) => Some("success, 1, body lost"),
        (Client::Tower | Client::Std, F::MalformedUrl)
        | (
            Client::Std,
            F::TrickleTimeout
            | F::IdleClosed
            | F::IdleClosedOnRequest
            | F::LongBody
            | F::TwoResponses,
        ) => Some("-"),
        (Client::Std, failure) if failure.is_https() => Some("-"),
        _ => None,
    }
}

/// Makes all calls of one row. Adds each cell that is not as expected to `wrong`.
fn row(failure: Failure, wrong: &mut String) -> String {
    let mut row = format!("| {} |", failure.title());
    for client in Client::ALL {
        let made = client.call(failure);
        let cell = made.as_ref().map_or("-".to_owned(), ToString::to_string);
        let expected = exception(failure, client).unwrap_or_else(|| expected(failure));
        if cell != expected {
            let outcome = made.map(|cell| cell.outcome);
            let _ = writeln!(
                wrong,
                "{failure:?}, {}: {cell:?}, expected {expected:?}: {outcome:?}",
                client.title()
            );
        }
        let _ = write!(row, " {cell} |");
    }
    row + "\n"
}

/// Returns the lines that differ.
fn diff(committed: &str, found: &str) -> String {
    let mut diff = String::new();
    for (sign, text, other) in [('-', committed, found), ('+', found, committed)] {
        for line in text
            .lines()
            .filter(|line| !other.lines().any(|l| l == *line))
        {
            let _ = writeln!(diff, "{sign} {line}");
        }
    }
    diff
}

#[test]
fn the_table_is_what_the_clients_do() {
    let mut wrong = String::new();
    let mut table = INTRO.to_owned() + "| failure |";
    for client in Client::ALL {
        let _ = write!(table, " {} |", client.title());
    }
    table += "\n|";
    table += &" --- |".repeat(1 + Client::ALL.len());
    table += "\n";
    for failure in Failure::ALL {
        table += &row(failure, &mut wrong);
    }
    table += NOTES;
    assert!(wrong.is_empty(), "{wrong}");

    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/failures.md"));
    if std::env::var_os("REATTEMPT_WRITE_TABLE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == table,
        "docs/failures.md is out of date; set REATTEMPT_WRITE_TABLE=1 to write it\n{}",
        diff(&committed, &table)
    );
}
