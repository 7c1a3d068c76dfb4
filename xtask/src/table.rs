//! Figures in columns, for the end of a run.

/// Rows of cells; the first column is text, the others are figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The table with text to the left, figures to the right, and a line below the headings.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row: &Vec<String>| row.get(column));
            cells.map(|cell: &String| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let rule = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  ");
        let mut lines: Vec<String> = self.rows.iter().map(|row| render_row(row, &widths)).collect();
        lines.insert(1.min(lines.len()), rule);
        lines.join("\n")
    }
}

fn render_row(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_line_up_at_the_right() {
        let mut table = Table::new(["tool", "checks"]);
        table.row(["rclone".to_owned(), "7".to_owned()]);
        table.row(["b2".to_owned(), "12".to_owned()]);
        assert_eq!(
            table.render(),
            "tool    checks\n------  ------\nrclone       7\nb2          12"
        );
    }
}
