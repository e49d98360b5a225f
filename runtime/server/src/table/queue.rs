//! The row of one of the host's own work queues.

use jobling_core::queues::QueueRow;
use serde_json::{Value, json};

use super::image::size;
use super::row::Column;

/// The columns.
pub(crate) const QUEUE: [Column; 5] = [
    Column::name(),
    Column::text("Waiting"),
    Column::text("Leased"),
    Column::text("Dead"),
    Column::text("Size"),
];

/// Returns the cells.
#[must_use]
pub(crate) fn queue_cells(row: &QueueRow) -> Vec<Value> {
    let name = row.queue.as_str().split_once('/').map_or(row.queue.as_str(), |(_, name)| name);
    vec![
        json!(name),
        json!(row.waiting.to_string()),
        json!(row.leased.to_string()),
        json!(row.dead.to_string()),
        json!(size(row.bytes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_shows_what_it_holds_under_its_name_alone() {
        let queue = "default/team/orders".parse().unwrap();
        let row = QueueRow { queue, waiting: 3, leased: 1, dead: 0, bytes: 2048 };
        assert_eq!(queue_cells(&row), ["team/orders", "3", "1", "0", "2.0KiB"]);
        assert_eq!(queue_cells(&row).len(), QUEUE.len());
    }
}
