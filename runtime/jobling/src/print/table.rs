//! The server's tables (`meta.k8s.io/v1` Table) as text.

use serde_json::Value;

use super::TabWriter;
use super::columns::Headings;
use super::tabs::{lay_out, width_of};

/// Which columns a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Columns {
    /// Those that matter most.
    #[default]
    Narrow,
    /// Every one.
    Wide,
}

/// How a table is to look.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableStyle {
    /// Which columns.
    pub(crate) columns: Columns,
    /// Whether the namespace comes first.
    pub(crate) with_namespace: bool,
    /// What stands before each name, such as `job.batch/`.
    pub(crate) name_prefix: String,
    /// Whether all labels are a column.
    pub(crate) show_labels: bool,
    /// Labels that have a column of their own.
    pub(crate) label_columns: Vec<String>,
    /// Whether there is no line of headings.
    pub(crate) no_headers: bool,
}

/// Prints tables that belong together one after another, as a watch brings them: the headings come
/// once, and a column never gets narrower.
#[derive(Debug, Default)]
pub(crate) struct TablePrinter {
    style: TableStyle,
    headed: bool,
    definitions: Vec<Value>,
    widths: Vec<usize>,
}

impl TablePrinter {
    /// Returns a printer that has printed nothing yet.
    pub(crate) fn new(style: TableStyle) -> Self {
        Self { style, ..Self::default() }
    }

    /// Returns the text of `table`; of a watch, the server leaves out the columns after the first one.
    pub(crate) fn format(&mut self, table: &Value) -> String {
        if let Some(definitions) = table["columnDefinitions"].as_array().filter(|d| !d.is_empty()) {
            self.definitions.clone_from(definitions);
        }
        let shown: Vec<usize> = (0..self.definitions.len())
            .filter(|&at| {
                self.style.columns == Columns::Wide || priority(&self.definitions[at]) == 0
            })
            .collect();
        let mut lines = Vec::new();
        if !self.headed && self.headings() == Headings::Shown {
            lines.push(self.heading(&shown));
        }
        self.headed = true;
        let rows = table["rows"].as_array().map_or(&[][..], Vec::as_slice);
        lines.extend(rows.iter().map(|row| self.row(&shown, row)));
        self.widen(&lines);
        let text = |line: &Vec<String>| {
            let cells: Vec<&str> = line.iter().map(String::as_str).collect();
            lay_out(&cells, &self.widths) + "\n"
        };
        lines.iter().map(text).collect()
    }

    const fn headings(&self) -> Headings {
        if self.style.no_headers { Headings::Hidden } else { Headings::Shown }
    }

    fn heading(&self, shown: &[usize]) -> Vec<String> {
        let mut cells = Vec::new();
        if self.style.with_namespace {
            cells.push("NAMESPACE".to_owned());
        }
        let name =
            |at: &usize| self.definitions[*at]["name"].as_str().unwrap_or_default().to_uppercase();
        cells.extend(shown.iter().map(name));
        cells.extend(self.style.label_columns.iter().map(|label| label_heading(label)));
        if self.style.show_labels {
            cells.push("LABELS".to_owned());
        }
        cells
    }

    fn row(&self, shown: &[usize], row: &Value) -> Vec<String> {
        let metadata = &row["object"]["metadata"];
        let mut cells = Vec::new();
        if self.style.with_namespace {
            cells.push(metadata["namespace"].as_str().unwrap_or_default().to_owned());
        }
        for (order, &at) in shown.iter().enumerate() {
            let text = cell_text(&row["cells"][at]);
            let prefix = if order == 0 { self.style.name_prefix.as_str() } else { "" };
            cells.push(format!("{prefix}{text}"));
        }
        let label =
            |label: &String| metadata["labels"][label].as_str().unwrap_or_default().to_owned();
        cells.extend(self.style.label_columns.iter().map(label));
        if self.style.show_labels {
            cells.push(labels_text(&metadata["labels"]));
        }
        cells
    }

