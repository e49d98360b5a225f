//! Create, update, patch and delete: from a request to the engine's [`Request`], and its reply back.

use bytes::Bytes;
use futures::future::join_all;
use http::StatusCode;
use jobling_core::api::{ApiError, Kind, Object, Reason};
use jobling_core::engine::{
    Configuration, DeleteOptions, FieldValidation, OnConflict, Patch, PatchKind, Reply, Request,
    Subresource, Verb, WriteOptions,
};
use serde_json::{Value, json};

use crate::answer::{self, Answer, blocking};
use crate::audit::CreatedName;
use crate::backend::Backend;
use crate::deletion;
use crate::encode::{Encoder, ListMeta};
use crate::events;
use crate::media;
use crate::options::{self, Options};
use crate::read::Selection;
use crate::route::{AsOf, GroupVersion, ListQuery, Page, Query};

/// Objects that are removed at once, of a collection.
const REMOVED_AT_ONCE: usize = 64;

/// A body and what it is said to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    /// The `Content-Type`.
    pub(crate) content_type: Option<String>,
    /// The bytes.
    pub(crate) bytes: Bytes,
}

/// Where a change goes, and how its answer is written.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) backend: &'a dyn Backend,
    pub(crate) encoder: Encoder,
    pub(crate) query: &'a Query,
    /// The client's program, for who gives no `fieldManager`.
    pub(crate) agent: &'a str,
}

