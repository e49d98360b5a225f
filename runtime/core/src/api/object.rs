//! One object of any served kind, typed.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, PersistentVolumeClaim, Pod, Secret, ServiceAccount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::decode::{self, Fault, Read};
use super::{HTTPTrigger, Kind};

/// Where an object is found: its kind, namespace (empty for a cluster's own) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The kind.
    pub kind: Kind,
    /// The namespace; empty where the kind has none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectKey {
    /// Returns the key of `kind` `namespace`/`name`.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

/// An object of any served kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// `v1` Namespace.
    Namespace(Box<Namespace>),
    /// `v1` `ServiceAccount`.
    ServiceAccount(Box<ServiceAccount>),
    /// `v1` `ConfigMap`.
    ConfigMap(Box<ConfigMap>),
    /// `v1` Secret.
    Secret(Box<Secret>),
    /// `v1` `PersistentVolumeClaim`.
    PersistentVolumeClaim(Box<PersistentVolumeClaim>),
    /// `batch/v1` `CronJob`.
    CronJob(Box<CronJob>),
    /// `jobling.dev/v1alpha1` `HTTPTrigger`.
    HTTPTrigger(Box<HTTPTrigger>),
    /// `batch/v1` Job.
    Job(Box<Job>),
    /// `v1` Pod.
    Pod(Box<Pod>),
    /// `v1` Event.
    Event(Box<Event>),
}

/// Runs `$body` with `$inner` bound to the typed object inside `$object`.
macro_rules! each {
    ($object:expr, $inner:ident => $body:expr) => {
        match $object {
            Object::Namespace($inner) => $body,
            Object::ServiceAccount($inner) => $body,
            Object::ConfigMap($inner) => $body,
            Object::Secret($inner) => $body,
            Object::PersistentVolumeClaim($inner) => $body,
            Object::CronJob($inner) => $body,
            Object::HTTPTrigger($inner) => $body,
            Object::Job($inner) => $body,
            Object::Pod($inner) => $body,
            Object::Event($inner) => $body,
        }
    };
}

impl Object {
    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::ServiceAccount(_) => Kind::ServiceAccount,
            Self::ConfigMap(_) => Kind::ConfigMap,
            Self::Secret(_) => Kind::Secret,
            Self::PersistentVolumeClaim(_) => Kind::PersistentVolumeClaim,
            Self::CronJob(_) => Kind::CronJob,
            Self::HTTPTrigger(_) => Kind::HTTPTrigger,
            Self::Job(_) => Kind::Job,
            Self::Pod(_) => Kind::Pod,
            Self::Event(_) => Kind::Event,
        }
    }

    /// Returns the metadata.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        each!(self, inner => &inner.metadata)
    }

    /// Returns the metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        each!(self, inner => &mut inner.metadata)
    }

    /// Returns where this object is found.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        let metadata = self.metadata();
        ObjectKey::new(
            self.kind(),
            metadata.namespace.clone().unwrap_or_default(),
            metadata.name.clone().unwrap_or_default(),
        )
    }

    /// Returns the object as JSON, with `apiVersion` and `kind`.
    ///
    /// # Panics
    /// Never: the types of k8s-openapi have string keys only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        each!(self, inner => serde_json::to_value(inner)).expect("API types are JSON")
    }

    /// Returns the object as JSON text, with `apiVersion` and `kind`.
    ///
    /// # Panics
    /// Never: the types of k8s-openapi have string keys only.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        each!(self, inner => serde_json::to_vec(inner)).expect("API types are JSON")
    }

    /// Returns the object of `kind` that `value` describes; fields that the kind does not have are
    /// passed over.
    ///
    /// # Errors
    /// The path of the first field whose JSON type is wrong, with what was expected there.
    pub fn from_value(kind: Kind, value: &Value) -> Result<Self, Fault> {
        let Read { object, faults } = decode::read(kind, value);
        match faults.into_iter().find(Fault::is_fatal) {
            Some(fault) => Err(fault),
            None => Ok(object.expect("what cannot be read is a fatal fault")),
        }
    }

    /// Returns the object of `kind` in the JSON text `bytes`.
    ///
    /// # Errors
    /// Where a field's JSON type is wrong, or the text is no JSON.
    pub fn from_json(kind: Kind, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Namespace => Self::Namespace(serde_json::from_slice(bytes)?),
            Kind::ServiceAccount => Self::ServiceAccount(serde_json::from_slice(bytes)?),
            Kind::ConfigMap => Self::ConfigMap(serde_json::from_slice(bytes)?),
            Kind::Secret => Self::Secret(serde_json::from_slice(bytes)?),
            Kind::PersistentVolumeClaim => {
                Self::PersistentVolumeClaim(serde_json::from_slice(bytes)?)
            }
            Kind::CronJob => Self::CronJob(serde_json::from_slice(bytes)?),
            Kind::HTTPTrigger => Self::HTTPTrigger(serde_json::from_slice(bytes)?),
            Kind::Job => Self::Job(serde_json::from_slice(bytes)?),
            Kind::Pod => Self::Pod(serde_json::from_slice(bytes)?),
            Kind::Event => Self::Event(serde_json::from_slice(bytes)?),
        })
    }
}
