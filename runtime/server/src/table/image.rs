//! The row of an image of the local store.

use jobling_core::Timestamp;
use serde_json::{Value, json};

use super::age::span;
use super::row::Column;
use crate::backend::Image;

/// The columns.
pub(crate) const IMAGE: [Column; 5] = [
    Column::name(),
    Column::text("Digest"),
    Column::text("Format"),
    Column::text("Size"),
    Column::text("Age"),
];

/// Returns the cells.
#[must_use]
pub(crate) fn image_cells(image: &Image, now: Timestamp) -> Vec<Value> {
    let digest = image.digest.strip_prefix("sha256:").unwrap_or(&image.digest);
    vec![
        json!(image.name),
        json!(digest.get(..12).unwrap_or(digest)),
        json!(image.format),
        json!(size(image.size_bytes)),
        json!(span(image.stored_at, now)),
    ]
}

/// Returns a size in its largest unit, with one digit after the point.
pub(super) fn size(bytes: u64) -> String {
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB"] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    if unit == "B" { format!("{bytes}B") } else { format!("{}.{}{unit}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::super::row::testing::NOW;
    use super::*;

    #[test]
    fn an_image_shows_its_size_in_its_largest_unit() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0KiB"),
            (95 * 1024 + 512, "95.5KiB"),
            (26 << 20, "26.0MiB"),
            (5 << 30, "5.0GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn an_image_has_a_cell_for_each_column() {
        let image = Image {
            name: "backup-tool:latest".into(),
            digest: "sha256:0123456789abcdef".into(),
            size_bytes: 2048,
            format: "module".into(),
            stored_at: Timestamp::from_unix_seconds(NOW.unix_seconds() - 5),
        };
        let cells = image_cells(&image, NOW);
        assert_eq!(cells, ["backup-tool:latest", "0123456789ab", "module", "2.0KiB", "5s"]);
        assert_eq!(cells.len(), IMAGE.len());
    }
}
