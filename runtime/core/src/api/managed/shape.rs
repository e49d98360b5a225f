//! Which maps and lists are set field by field and item by item, and which only as a whole: the
//! `x-kubernetes-map-type`, `-list-type` and `-list-map-keys` of the API's types, by the field's path.

use crate::api::Kind;
use crate::api::patch::{Place, child};

/// How the value of a field is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A map field by field; a scalar or a list at such a place as a whole.
    Granular(Place),
    /// As a whole, whatever it is.
    Atomic,
    /// A list of scalars: value by value.
    Set,
    /// A list of maps, told apart by these keys: item by item.
    Keyed(&'static [&'static str], Item),
}

/// How an item of a list of maps is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// Field by field.
    Granular(Place),
    /// As a whole.
    Atomic,
}

impl Item {
    /// Returns the shape of the item.
    pub(super) const fn shape(self) -> Shape {
        match self {
            Self::Granular(place) => Shape::Granular(place),
            Self::Atomic => Shape::Atomic,
        }
    }
}

/// What a key is where an item does not say it.
pub(super) fn default_key(name: &str) -> Option<&'static str> {
    (name == "protocol").then_some("TCP")
}

/// Structures that are set as a whole wherever they are: references and selectors.
const ATOMIC: [&str; 14] = [
    "configMapKeyRef",
    "dataSource",
    "fieldRef",
    "fileKeyRef",
    "involvedObject",
    "labelSelector",
    "namespaceSelector",
    "nodePublishSecretRef",
    "nodeSelector",
    "related",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resourceFieldRef",
    "secretRef",
    "secretKeyRef",
];

/// Returns the shape of a whole object.
pub(super) const fn root(kind: Kind) -> Shape {
    Shape::Granular(Place::Object(kind))
}

/// Returns the shape of the field `name` at `place`.
pub(super) fn field(place: Place, name: &str) -> Shape {
    let inner = Item::Granular(child(place, name));
    match (place, name) {
        (Place::Metadata, "finalizers") => Shape::Set,
        (Place::Metadata, "ownerReferences") => Shape::Keyed(&["uid"], Item::Atomic),
        (Place::PodSpec, "imagePullSecrets") | (Place::Object(Kind::ServiceAccount), "secrets") => {
            Shape::Keyed(&["name"], Item::Atomic)
        }
        (
            Place::PodSpec,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "volumes"
            | "resourceClaims"
            | "schedulingGates",
        )
        | (Place::Container, "env")
        | (Place::Other, "claims") => Shape::Keyed(&["name"], inner),
        (Place::PodSpec, "hostAliases") => Shape::Keyed(&["ip"], inner),
        (Place::PodSpec, "topologySpreadConstraints") => {
            Shape::Keyed(&["topologyKey", "whenUnsatisfiable"], inner)
        }
        (Place::Container, "ports") => Shape::Keyed(&["containerPort", "protocol"], inner),
        (Place::Container, "volumeMounts") => Shape::Keyed(&["mountPath"], inner),
        (Place::Container, "volumeDevices") => Shape::Keyed(&["devicePath"], inner),
        (Place::Status, "conditions") => Shape::Keyed(&["type"], inner),
        (Place::JobSpec | Place::ClaimSpec, "selector") => Shape::Atomic,
        _ if ATOMIC.contains(&name) => Shape::Atomic,
        _ => Shape::Granular(child(place, name)),
    }
}
