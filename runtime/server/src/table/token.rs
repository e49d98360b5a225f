//! The columns of a token that was given out.

use super::row::Column;

/// The columns.
pub(crate) const TOKEN: [Column; 5] = [
    Column::name(),
    Column::text("Role"),
    Column::text("Namespace"),
    Column::text("Expires"),
    Column::text("Age"),
];
