//! Get and list: what is stored, selected, as of the revision that the client asked for.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jobling_core::api::{ApiError, Kind, Object, ObjectKey, Reason};
use jobling_core::engine::{ListScope, Reader};
use tokio::sync::watch;

use crate::answer::{self, Answer, blocking, unreadable};
use crate::backend::Backend;
use crate::encode::{Encoder, ListMeta};
use crate::route::{AsOf, Cursor, ListQuery, Query};

/// How long a request waits for a revision that is not there yet, as the API server's watch cache does.
const REVISION_WAIT: Duration = Duration::from_secs(3);

/// Answers with one object.
pub(crate) async fn get(
    backend: &dyn Backend,
    encoder: Encoder,
    key: ObjectKey,
    query: &Query,
) -> Result<Answer, ApiError> {
    if let Some(revision) = query.number("resourceVersion")? {
        reached(backend.revisions(), revision).await?;
    }
    let (reader, now) = (backend.reader(), backend.now());
    let body = blocking(move || match reader.get(&key) {
        Ok(Some(object)) => Ok(encoder.item(&object, now)),
        Ok(None) => Err(ApiError::not_found(key)),
        Err(error) => Err(unreadable(&error)),
    });
    Ok(answer::json(StatusCode::OK, body.await?))
}

/// Answers with all objects that are selected, or a page of them.
pub(crate) async fn list(
    backend: &dyn Backend,
    encoder: Encoder,
    namespace: Option<String>,
    query: &Query,
) -> Result<Answer, ApiError> {
    let query = ListQuery::parse(query, encoder.resource.kind)?;
    if let AsOf::NotOlderThan(revision) | AsOf::Exactly(revision) = query.as_of {
        reached(backend.revisions(), revision).await?;
    }
    let (reader, now) = (backend.reader(), backend.now());
    let body = blocking(move || {
        let kind = encoder.resource.kind;
        let selected = Selection { reader, kind, namespace, query }.read()?;
        let next = selected.next.map(|cursor| cursor.token());
        let meta = ListMeta { revision: selected.revision, next };
        Ok(encoder.list(&selected.items, &meta, now))
    });
    Ok(answer::json(StatusCode::OK, body.await?))
}

/// Waits until `revision` is committed.
///
/// # Errors
/// `Timeout` where it does not come: the client has it from somewhere else.
pub(crate) async fn reached(
    mut revisions: watch::Receiver<u64>,
    revision: u64,
) -> Result<(), ApiError> {
    let waited =
        tokio::time::timeout(REVISION_WAIT, revisions.wait_for(|newest| *newest >= revision));
    if matches!(waited.await, Ok(Ok(_))) {
        return Ok(());
    }
    let newest = *revisions.borrow();
    let message = format!("Too large resource version: {revision}, current: {newest}");
    Err(ApiError {
        retry_after_seconds: Some(1),
        causes: vec![jobling_core::api::Cause {
            reason: "ResourceVersionTooLarge",
            field: String::new(),
            message: "Too large resource version".to_owned(),
        }],
        ..ApiError::new(Reason::Timeout, message)
    })
}

/// Which objects are to be read.
pub(crate) struct Selection {
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) query: ListQuery,
}

/// The objects of a selection.
pub(crate) struct Selected {
    pub(crate) items: Vec<Object>,
    pub(crate) revision: u64,
    pub(crate) next: Option<Cursor>,
}

impl Selection {
    /// Reads the objects, as of one revision unless the client reads page by page. May block.
    pub(crate) fn read(&self) -> Result<Selected, ApiError> {
        self.check_cursor()?;
        let selected = match self.single() {
            Some(key) => self.read_one(&key),
            None => self.read_pages(),
        }?;
        match self.query.as_of {
            AsOf::Exactly(revision) => self.as_of(selected, revision),
            AsOf::Newest | AsOf::NotOlderThan(_) => Ok(selected),
        }
    }

