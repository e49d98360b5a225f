//! A kind of object as the API and people name it, and where in the API it is found.

use jobling_core::api::Kind;

/// A kind of object of whatever server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The API group; empty for the core group.
    pub(crate) group: String,
    /// The version, without the group.
    pub(crate) version: String,
    /// Such as `Job`.
    pub(crate) kind: String,
    /// Such as `jobs`.
    pub(crate) plural: String,
    /// Such as `job`.
    pub(crate) singular: String,
    /// Whether its objects live in a namespace.
    pub(crate) namespaced: bool,
}

impl From<Kind> for Resource {
    fn from(kind: Kind) -> Self {
        Self {
            group: kind.group().to_owned(),
            version: kind.version().to_owned(),
            kind: kind.name().to_owned(),
            plural: kind.plural().to_owned(),
            singular: kind.singular().to_owned(),
            namespaced: kind.is_namespaced(),
        }
    }
}

impl Resource {
    /// Returns a manifest's `apiVersion`.
    pub(crate) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Returns `job.batch`, or `pod` where there is no group.
    pub(crate) fn qualified(&self) -> String {
        match self.group.as_str() {
            "" => self.singular.clone(),
            group => format!("{}.{group}", self.singular),
        }
    }

    /// Returns `jobs.batch`, or `pods` where there is no group.
    pub(crate) fn qualified_plural(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// Returns the URL's path of all objects; `namespace` is `None` for those of every namespace.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        let root = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// Returns the URL's path of one object.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.collection(Some(namespace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_where_kubernetes_has_it() {
        for (kind, namespace, path) in [
            (Kind::Job, Some("shop"), "/apis/batch/v1/namespaces/shop/jobs"),
            (Kind::Job, None, "/apis/batch/v1/jobs"),
            (Kind::Pod, Some("default"), "/api/v1/namespaces/default/pods"),
            (Kind::Namespace, Some("default"), "/api/v1/namespaces"),
        ] {
            assert_eq!(Resource::from(kind).collection(namespace), path, "{kind}");
        }
        assert_eq!(Resource::from(Kind::Job).qualified(), "job.batch");
        assert_eq!(Resource::from(Kind::Pod).qualified(), "pod");
    }
}
