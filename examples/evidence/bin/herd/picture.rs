//! Draws the results: calls and time against the number of clients.

use std::path::Path;

use reattempt_evidence::chart::{Chart, ChartError, Line};

use crate::measure::{Cell, Mean};
use crate::strategy::Strategy;

/// Writes both pictures to `folder`.
pub(crate) fn write(cells: &[Cell], runs: u32, folder: &Path) -> Result<(), ChartError> {
    let by_calls = Chart::new("With jitter, clients that contend for one row make fewer calls")
        .subtitle(format!(
            "Calls until each client has written once, means of {runs} runs"
        ))
        .x_axis("clients", "")
        .y_axis("calls", "");
    with_lines(by_calls, cells, |cell| cell.calls).write(folder.join("herd-calls.svg"))?;
    let by_time = Chart::new("Without jitter, backoff takes many times as long")
        .subtitle(format!(
            "Time until the last client has written, means of {runs} runs"
        ))
        .x_axis("clients", "")
        .y_axis("time", "s")
        .log_y();
    let seconds = |cell: &Cell| Mean {
        mean: cell.time.mean / 1e3,
        error: cell.time.error / 1e3,
    };
    with_lines(by_time, cells, seconds).write(folder.join("herd-time.svg"))
}

/// Adds a line for each strategy of the crate. Its band is two standard errors wide to each side.
fn with_lines(mut chart: Chart, cells: &[Cell], value: impl Fn(&Cell) -> Mean) -> Chart {
    let own = Strategy::ALL.into_iter();
    for strategy in own.filter(|strategy| *strategy != Strategy::Clamped) {
        let of_strategy = || cells.iter().filter(move |cell| cell.strategy == strategy);
        let x = |cell: &Cell| f64::from(cell.clients);
        let points = of_strategy().map(|cell| (x(cell), value(cell).mean));
        let band = of_strategy().map(|cell| {
            let Mean { mean, error } = value(cell);
            (x(cell), mean - 2.0 * error, mean + 2.0 * error)
        });
        chart = chart.line(Line::new(strategy.name(), points).band(band));
    }
    chart
}
