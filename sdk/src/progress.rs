//! The line in which a task tells how far it is where no host is told.

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