    /// Returns the key of the only object that can be selected, where the selector names it.
    fn single(&self) -> Option<ObjectKey> {
        let name = self.query.fields.required("metadata.name")?;
        let namespace = match (&self.namespace, self.kind.is_namespaced()) {
            (Some(namespace), true) => namespace.clone(),
            (None, true) => self.query.fields.required("metadata.namespace")?.to_owned(),
            (_, false) => String::new(),
        };
        Some(ObjectKey::new(self.kind, namespace, name))
    }

    fn read_one(&self, key: &ObjectKey) -> Result<Selected, ApiError> {
        // Asked for first: a watch from there on tells of whatever changed meanwhile.
        let revision = self.reader.revision();
        let found = self.reader.get(key).map_err(|error| unreadable(&error))?;
        let own = found.as_ref().and_then(|object| object.metadata().resource_version.as_deref());
        // It may be newer than the list: a watch from there on would tell again how it came to be so.
        let revision = revision.max(own.and_then(|own| own.parse().ok()).unwrap_or_default());
        let items = found.into_iter().filter(|object| self.selects(object)).collect();
        Ok(Selected { items, revision, next: None })
    }

    fn read_pages(&self) -> Result<Selected, ApiError> {
        let page = &self.query.page;
        let mut revision = page.cursor.as_ref().map(|cursor| cursor.revision);
        let mut after = page.cursor.as_ref().map(|cursor| cursor.after.clone());
        let mut items = Vec::new();
        loop {
            let scope = ListScope {
                namespace: self.namespace.clone(),
                after,
                limit: page.limit.map(|limit| limit - items.len()),
                job_name: self.job_name(),
                about: self.query.fields.required("involvedObject.name").map(str::to_owned),
            };
            let listing =
                self.reader.list(self.kind, &scope).map_err(|error| unreadable(&error))?;
            let revision = *revision.get_or_insert(listing.revision);
            items.extend(listing.items.into_iter().filter(|object| self.selects(object)));
            let full = page.limit.is_some_and(|limit| items.len() >= limit);
            match listing.next {
                Some(next) if full => {
                    let next = Some(Cursor { revision, after: next });
                    return Ok(Selected { items, revision, next });
                }
                None => return Ok(Selected { items, revision, next: None }),
                next @ Some(_) => after = next,
            }
        }
    }

    fn selects(&self, object: &Object) -> bool {
        self.query.labels.matches(object) && self.query.fields.matches(object)
    }

    /// Returns the Job whose pods alone can be selected.
    fn job_name(&self) -> Option<String> {
        let labels = &self.query.labels;
        let name = labels.required("batch.kubernetes.io/job-name");
        name.or_else(|| labels.required("job-name")).map(str::to_owned)
    }

    /// A page is only worth giving while a watch from the list's revision still can tell what it missed.
    fn check_cursor(&self) -> Result<(), ApiError> {
        let Some(cursor) = &self.query.page.cursor else { return Ok(()) };
        self.reader.changes(cursor.revision, 1).map(|_| ()).map_err(|_| {
            ApiError::new(
                Reason::Expired,
                "The provided continue parameter is too old to display a consistent list result; \
                 start a new list without the continue parameter",
            )
        })
    }

    /// The past is not kept: an exact revision is answered while nothing of the kind has changed since.
    fn as_of(&self, selected: Selected, revision: u64) -> Result<Selected, ApiError> {
        let expired = || {
            let message =
                format!("The resourceVersion for the provided list is too old: {revision}");
            ApiError::new(Reason::Expired, message)
        };
        let changes = self.reader.changes(revision, usize::MAX).map_err(|_| expired())?;
        let in_scope =
            |namespace: &str| self.namespace.as_deref().is_none_or(|scope| scope == namespace);
        let changed =
            changes.iter().any(|change| change.kind == self.kind && in_scope(&change.namespace));
        if changed { Err(expired()) } else { Ok(Selected { revision, ..selected }) }
    }
}