impl Writer<'_> {
    /// Makes the object in `body`.
    pub(crate) async fn create(&self, namespace: String, body: &Body) -> Result<Answer, ApiError> {
        let options = self.options(Options::Create)?;
        let (value, warnings) = self.decode(body, options.field_validation)?;
        let reply = self.submit(namespace, String::new(), Verb::Create(value), options).await?;
        let mut answer = self.answer(StatusCode::CREATED, &reply, warnings);
        let name = reply.object.metadata().name.clone().unwrap_or_default();
        answer.extensions_mut().insert(CreatedName(name));
        Ok(answer)
    }

    /// Replaces an object by the one in `body`.
    pub(crate) async fn update(
        &self,
        namespace: String,
        name: String,
        subresource: Option<Subresource>,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let options = WriteOptions { subresource, ..self.options(Options::Update)? };
        let (value, warnings) = self.decode(body, options.field_validation)?;
        let reply = self.submit(namespace, name, Verb::Update(value), options).await?;
        Ok(self.answer(StatusCode::OK, &reply, warnings))
    }

    /// Changes parts of an object as `body` says.
    pub(crate) async fn patch(
        &self,
        namespace: String,
        name: String,
        subresource: Option<Subresource>,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let (verb, options) = match patch_format(body.content_type.as_deref())? {
            Format::Patch(kind) => {
                let (value, _) = media::decode(None, &body.bytes)?;
                (Verb::Patch(Patch { kind, body: value }), self.options(Options::Patch)?)
            }
            Format::Apply => {
                let options = self.options(Options::Apply)?;
                let (body, on_conflict) = (self.configuration(body)?, on_conflict(self.query)?);
                (Verb::Apply(Configuration { body, on_conflict }), options)
            }
        };
        let options = WriteOptions { subresource, ..options };
        let reply = self.submit(namespace, name, verb, options).await?;
        let status = if reply.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok(self.answer(status, &reply, Vec::new()))
    }

    /// Reads what is to be applied: YAML, of which JSON is a part.
    fn configuration(&self, body: &Body) -> Result<Value, ApiError> {
        let text = media::essence(body.content_type.as_deref());
        if text == APPLY_CBOR {
            return Err(media::unsupported(text));
        }
        let of_type = |media: &str| Body { content_type: Some(media.to_owned()), ..body.clone() };
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&body.bytes).is_ok();
        let body = of_type(if is_json { "application/json" } else { "application/yaml" });
        // Keys that are given twice are refused by the reader of YAML itself.
        self.decode(&body, FieldValidation::Strict).map(|(value, _)| value)
    }

    fn options(&self, of: Options) -> Result<WriteOptions, ApiError> {
        options::read(self.query, of, self.agent)
    }

    /// Removes an object.
    pub(crate) async fn delete(
        &self,
        namespace: String,
        name: String,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let kind = self.encoder.resource.kind;
        let deletion = deletion::read(kind, self.query, body)?;
        let options = WriteOptions { dry_run: deletion.dry_run, ..self.options(Options::Delete)? };
        let verb = Verb::Delete(deletion.options);
        let reply = self.submit(namespace, name, verb, options).await?;
        let answer = if reply.gone && !is_returned_when_gone(kind) {
            answer::value(StatusCode::OK, &success(&reply.object))
        } else {
            self.answer(StatusCode::OK, &reply, Vec::new())
        };
        Ok(answer::warn(answer, &deletion.warnings))
    }

    /// Removes every object that is selected; answers with those that were found.
    pub(crate) async fn delete_all(
        &self,
        namespace: Option<String>,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let kind = self.encoder.resource.kind;
        let deletion = deletion::read(kind, self.query, body)?;
        let options = WriteOptions { dry_run: deletion.dry_run, ..self.options(Options::Delete)? };
        let query = ListQuery::parse(self.query, kind)?;
        let query = ListQuery { as_of: AsOf::Newest, page: Page::default(), ..query };
        let reader = self.backend.reader();
        let selected =
            blocking(move || Selection { reader, kind, namespace, query }.read()).await?;
        let meta = ListMeta { revision: selected.revision, next: None };
        let removals: Vec<Request> = selected
            .items
            .iter()
            .map(|object| removal(object, deletion.options.clone(), options.clone()))
            .collect();
        for batch in removals.chunks(REMOVED_AT_ONCE) {
            let replies: Vec<_> =
                batch.iter().map(|request| self.backend.submit(request.clone())).collect();
            for reply in join_all(replies).await {
                match reply {
                    // Somebody else was faster: it is gone all the same.
                    Err(error) if error.reason != Reason::NotFound => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        let list = self.encoder.list(&selected.items, &meta, self.backend.now());
        Ok(answer::warn(answer::json(StatusCode::OK, list), &deletion.warnings))
    }

    async fn submit(
        &self,
        namespace: String,
        name: String,
        verb: Verb,
        options: WriteOptions,
    ) -> Result<Reply, ApiError> {
        let kind = self.encoder.resource.kind;
        self.backend.submit(Request { kind, namespace, name, verb, options }).await
    }

    /// Reads the object in a body; keys that are given twice are refused or warned of here, the other
    /// faults by the engine.
    fn decode(
        &self,
        body: &Body,
        validation: FieldValidation,
    ) -> Result<(Value, Vec<String>), ApiError> {
        let (value, duplicates) = media::decode(body.content_type.as_deref(), &body.bytes)?;
        let resource = self.encoder.resource;
        let value = match (resource.group, resource.kind) {
            (GroupVersion::Events, Kind::Event) => events::to_core(value),
            _ => value,
        };
        match validation {
            FieldValidation::Ignore => Ok((value, Vec::new())),
            FieldValidation::Warn => Ok((value, duplicates)),
            FieldValidation::Strict if duplicates.is_empty() => Ok((value, duplicates)),
            FieldValidation::Strict => {
                let (kind, list) = (resource.kind, duplicates.join(", "));
                let message = format!(
                    "{kind} in version \"{}\" cannot be handled as a {kind}: strict decoding \
                     error: {list}",
                    kind.version()
                );
                Err(ApiError::new(Reason::BadRequest, message))
            }
        }
    }

    fn answer(&self, status: StatusCode, reply: &Reply, mut warnings: Vec<String>) -> Answer {
        warnings.extend(reply.warnings.iter().cloned());
        let body = self.encoder.item(&reply.object, self.backend.now());
        answer::warn(answer::json(status, body), &warnings)
    }
}

fn removal(object: &Object, deletion: DeleteOptions, options: WriteOptions) -> Request {
    let key = object.key();
    Request {
        kind: key.kind,
        namespace: key.namespace,
        name: key.name,
        verb: Verb::Delete(deletion),
        options,
    }
}

/// What the body of a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Patch(PatchKind),
    Apply,
}

const APPLY_CBOR: &str = "application/apply-patch+cbor";

fn patch_format(content_type: Option<&str>) -> Result<Format, ApiError> {
    match media::essence(content_type) {
        "application/json-patch+json" => Ok(Format::Patch(PatchKind::Json)),
        "application/merge-patch+json" => Ok(Format::Patch(PatchKind::Merge)),
        "application/strategic-merge-patch+json" => Ok(Format::Patch(PatchKind::Strategic)),
        "application/apply-patch+yaml" | APPLY_CBOR => Ok(Format::Apply),
        other => Err(ApiError::new(
            Reason::UnsupportedMediaType,
            format!(
                "the body of the request was in an unknown format ({other}) - accepted media \
                 types include: application/json-patch+json, application/merge-patch+json, \
                 application/strategic-merge-patch+json, application/apply-patch+yaml"
            ),
        )),
    }
}

fn on_conflict(query: &Query) -> Result<OnConflict, ApiError> {
    Ok(if query.is_set("force")? { OnConflict::Force } else { OnConflict::Refuse })
}

/// The kinds whose deletion answers with the object even once it is gone, as their registries in
/// Kubernetes do (`ReturnDeletedObject`).
const fn is_returned_when_gone(kind: Kind) -> bool {
    match kind {
        Kind::Pod | Kind::PersistentVolumeClaim | Kind::ServiceAccount | Kind::Namespace => true,
        Kind::Job
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::Event => false,
    }
}

fn success(object: &Object) -> Value {
    let metadata = object.metadata();
    let kind = object.kind();
    let mut details = json!({"name": metadata.name, "kind": kind.plural(), "uid": metadata.uid});
    if !kind.group().is_empty() {
        details["group"] = json!(kind.group());
    }
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}
