//! The kinds that Kubernetes has and this host never holds. They are known by name, so that
//! `kubectl apply --prune` and the like find none of them instead of failing, and so that whoever makes one
//! is told where this host ends.

use super::GroupVersion;

/// A kind of which this host never holds an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Absent {
    /// The group.
    pub(crate) group: GroupVersion,
    /// The name in a manifest's `kind`.
    pub(crate) kind: &'static str,
    /// The name in a URL.
    pub(crate) plural: &'static str,
    /// The name of one.
    pub(crate) singular: &'static str,
    /// Whether objects of this kind would live in a namespace.
    pub(crate) namespaced: bool,
}

const fn absent(
    group: GroupVersion,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
) -> Absent {
    Absent { group, kind, plural, singular, namespaced: true }
}

/// What `kubectl apply --prune` looks at, less what is served.
const ALL: [Absent; 9] = [
    absent(GroupVersion::Core, "Endpoints", "endpoints", "endpoints"),
    Absent {
        namespaced: false,
        ..absent(GroupVersion::Core, "PersistentVolume", "persistentvolumes", "persistentvolume")
    },
    absent(
        GroupVersion::Core,
        "ReplicationController",
        "replicationcontrollers",
        "replicationcontroller",
    ),
    absent(GroupVersion::Core, "Service", "services", "service"),
    absent(GroupVersion::Apps, "DaemonSet", "daemonsets", "daemonset"),
    absent(GroupVersion::Apps, "Deployment", "deployments", "deployment"),
    absent(GroupVersion::Apps, "ReplicaSet", "replicasets", "replicaset"),
    absent(GroupVersion::Apps, "StatefulSet", "statefulsets", "statefulset"),
    absent(GroupVersion::Networking, "Ingress", "ingresses", "ingress"),
];

impl Absent {
    /// Returns the absent kinds of a group.
    pub(crate) fn of_group(group: GroupVersion) -> impl Iterator<Item = Self> {
        ALL.into_iter().filter(move |absent| absent.group == group)
    }

    /// Returns the absent kind that a URL names.
    pub(crate) fn of(group: GroupVersion, plural: &str) -> Option<Self> {
        Self::of_group(group).find(|absent| absent.plural == plural)
    }

    /// Returns the name with its group, such as `deployments.apps`.
    pub(crate) fn qualified(self) -> String {
        match self.group.group() {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}
