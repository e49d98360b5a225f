//! What there was when a watch began, read page by page as the client takes it: a slow reader holds one
//! page and not the whole list.
//!
//! Each page is newer than the one before, and the feed is told from the first one on. What a later page
//! showed already is left out of the feed then: nobody sees an object go back to what it was.

use std::collections::{HashMap, VecDeque};

use jobling_core::api::{ApiError, Object, ObjectKey};

use super::filter::Filter;
use crate::answer::blocking;
use crate::backend::Backend;
use crate::read::Selection;
use crate::route::{AsOf, Cursor, ListQuery, Page};

/// Objects that are read at once.
const PAGE_OBJECTS: usize = 100;

/// How far a watch is with what there was.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The rest of the page that was read last.
    pending: VecDeque<Object>,
    next: Option<Cursor>,
    /// The revision of the first page: the feed is told from there on.
    start: u64,
    /// The newest revision of all that was read: once the feed is told up to there the watch is as if it
    /// had begun there.
    end: u64,
    /// The objects that were newer than the first page, and their revisions: no more than changes in the
    /// feed.
    ahead: HashMap<ObjectKey, u64>,
}

impl Opening {
    /// Returns the opening of a watch that tells changes alone, after `revision`.
    pub(super) fn none(revision: u64) -> Self {
        Self { start: revision, end: revision, ..Self::default() }
    }

    /// Reads the first page.
    pub(super) async fn begin(backend: &dyn Backend, filter: &Filter) -> Result<Self, ApiError> {
        let mut opening = Self::default();
        opening.read(backend, filter, None).await?;
        Ok(opening)
    }

    /// Returns the revision from which on the feed is told.
    pub(super) const fn start(&self) -> u64 {
        self.start
    }

    /// Returns the revision up to which what there was is known.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Returns the next object, if the page that was read has one.
    pub(super) fn pop(&mut self) -> Option<Object> {
        self.pending.pop_front()
    }

    /// Returns whether the page that was read has more.
    pub(super) fn has_read(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Reads the next page; `false` where there is none.
    pub(super) async fn read_on(
        &mut self,
        backend: &dyn Backend,
        filter: &Filter,
    ) -> Result<bool, ApiError> {
        let Some(cursor) = self.next.take() else { return Ok(false) };
        self.read(backend, filter, Some(cursor)).await?;
        Ok(true)
    }

    /// Returns whether the feed's change of `key` at `revision` was in what was read.
    pub(super) fn has_shown(&self, key: &ObjectKey, revision: u64) -> bool {
        revision <= self.end && self.ahead.get(key).is_some_and(|shown| revision <= *shown)
    }

    async fn read(
        &mut self,
        backend: &dyn Backend,
        filter: &Filter,
        cursor: Option<Cursor>,
    ) -> Result<(), ApiError> {
        let first = cursor.is_none();
        let query = ListQuery {
            labels: filter.labels.clone(),
            fields: filter.fields.clone(),
            as_of: AsOf::Newest,
            page: Page { limit: Some(PAGE_OBJECTS), cursor },
        };
        let (reader, kind) = (backend.reader(), filter.kind);
        let selection = Selection { reader, kind, namespace: filter.namespace.clone(), query };
        let selected = blocking(move || selection.read()).await?;
        if first {
            self.start = selected.revision;
            self.end = selected.revision;
        }
        for object in &selected.items {
            let revision = revision_of(object);
            if revision > self.start {
                self.ahead.insert(object.key(), revision);
                self.end = self.end.max(revision);
            }
        }
        self.pending = selected.items.into();
        self.next = selected.next;
        Ok(())
    }
}

fn revision_of(object: &Object) -> u64 {
    let version = object.metadata().resource_version.as_deref();
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}
