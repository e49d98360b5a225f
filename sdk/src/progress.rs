//! The line in which a task tells how far it is.

/// Names the file that the line is left in; without it, the line goes to stderr. With the feature `host` the
/// host is told instead.
pub(crate) const VARIABLE: &str = "JOBLING_PROGRESS";

/// Returns the line: `DONE TOTAL TEXT`. Whoever reads takes it for whole at its end of line, so the text
/// has none of its own.
pub(crate) fn line(done: u64, total: u64, text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    format!("{done} {total} {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_progress_is_one_line() {
        assert_eq!(line(3, 10, "rows\nread"), "3 10 rows read\n");
    }
}
