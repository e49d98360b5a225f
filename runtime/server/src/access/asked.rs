//! What a request asks for, in the words in which access is decided: a verb and a resource, or a path.

use jobling_core::api::{ApiError, Kind, ObjectKey, Reason};
use jobling_core::engine::Subresource;

use super::Caller;
use crate::queues::{QueueRoute, QueueVerb};
use crate::route::{CollectionVerb, GroupVersion, ItemVerb, Route, TransferWay};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// A verb on objects.
    Resource(OnResource<'a>),
    /// Reading a path that is about no object.
    Path {
        /// The method in lower case, such as `get`.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// A verb on objects, as an access review spells it. What is empty is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OnResource<'a> {
    /// Such as `create`.
    pub(crate) verb: &'a str,
    /// Such as `batch`; empty for the core group.
    pub(crate) group: &'a str,
    /// Such as `jobs`.
    pub(crate) resource: &'a str,
    /// Such as `log`.
    pub(crate) subresource: &'a str,
    /// The namespace; of a Namespace its own name, as the API server has it.
    pub(crate) namespace: &'a str,
    /// The object.
    pub(crate) name: &'a str,
}

impl<'a> Asked<'a> {
    /// Returns what a request for `route` asks, which came as `verb` (its method) and `path`.
    pub(crate) fn of(route: &'a Route, verb: &'a str, path: &'a str) -> Self {
        let metrics = |verb, namespace, name| OnResource {
            verb,
            group: GroupVersion::Metrics.group(),
            resource: "pods",
            namespace,
            name,
            ..OnResource::default()
        };
        let own = |verb, resource, name| OnResource {
            verb,
            group: GroupVersion::Jobling.group(),
            resource,
            name,
            ..OnResource::default()
        };
        Self::Resource(match route {
            Route::Version
            | Route::TriggerEndpoint
            | Route::Health
            | Route::CoreVersions
            | Route::Groups
            | Route::Group(_)
            | Route::Resources(_)
            | Route::AllSchemas
            | Route::Schemas
            | Route::Schema(_)
            // That there are none is part of what is served.
            | Route::NoObjects(_) => return Self::Path { verb, path },
            Route::Collection { resource, namespace, verb } => OnResource {
                verb: collection_verb(*verb),
                group: resource.group.group(),
                resource: resource.kind.plural(),
                namespace: namespace.as_deref().unwrap_or_default(),
                ..OnResource::default()
            },
            Route::Item { resource, namespace, name, verb } => OnResource {
                verb: item_verb(*verb),
                group: resource.group.group(),
                resource: resource.kind.plural(),
                subresource: part_of(*verb),
                namespace: if resource.kind == Kind::Namespace { name } else { namespace },
                name,
            },
            Route::Log { namespace, name } => OnResource {
                verb: "get",
                group: "",
                resource: Kind::Pod.plural(),
                subresource: "log",
                namespace,
                name,
            },
            Route::Review(review) => OnResource {
                verb: "create",
                group: review.group().group(),
                resource: review.plural(),
                ..OnResource::default()
            },
            Route::AllMetrics { namespace } => {
                metrics("list", namespace.as_deref().unwrap_or_default(), "")
            }
            Route::Metrics { namespace, name } => metrics("get", namespace, name),
            Route::Queues(queues) => on_queues(queues),
            Route::Images => own("list", "images", ""),
            Route::PruneImages => own("deletecollection", "images", ""),
            Route::ImageTransfer { name, way } => {
                let subresource = match way {
                    TransferWay::Pull => "pull",
                    TransferWay::Push => "push",
                };
                OnResource { subresource, ..own("create", "images", name) }
            }
            Route::Image { name, verb } => own(item_verb(*verb), "images", name),
            Route::ImageContent { name } => {
                OnResource { subresource: "content", ..own("update", "images", name) }
            }
            Route::Tokens { verb } => own(collection_verb(*verb), "tokens", ""),
            Route::Token { name, verb } => own(item_verb(*verb), "tokens", name),
        })
    }

    /// Returns what a client asks that wants to be taken for `user` (kubectl's `--as`).
    pub(crate) fn impersonation(user: &'a str) -> Self {
        Self::Resource(OnResource {
            verb: "impersonate",
            resource: "users",
            name: user,
            ..OnResource::default()
        })
    }

    /// Returns whether it may change something.
    pub(crate) fn is_change(&self) -> bool {
        match self {
            Self::Path { .. } => false,
            Self::Resource(on) => {
                let is_review = on.group == GroupVersion::Authorization.group()
                    || on.group == GroupVersion::Authentication.group();
                !matches!(on.verb, "get" | "list" | "watch") && !is_review
            }
        }
    }

    /// Returns the refusal of this to `caller`, word for word an API server's
    /// (`apiserver/pkg/endpoints/handlers/responsewriters/errors.go`).
    pub(crate) fn forbidden(&self, caller: &Caller) -> ApiError {
        let user = caller.name();
        let on = match self {
            Self::Path { verb, path } => {
                let message = format!("forbidden: User {user:?} cannot {verb} path {path:?}");
                return ApiError::new(Reason::Forbidden, message);
            }
            Self::Resource(on) => on,
        };
        let mut message = match on.group {
            "" => on.resource.to_owned(),
            group => format!("{}.{group}", on.resource),
        };
        if !on.name.is_empty() {
            message.push_str(&format!(" {:?}", on.name));
        }
        let of = if on.subresource.is_empty() { "" } else { "/" };
        message.push_str(&format!(
            " is forbidden: User {user:?} cannot {} resource \"{}{of}{}\" in API group {:?} ",
            on.verb, on.resource, on.subresource, on.group
        ));
        match on.namespace {
            "" => message.push_str("at the cluster scope"),
            namespace => message.push_str(&format!("in the namespace {namespace:?}")),
        }
        let key = Kind::of_resource(on.group, on.resource)
            .map(|kind| ObjectKey::new(kind, on.namespace, on.name));
        ApiError { key, ..ApiError::new(Reason::Forbidden, message) }
    }
}

const fn collection_verb(verb: CollectionVerb) -> &'static str {
    match verb {
        CollectionVerb::List => "list",
        CollectionVerb::Watch => "watch",
        CollectionVerb::Create => "create",
        CollectionVerb::DeleteAll => "deletecollection",
    }
}

