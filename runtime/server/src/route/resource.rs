//! The API groups and the resources in them.

use jobling_core::api::Kind;

/// A group and version of the API that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum GroupVersion {
    /// `v1`, below `/api`.
    Core,
    /// `batch/v1`.
    Batch,
    /// `events.k8s.io/v1`: the events of `v1` in their newer shape.
    Events,
    /// `apps/v1`: nothing of it is held.
    Apps,
    /// `networking.k8s.io/v1`: nothing of it is held.
    Networking,
    /// `authorization.k8s.io/v1`: what the caller may do.
    Authorization,
    /// `authentication.k8s.io/v1`: who the caller is.
    Authentication,
    /// `metrics.k8s.io/v1beta1`: what running pods use.
    Metrics,
    /// `jobling.dev/v1alpha1`: what this host has beyond Kubernetes.
    Jobling,
}

impl GroupVersion {
    /// Every group, in the order in which clients prefer them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Core,
        Self::Batch,
        Self::Events,
        Self::Apps,
        Self::Networking,
        Self::Authorization,
        Self::Authentication,
        Self::Metrics,
        Self::Jobling,
    ];

    /// Returns the group's name; empty for the core group.
    #[must_use]
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::Core => "",
            Self::Batch => "batch",
            Self::Events => "events.k8s.io",
            Self::Apps => "apps",
            Self::Networking => "networking.k8s.io",
            Self::Authorization => "authorization.k8s.io",
            Self::Authentication => "authentication.k8s.io",
            Self::Metrics => "metrics.k8s.io",
            Self::Jobling => "jobling.dev",
        }
    }

    /// Returns the version.
    #[must_use]
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Core
            | Self::Batch
            | Self::Events
            | Self::Apps
            | Self::Networking
            | Self::Authorization
            | Self::Authentication => "v1",
            Self::Metrics => "v1beta1",
            Self::Jobling => "v1alpha1",
        }
    }

    /// Returns a manifest's `apiVersion`, such as `batch/v1`.
    #[must_use]
    pub(crate) fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// Returns the path below which its resources are, such as `apis/batch/v1`.
    #[must_use]
    pub(crate) fn path(self) -> String {
        match self.group() {
            "" => format!("api/{}", self.version()),
            group => format!("apis/{group}/{}", self.version()),
        }
    }

    /// Returns the group of that name.
    #[must_use]
    pub(crate) fn of_group(group: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.group() == group)
    }

    /// Returns the kinds of object that are served in this group.
    #[must_use]
    pub(crate) fn resources(self) -> Vec<Resource> {
        Kind::ALL.into_iter().filter_map(|kind| Resource::of(self, kind.plural())).collect()
    }
}

/// A kind of object, as one group shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The group.
    pub(crate) group: GroupVersion,
    /// The kind.
    pub(crate) kind: Kind,
}

impl Resource {
    /// Returns the resource that a URL names.
    #[must_use]
    pub(crate) fn of(group: GroupVersion, plural: &str) -> Option<Self> {
        let kind = match group {
            GroupVersion::Core | GroupVersion::Batch | GroupVersion::Jobling => {
                Kind::of_resource(group.group(), plural)
            }
            GroupVersion::Events => (plural == Kind::Event.plural()).then_some(Kind::Event),
            GroupVersion::Apps
            | GroupVersion::Networking
            | GroupVersion::Authorization
            | GroupVersion::Authentication
            | GroupVersion::Metrics => None,
        }?;
        Some(Self { group, kind })
    }
}

/// What a caller may ask of itself; none of these is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Review {
    /// May it do this?
    Access,
    /// What may it do?
    Rules,
    /// Who is it?
    Identity,
}

impl Review {
    /// Every one.
    const ALL: [Self; 3] = [Self::Access, Self::Rules, Self::Identity];

    /// Returns the reviews of a group.
    pub(crate) fn of_group(group: GroupVersion) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |review| review.group() == group)
    }

    /// Returns the review that a URL names.
    #[must_use]
    pub(crate) fn of(group: GroupVersion, plural: &str) -> Option<Self> {
        Self::of_group(group).find(|review| review.plural() == plural)
    }

    /// Returns the group that it is in.
    #[must_use]
    pub(crate) const fn group(self) -> GroupVersion {
        match self {
            Self::Access | Self::Rules => GroupVersion::Authorization,
            Self::Identity => GroupVersion::Authentication,
        }
    }

    /// Returns the name in a manifest's `kind`.
    #[must_use]
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Access => "SelfSubjectAccessReview",
            Self::Rules => "SelfSubjectRulesReview",
            Self::Identity => "SelfSubjectReview",
        }
    }

    /// Returns the name in a URL.
    #[must_use]
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Access => "selfsubjectaccessreviews",
            Self::Rules => "selfsubjectrulesreviews",
            Self::Identity => "selfsubjectreviews",
        }
    }

    /// Returns the name of one.
    #[must_use]
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Access => "selfsubjectaccessreview",
            Self::Rules => "selfsubjectrulesreview",
            Self::Identity => "selfsubjectreview",
        }
    }
}
