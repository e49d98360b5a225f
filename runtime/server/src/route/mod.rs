//! What a request is about: its method, path and query, read without looking at anything else.

mod absent;
mod own;
mod path;
mod query;
mod resource;

pub(crate) use absent::Absent;
pub(crate) use path::has_status;
pub(crate) use path::{CollectionVerb, ItemVerb, Route, TransferWay, route};
pub(crate) use query::{AsOf, Cursor, ListQuery, Page, Query, WatchQuery, WatchStart};
pub(crate) use resource::{GroupVersion, Resource, Review};
