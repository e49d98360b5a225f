//! Objects as rows: the columns and cells that `kubectl get` prints, kind by kind, as
//! `pkg/printers/internalversion/printers.go` of Kubernetes has them.

mod age;
mod cron_job;
mod data;
mod event;
mod http_trigger;
mod image;
mod job;
mod pod;
mod row;

pub(crate) use image::{IMAGE, image_cells};
pub(crate) use row::{Column, columns, row};
