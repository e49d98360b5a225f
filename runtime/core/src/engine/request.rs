//! What a client asks the engine to change, and what it is told.

use serde_json::Value;

pub use crate::api::FieldValidation;
pub use crate::api::managed::OnConflict;
use crate::api::{Kind, Object};

/// Whether a request is to be carried out or only judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// Carried out.
    #[default]
    None,
    /// Judged and answered as if it had been carried out.
    All,
}

/// A part of an object that is written by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// What whoever acts on the object has made of it.
    Status,
}

/// How a change is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Whether it is only judged.
    pub dry_run: DryRun,
    /// What becomes of unknown fields.
    pub field_validation: FieldValidation,
    /// Who makes it, for managedFields.
    pub field_manager: Option<String>,
    /// The part that alone is written; `None` for the object itself.
    pub subresource: Option<Subresource>,
}

/// The patch formats of the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' strategic merge: lists merge by the key that the type names.
    Strategic,
}

/// A change of parts of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The format.
    pub kind: PatchKind,
    /// The patch itself.
    pub body: Value,
}

/// What a manager wants an object to be: server-side apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The fields that the manager sets, and no others.
    pub body: Value,
    /// What is done where others have set them otherwise.
    pub on_conflict: OnConflict,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The object goes at once, its dependents after it.
    #[default]
    Background,
    /// The dependents go first.
    Foreground,
    /// The dependents stay and lose their owner.
    Orphan,
}

/// What must be true of an object for a deletion to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// Its uid.
    pub uid: Option<String>,
    /// Its resourceVersion.
    pub resource_version: Option<String>,
}

/// How an object is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// What becomes of its dependents.
    pub propagation: Propagation,
    /// Overrides a pod's grace period, in seconds; 0 ends it at once.
    pub grace_period_seconds: Option<u32>,
    /// What must be true.
    pub preconditions: Preconditions,
}

/// What is to be done to an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// Make it, of this JSON; its name may be left to `metadata.generateName`.
    Create(Value),
    /// Replace it with this JSON.
    Update(Value),
    /// Change parts of it.
    Patch(Patch),
    /// Bring it to what this says, or make it.
    Apply(Configuration),
    /// Remove it.
    Delete(DeleteOptions),
}

/// One change that a client asks for. Names and namespaces are those of the URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The kind.
    pub kind: Kind,
    /// The namespace; empty where the kind has none.
    pub namespace: String,
    /// The name; empty for [`Verb::Create`].
    pub name: String,
    /// What is to be done.
    pub verb: Verb,
    /// How.
    pub options: WriteOptions,
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The object as it is now; as it last was, where it is gone.
    pub object: Object,
    /// Set where the object was made.
    pub created: bool,
    /// Set where a deletion took the object away at once; unset where it now waits for its dependents,
    /// its grace period or its finalizers.
    pub gone: bool,
    /// What the client should be warned of, a sentence each.
    pub warnings: Vec<String>,
}
