//! How answers look: tables, descriptions, JSON and YAML, as kubectl lays them out. Pure: from values to
//! text.

mod age;
mod columns;
mod data;
mod describe;
mod format;
mod sort;
mod table;
mod tabs;

pub(crate) use age::{age, human_duration};
pub(crate) use columns::{CustomColumns, Headings};
pub(crate) use data::{json_text, list_of, without_managed_fields, yaml_text};
pub(crate) use describe::{Related, describe_object};
pub(crate) use format::{Format, FormatError};
pub(crate) use sort::sort_by_path;
pub(crate) use table::{Columns, TablePrinter, TableStyle};
pub(crate) use tabs::TabWriter;
