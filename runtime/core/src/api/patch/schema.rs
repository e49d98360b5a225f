//! Which lists of the served kinds merge, and by what: the `patchStrategy` and `patchMergeKey` of the
//! API's types (k8s.io/api), by the field's path.

use crate::api::Kind;

/// How a list is patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// The patch's list takes its place.
    Replace,
    /// Objects with the same value of this key merge.
    ByKey(&'static str),
    /// Values that are not there are added.
    AsSet,
}

/// A place in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Place {
    /// Whole objects of a kind.
    Object(Kind),
    /// `metadata` of anything.
    Metadata,
    /// A Job's spec.
    JobSpec,
    /// The spec of a `CronJob` or an `HTTPTrigger`.
    TemplatedSpec,
    /// The jobTemplate of a `CronJob` or an `HTTPTrigger`.
    JobTemplate,
    /// A pod template.
    PodTemplate,
    /// A pod's spec.
    PodSpec,
    /// An element of containers or initContainers.
    Container,
    /// An element of volumes.
    Volume,
    /// A projected volume.
    Projected,
    /// A claim's spec.
    ClaimSpec,
    /// A Job's status.
    JobStatus,
    /// Another status with conditions.
    Status,
    /// A place below which no list merges.
    Other,
}

/// How the lists of a kind's objects are patched, for who tells clients of it.
///
/// ```
/// use jobling_core::api::Kind;
/// use jobling_core::api::patch::{List, Shape};
///
/// let pod = Shape::of(Kind::Job).below("spec").below("template").below("spec");
/// assert_eq!(pod.list("containers"), List::ByKey("name"));
/// assert_eq!(pod.below("containers").list("args"), List::Replace);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(Place);

impl Shape {
    /// Returns the shape of a kind's objects.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self(Place::Object(kind))
    }

    /// Returns the shape of a field, or of each element of a list.
    #[must_use]
    pub fn below(self, field: &str) -> Self {
        Self(child(self.0, field))
    }

    /// Returns how the list in a field is patched.
    #[must_use]
    pub fn list(self, field: &str) -> List {
        list(self.0, field)
    }
}

/// Returns the place of the field `name` at `place`.
pub(in crate::api) fn child(place: Place, name: &str) -> Place {
    match (place, name) {
        (Place::Object(_) | Place::PodTemplate | Place::JobTemplate, "metadata") => Place::Metadata,
        (Place::Object(Kind::Job) | Place::JobTemplate, "spec") => Place::JobSpec,
        (Place::Object(Kind::Job), "status") => Place::JobStatus,
        (Place::Object(Kind::CronJob | Kind::HTTPTrigger), "spec") => Place::TemplatedSpec,
        (Place::TemplatedSpec, "jobTemplate") => Place::JobTemplate,
        (Place::JobSpec, "template") => Place::PodTemplate,
        (Place::PodTemplate | Place::Object(Kind::Pod), "spec") => Place::PodSpec,
        (Place::Object(Kind::PersistentVolumeClaim), "spec") => Place::ClaimSpec,
        (Place::Object(_), "status") => Place::Status,
        (Place::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => {
            Place::Container
        }
        (Place::PodSpec, "volumes") => Place::Volume,
        (Place::Volume, "projected") => Place::Projected,
        _ => Place::Other,
    }
}

/// Returns how the list `name` at `place` is patched.
pub(super) fn list(place: Place, name: &str) -> List {
    match (place, name) {
        (Place::Metadata, "finalizers") => List::AsSet,
        (Place::Metadata, "ownerReferences") => List::ByKey("uid"),
        (
            Place::PodSpec,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "volumes"
            | "imagePullSecrets"
            | "resourceClaims"
            | "schedulingGates",
        )
        | (Place::Container, "env")
        | (Place::Object(Kind::ServiceAccount), "secrets" | "imagePullSecrets") => {
            List::ByKey("name")
        }
        (Place::PodSpec, "hostAliases") => List::ByKey("ip"),
        (Place::PodSpec, "topologySpreadConstraints") => List::ByKey("topologyKey"),
        (Place::Container, "ports") => List::ByKey("containerPort"),
        (Place::Container, "volumeMounts") => List::ByKey("mountPath"),
        (Place::Container, "volumeDevices") => List::ByKey("devicePath"),
        (Place::JobStatus | Place::Status, "conditions") => List::ByKey("type"),
        _ => List::Replace,
    }
}