const fn item_verb(verb: ItemVerb) -> &'static str {
    match verb {
        ItemVerb::Get => "get",
        ItemVerb::Update(_) => "update",
        ItemVerb::Patch(_) => "patch",
        ItemVerb::Delete => "delete",
    }
}

fn on_queues(route: &QueueRoute) -> OnResource<'_> {
    let (verb, subresource, namespace, name) = match route {
        QueueRoute::List { namespace } => {
            ("list", "", namespace.as_deref().unwrap_or_default(), "")
        }
        QueueRoute::One { queue, verb } => {
            let (namespace, name) = queue.as_str().split_once('/').unwrap_or_default();
            let (verb, subresource) = match verb {
                QueueVerb::Get => ("get", ""),
                QueueVerb::Delete => ("delete", ""),
                QueueVerb::Peek => ("get", "items"),
                QueueVerb::Push => ("create", "items"),
                QueueVerb::Purge => ("delete", "items"),
                QueueVerb::Revive => ("create", "revive"),
            };
            (verb, subresource, namespace, name)
        }
    };
    let group = GroupVersion::Jobling.group();
    OnResource { verb, group, resource: "queues", subresource, namespace, name }
}

/// Returns the part of an object that is written by itself. Reading it is reading the object.
const fn part_of(verb: ItemVerb) -> &'static str {
    match verb {
        ItemVerb::Update(Some(Subresource::Status))
        | ItemVerb::Patch(Some(Subresource::Status)) => "status",
        ItemVerb::Get | ItemVerb::Update(None) | ItemVerb::Patch(None) | ItemVerb::Delete => "",
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::Role;
    use super::*;
    use crate::route::{Query, route};

    #[test]
    fn a_refusal_reads_as_an_api_servers() {
        let caller = Caller::holder("ci".into(), Role::View, None);
        for (request, words) in [
            (
                "POST /apis/batch/v1/namespaces/default/jobs",
                "jobs.batch is forbidden: User \"ci\" cannot create resource \"jobs\" in API group \
                 \"batch\" in the namespace \"default\"",
            ),
            (
                "GET /api/v1/namespaces/default/secrets/key",
                "secrets \"key\" is forbidden: User \"ci\" cannot get resource \"secrets\" in API \
                 group \"\" in the namespace \"default\"",
            ),
            (
                "GET /api/v1/secrets",
                "secrets is forbidden: User \"ci\" cannot list resource \"secrets\" in API group \
                 \"\" at the cluster scope",
            ),
            (
                "DELETE /api/v1/namespaces/a",
                "namespaces \"a\" is forbidden: User \"ci\" cannot delete resource \"namespaces\" \
                 in API group \"\" in the namespace \"a\"",
            ),
            (
                "GET /api/v1/namespaces/a/pods/p/log",
                "pods \"p\" is forbidden: User \"ci\" cannot get resource \"pods/log\" in API \
                 group \"\" in the namespace \"a\"",
            ),
            (
                "GET /apis/jobling.dev/v1alpha1/tokens",
                "tokens.jobling.dev is forbidden: User \"ci\" cannot list resource \"tokens\" in \
                 API group \"jobling.dev\" at the cluster scope",
            ),
            ("GET /apis", "forbidden: User \"ci\" cannot get path \"/apis\""),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            let method: Method = method.parse().unwrap();
            let route = route(&method, path, &Query::default()).unwrap();
            let verb = method.as_str().to_lowercase();
            let refusal = Asked::of(&route, &verb, path).forbidden(&caller);
            assert_eq!(refusal.message, words, "{request}");
        }
    }

    #[test]
    fn only_what_may_change_something_is_a_change() {
        for (request, change) in [
            ("GET /api/v1/pods", false),
            ("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", false),
            ("POST /api/v1/namespaces", true),
            ("DELETE /apis/jobling.dev/v1alpha1/images/a", true),
            ("PUT /apis/jobling.dev/v1alpha1/images/a/content", true),
            ("GET /version", false),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            let route = route(&method.parse().unwrap(), path, &Query::default()).unwrap();
            assert_eq!(Asked::of(&route, "get", path).is_change(), change, "{request}");
        }
    }
}
