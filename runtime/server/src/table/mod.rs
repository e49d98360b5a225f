//! Objects as rows: the columns and cells that `kubectl get` prints, kind by kind, as
//! `pkg/printers/internalversion/printers.go` of Kubernetes has them.

mod age;
mod cron_job;
mod data;
mod event;
mod http_trigger;
mod image;
mod job;
mod metrics;
mod pod;
mod queue;
mod row;
mod token;

pub(crate) use age::span;
pub(crate) use image::{IMAGE, image_cells};
pub(crate) use metrics::POD_METRICS;
pub(crate) use queue::{QUEUE, queue_cells};
pub(crate) use row::{Column, columns, row};
pub(crate) use token::TOKEN;