    fn widen(&mut self, lines: &[Vec<String>]) {
        for line in lines {
            for (at, cell) in line.iter().enumerate() {
                let width = TabWriter::TABLE.column(width_of(cell));
                match self.widths.get_mut(at) {
                    Some(known) => *known = (*known).max(width),
                    None => self.widths.push(width),
                }
            }
        }
    }
}

fn priority(definition: &Value) -> i64 {
    definition["priority"].as_i64().unwrap_or_default()
}

/// Returns the heading of a label's column: the part after the slash, as kubectl has it.
fn label_heading(label: &str) -> String {
    label.rsplit('/').next().unwrap_or(label).to_uppercase()
}

fn labels_text(labels: &Value) -> String {
    match labels.as_object().filter(|labels| !labels.is_empty()) {
        Some(labels) => {
            let pairs =
                labels.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()));
            pairs.collect::<Vec<_>>().join(",")
        }
        None => "<none>".to_owned(),
    }
}

/// Returns a cell on one line: what goes over it is cut, as kubectl does.
fn cell_text(cell: &Value) -> String {
    let text = match cell {
        Value::Null => "<none>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => cell.to_string(),
    };
    let one_line = match text.find(['\n', '\r', '\u{c}']) {
        Some(end) => format!("{}...", &text[..end]),
        None => text,
    };
    one_line.replace('\t', " ").replace(|c: char| c.is_control(), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn jobs() -> Value {
        json!({
            "columnDefinitions": [
                {"name": "Name", "priority": 0}, {"name": "Status", "priority": 0},
                {"name": "Completions", "priority": 0}, {"name": "Duration", "priority": 0},
                {"name": "Age", "priority": 0}, {"name": "Images", "priority": 1}
            ],
            "rows": [
                {"cells": ["hello", "Complete", "1/1", "2s", "5m", "hello:1.0"],
                 "object": {"metadata": {"name": "hello", "namespace": "default",
                            "labels": {"app": "web", "team.io/owner": "a"}}}},
                {"cells": ["batch-process", "Running", "3/100", "", "9s", "x\ny"],
                 "object": {"metadata": {"name": "batch-process", "namespace": "shop"}}}
            ]
        })
    }

    #[test]
    fn a_table_looks_as_kubectls() {
        let text = TablePrinter::new(TableStyle::default()).format(&jobs());
        expect![[r"
            NAME            STATUS     COMPLETIONS   DURATION   AGE
            hello           Complete   1/1           2s         5m
            batch-process   Running    3/100                    9s
        "]]
        .assert_eq(&text);
    }

    #[test]
    fn namespace_prefix_labels_and_wide_columns_are_shown_on_demand() {
        let style = TableStyle {
            columns: Columns::Wide,
            with_namespace: true,
            name_prefix: "job.batch/".to_owned(),
            show_labels: true,
            label_columns: vec!["team.io/owner".to_owned()],
            no_headers: false,
        };
        expect![[r"
            NAMESPACE   NAME                      STATUS     COMPLETIONS   DURATION   AGE   IMAGES      OWNER   LABELS
            default     job.batch/hello           Complete   1/1           2s         5m    hello:1.0   a       app=web,team.io/owner=a
            shop        job.batch/batch-process   Running    3/100                    9s    x...                <none>
        "]]
        .assert_eq(&TablePrinter::new(style).format(&jobs()));
    }

    #[test]
    fn a_watch_prints_headings_once_and_keeps_its_widths() {
        let mut printer = TablePrinter::new(TableStyle::default());
        printer.format(&jobs());
        let change = json!({"columnDefinitions": null, "rows": [
            {"cells": ["hello", "Complete", "1/1", "2s", "6m", "x"], "object": {"metadata": {}}}]});
        assert_eq!(
            printer.format(&change),
            "hello           Complete   1/1           2s         6m\n"
        );
    }
}
