//! The kinds that are served, and the names by which each is known.

/// A kind of object that this host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1` Namespace.
    Namespace,
    /// `v1` `ServiceAccount`.
    ServiceAccount,
    /// `v1` `ConfigMap`.
    ConfigMap,
    /// `v1` Secret.
    Secret,
    /// `v1` `PersistentVolumeClaim`.
    PersistentVolumeClaim,
    /// `batch/v1` `CronJob`.
    CronJob,
    /// `jobling.dev/v1alpha1` `HTTPTrigger`: this host's own.
    HTTPTrigger,
    /// `batch/v1` Job.
    Job,
    /// `v1` Pod.
    Pod,
    /// `v1` Event.
    Event,
}

/// What a kind is called, in one row.
struct Names {
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    group: &'static str,
}

impl Kind {
    /// Every kind, in the order in which a manifest's objects are created.
    pub const ALL: [Self; 10] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::ConfigMap,
        Self::Secret,
        Self::PersistentVolumeClaim,
        Self::CronJob,
        Self::HTTPTrigger,
        Self::Job,
        Self::Pod,
        Self::Event,
    ];

    const fn names(self) -> Names {
        let (kind, plural, singular, short, group): (_, _, _, &[&str], _) = match self {
            Self::Namespace => ("Namespace", "namespaces", "namespace", &["ns"], ""),
            Self::ServiceAccount => {
                ("ServiceAccount", "serviceaccounts", "serviceaccount", &["sa"], "")
            }
            Self::ConfigMap => ("ConfigMap", "configmaps", "configmap", &["cm"], ""),
            Self::Secret => ("Secret", "secrets", "secret", &[], ""),
            Self::PersistentVolumeClaim => (
                "PersistentVolumeClaim",
                "persistentvolumeclaims",
                "persistentvolumeclaim",
                &["pvc"],
                "",
            ),
            Self::CronJob => ("CronJob", "cronjobs", "cronjob", &["cj"], "batch"),
            Self::HTTPTrigger => {
                ("HTTPTrigger", "httptriggers", "httptrigger", &["ht"], "jobling.dev")
            }
            Self::Job => ("Job", "jobs", "job", &[], "batch"),
            Self::Pod => ("Pod", "pods", "pod", &["po"], ""),
            Self::Event => ("Event", "events", "event", &["ev"], ""),
        };
        Names { kind, plural, singular, short, group }
    }

    /// Returns the name in a manifest's `kind`, such as `Job`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names().kind
    }

    /// Returns the name in a URL, such as `jobs`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        self.names().plural
    }

    /// Returns the name that kubectl prints, such as `job`.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        self.names().singular
    }

    /// Returns the abbreviations that kubectl takes.
    #[must_use]
    pub const fn short_names(self) -> &'static [&'static str] {
        self.names().short
    }

    /// Returns the API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        self.names().group
    }

    /// Returns the API version, without the group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::HTTPTrigger => "v1alpha1",
            Self::Namespace
            | Self::ServiceAccount
            | Self::ConfigMap
            | Self::Secret
            | Self::PersistentVolumeClaim
            | Self::CronJob
            | Self::Job
            | Self::Pod
            | Self::Event => "v1",
        }
    }

    /// Returns a manifest's `apiVersion`, such as `batch/v1`.
    #[must_use]
    pub fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// Returns whether objects of this kind live in a namespace.
    #[must_use]
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespace)
    }

    /// Returns the kind of a manifest's `apiVersion` and `kind`.
    #[must_use]
    pub fn of_manifest(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == kind && k.api_version() == api_version)
    }

    /// Returns the kind of a URL's group and resource.
    #[must_use]
    pub fn of_resource(group: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.plural() == plural && k.group() == group)
    }

    /// Returns the kind that a person means by `word`: plural, singular, short name, with or without
    /// a group (`jobs`, `job`, `jobs.batch`, `po`), in any case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (resource, group) = match word.split_once('.') {
            Some((resource, group)) => (resource, Some(group)),
            None => (word.as_str(), None),
        };
        Self::ALL.into_iter().find(|kind| {
            let named = kind.plural() == resource
                || kind.singular() == resource
                || kind.short_names().contains(&resource);
            let grouped = group.is_none_or(|group| {
                group == kind.group() || group == format!("{}.{}", kind.version(), kind.group())
            });
            named && grouped
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
