//! Text in columns, as Go's text/tabwriter aligns it: a column is a run of lines that have a cell there,
//! and a line's last cell belongs to no column.

/// Lays out cells that are separated by tabs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TabWriter {
    /// The least width of a column, its padding included.
    pub(crate) min_width: usize,
    /// Spaces after the widest cell of a column.
    pub(crate) padding: usize,
}

impl TabWriter {
    /// kubectl's for tables (`printers.GetNewTabWriter`).
    pub(crate) const TABLE: Self = Self { min_width: 6, padding: 3 };
    /// kubectl's for descriptions (`describe.tabbedString`).
    pub(crate) const DESCRIPTION: Self = Self { min_width: 0, padding: 2 };

    /// Returns `text` with its tabs turned into spaces.
    pub(crate) fn format(self, text: &str) -> String {
        let lines: Vec<Vec<&str>> = text.split('\n').map(|l| l.split('\t').collect()).collect();
        let mut widths: Vec<Vec<usize>> =
            lines.iter().map(|cells| vec![0; cells.len().saturating_sub(1)]).collect();
        for line in 0..lines.len() {
            for column in 0..widths[line].len() {
                if widths[line][column] == 0 {
                    self.measure_block(&lines, &mut widths, line, column);
                }
            }
        }
        let laid_out: Vec<String> =
            lines.iter().zip(&widths).map(|(cells, widths)| lay_out(cells, widths)).collect();
        laid_out.join("\n")
    }

    /// Sets the width of `column` for the run of lines from `first` that have it.
    fn measure_block(
        self,
        lines: &[Vec<&str>],
        widths: &mut [Vec<usize>],
        first: usize,
        column: usize,
    ) {
        let has_column = |line: &&usize| widths[**line].len() > column;
        let run: Vec<usize> = (first..lines.len())
            .collect::<Vec<_>>()
            .iter()
            .take_while(has_column)
            .copied()
            .collect();
        let widest = run.iter().map(|line| width_of(lines[*line][column]) + self.padding).max();
        let width = widest.unwrap_or_default().max(self.min_width);
        for line in run {
            widths[line][column] = width;
        }
    }

    /// Returns the width of a column whose widest cell is `cell` wide.
    pub(crate) fn column(self, cell: usize) -> usize {
        (cell + self.padding).max(self.min_width)
    }
}

/// Returns how many places a text takes; as Go's tabwriter, a character is one place.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// Returns cells padded to their widths; the last one as it is.
pub(crate) fn lay_out(cells: &[&str], widths: &[usize]) -> String {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        line.push_str(cell);
        if let Some(width) = widths.get(at).filter(|_| at + 1 < cells.len()) {
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(width_of(cell))));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_run_of_lines_needs() {
        for (given, expected) in [
            ("Name:\tx\nNamespace:\tdefault", "Name:       x\nNamespace:  default"),
            ("A:\t1\nno tab\nLonger:\t2", "A:  1\nno tab\nLonger:  2"),
            ("  a\tb\tc\n  long\tb\tc", "  a     b  c\n  long  b  c"),
            ("trailing\t", "trailing  "),
        ] {
            assert_eq!(TabWriter::DESCRIPTION.format(given), expected, "{given:?}");
        }
        assert_eq!(TabWriter::TABLE.format("A\tB\nx\ty"), "A     B\nx     y");
    }
}
