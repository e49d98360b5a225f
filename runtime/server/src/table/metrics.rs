//! The columns of what a pod uses, as metrics-server has them.

use super::row::Column;

/// The columns.
pub(crate) const POD_METRICS: [Column; 4] =
    [Column::name(), Column::text("CPU"), Column::text("Memory"), Column::text("Window")];
