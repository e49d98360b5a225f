//! From a method and a path to what is asked for. Pure: `route` decides, nothing is looked up.

use http::Method;
use jobling_core::api::{ApiError, Kind, Reason};
use jobling_core::engine::Subresource;
use percent_encoding::percent_decode_str;

use super::own::{metrics, own};
use super::{Absent, GroupVersion, Query, Resource, Review};
use crate::queues::QueueRoute;

/// What is asked of all objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CollectionVerb {
    /// Read them.
    List,
    /// Be told of their changes.
    Watch,
    /// Add one.
    Create,
    /// Remove those that are selected.
    DeleteAll,
}

/// What is asked of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemVerb {
    /// Read it.
    Get,
    /// Replace it, or that part of it.
    Update(Option<Subresource>),
    /// Change parts of it.
    Patch(Option<Subresource>),
    /// Remove it.
    Delete,
}

/// From a registry or to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransferWay {
    /// From it.
    Pull,
    /// To it.
    Push,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/version`.
    Version,
    /// `/healthz`, `/livez`, `/readyz`.
    Health,
    /// `/api`: the versions of the core group, or with aggregated discovery all that is in it.
    CoreVersions,
    /// `/apis`: the other groups.
    Groups,
    /// `/apis/GROUP`.
    Group(GroupVersion),
    /// `/api/v1` and `/apis/GROUP/VERSION`: the resources of a group.
    Resources(GroupVersion),
    /// `/openapi/v2`: all schemas at once.
    AllSchemas,
    /// `/openapi/v3`: where the schemas are.
    Schemas,
    /// `/openapi/v3/…`: the schema of one group.
    Schema(GroupVersion),
    /// All objects of a kind, in one namespace or in all.
    Collection {
        /// The kind.
        resource: Resource,
        /// The namespace; `None` for all, and for kinds that have none.
        namespace: Option<String>,
        /// What is asked.
        verb: CollectionVerb,
    },
    /// One object.
    Item {
        /// The kind.
        resource: Resource,
        /// The namespace; empty for kinds that have none.
        namespace: String,
        /// The name.
        name: String,
        /// What is asked.
        verb: ItemVerb,
    },
    /// `pods/NAME/log`.
    Log {
        /// The namespace.
        namespace: String,
        /// The pod.
        name: String,
    },
    /// All objects of a kind that this host never holds: there are none.
    NoObjects(Absent),
    /// `selfsubjectaccessreviews` and the like: what a caller asks of itself.
    Review(Review),
    /// What the running pods use, in one namespace or in all.
    AllMetrics {
        /// The namespace; `None` for all.
        namespace: Option<String>,
    },
    /// What one running pod uses.
    Metrics {
        /// The namespace.
        namespace: String,
        /// The pod.
        name: String,
    },
    /// `tokens`: those that were given out.
    Tokens {
        /// List or create.
        verb: CollectionVerb,
    },
    /// One token.
    Token {
        /// Whose it is.
        name: String,
        /// Get or delete.
        verb: ItemVerb,
    },
    /// `triggers`: where requests to HTTPTriggers are taken.
    TriggerEndpoint,
    /// `images`: what the local image store holds.
    Images,
    /// `images`, of which those go that are not in use.
    PruneImages,
    /// `images/NAME/pull` and `images/NAME/push`.
    ImageTransfer {
        /// The name.
        name: String,
        /// Which way.
        way: TransferWay,
    },
    /// One image.
    Image {
        /// The name, such as `backup-tool:latest`.
        name: String,
        /// Get or delete.
        verb: ItemVerb,
    },
    /// `queues` and what is below it: the host's own work queues.
    Queues(QueueRoute),
    /// `images/NAME/content`: a module to be stored under that name.
    ImageContent {
        /// The name.
        name: String,
    },
}

/// Returns what a request is about.
///
/// # Errors
/// `NotFound` for what is not served, `MethodNotAllowed` for a verb that a resource does not have,
/// `Forbidden` for what a WASI pod cannot do.
pub(crate) fn route(method: &Method, path: &str, query: &Query) -> Result<Route, ApiError> {
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["version"] => read_only(method, Route::Version),
        ["triggers"] => read_only(method, Route::TriggerEndpoint),
        ["healthz" | "livez" | "readyz", ..] => read_only(method, Route::Health),
        ["api"] => read_only(method, Route::CoreVersions),
        ["apis"] => read_only(method, Route::Groups),
        ["openapi", "v2"] => read_only(method, Route::AllSchemas),
        ["openapi", "v3"] => read_only(method, Route::Schemas),
        ["openapi", "v3", "api", version] => {
            read_only(method, Route::Schema(group_version("", version)?))
        }
        ["openapi", "v3", "apis", group, version] => {
            read_only(method, Route::Schema(group_version(group, version)?))
        }
        ["api", version, rest @ ..] => within(method, group_version("", version)?, rest, query),
        ["apis", group] => read_only(method, Route::Group(named(group)?)),
        ["apis", group, version, rest @ ..] => {
            within(method, group_version(group, version)?, rest, query)
        }
        _ => Err(unknown_path()),
    }
}

/// Splits first and decodes afterwards, so that an escaped slash stays in a name.
fn segments(path: &str) -> Result<Vec<String>, ApiError> {
    let decode =
        |part: &str| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned);
    path.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Result<_, _>>().map_err(
        |_| ApiError::new(Reason::BadRequest, "the path is not UTF-8 once its escapes are undone"),
    )
}

fn named(group: &str) -> Result<GroupVersion, ApiError> {
    GroupVersion::of_group(group).filter(|known| !known.group().is_empty()).ok_or_else(unknown_path)
}

fn group_version(group: &str, version: &str) -> Result<GroupVersion, ApiError> {
    GroupVersion::of_group(group)
        .filter(|known| known.version() == version)
        .ok_or_else(unknown_path)
}

fn within(
    method: &Method,
    group: GroupVersion,
    rest: &[&str],
    query: &Query,
) -> Result<Route, ApiError> {
    if group == GroupVersion::Jobling
        && let Some(route) = QueueRoute::read(method, rest)
    {
        return route.map(Route::Queues);
    }
    if group == GroupVersion::Jobling
        && let Some(route) = own(method, rest)
    {
        return route;
    }
    if group == GroupVersion::Metrics && !rest.is_empty() {
        return metrics(method, rest);
    }
    if let Some((absent, rest)) = absent_kind(group, rest) {
        return none_of(method, absent, rest, query);
    }
    let resource = |plural: &str| Resource::of(group, plural).ok_or_else(unknown_path);
    match *rest {
        [] => read_only(method, Route::Resources(group)),
        [plural] if let Some(review) = Review::of(group, plural) => match *method {
            Method::POST => Ok(Route::Review(review)),
            _ => Err(not_allowed()),
        },
        ["namespaces", namespace, plural] if plural != "status" => {
            let resource = namespaced(resource(plural)?)?;
            collection(method, resource, Some(namespace.to_owned()), query)
        }
        ["namespaces", namespace, plural, name] => {
            item(method, namespaced(resource(plural)?)?, namespace, name)
        }
        ["namespaces", namespace, plural, name, sub] => {
            subresource(method, namespaced(resource(plural)?)?, namespace, name, sub)
        }
        [plural] => collection(method, resource(plural)?, None, query),
        [plural, name] if !resource(plural)?.kind.is_namespaced() => {
            item(method, resource(plural)?, "", name)
        }
        [plural, name, sub] if !resource(plural)?.kind.is_namespaced() => {
            subresource(method, resource(plural)?, "", name, sub)
        }
        _ => Err(unknown_path()),
    }
}

/// Returns the kind that this host never holds and that a path names, with what follows it.
fn absent_kind<'r, 's>(
    group: GroupVersion,
    rest: &'r [&'s str],
) -> Option<(Absent, &'r [&'s str])> {
    let (["namespaces", _, plural, rest @ ..] | [plural, rest @ ..]) = rest else { return None };
    Some((Absent::of(group, plural)?, rest))
}

fn none_of(
    method: &Method,
    absent: Absent,
    rest: &[&str],
    query: &Query,
) -> Result<Route, ApiError> {
    match (method, rest) {
        (&Method::GET | &Method::HEAD, []) if !query.is_set("watch")? => {
            Ok(Route::NoObjects(absent))
        }
        (&Method::DELETE, []) => Ok(Route::NoObjects(absent)),
        (&Method::GET | &Method::HEAD | &Method::DELETE, [name, ..]) => {
            let message = format!("{} \"{name}\" not found", absent.qualified());
            Err(ApiError::new(Reason::NotFound, message))
        }
        _ => Err(ApiError::new(
            Reason::MethodNotAllowed,
            format!("this host runs Jobs and CronJobs: it holds no {}", absent.kind),
        )),
    }
}

fn namespaced(resource: Resource) -> Result<Resource, ApiError> {
    if resource.kind.is_namespaced() { Ok(resource) } else { Err(unknown_path()) }
}

fn collection(
    method: &Method,
    resource: Resource,
    namespace: Option<String>,
    query: &Query,
) -> Result<Route, ApiError> {
    let verb = match *method {
        Method::GET | Method::HEAD if query.is_set("watch")? => CollectionVerb::Watch,
        Method::GET | Method::HEAD => CollectionVerb::List,
        Method::POST => CollectionVerb::Create,
        Method::DELETE => CollectionVerb::DeleteAll,
        _ => return Err(not_allowed()),
    };
    let everywhere = namespace.is_none() && resource.kind.is_namespaced();
    if everywhere && matches!(verb, CollectionVerb::Create | CollectionVerb::DeleteAll) {
        return Err(not_allowed());
    }
    Ok(Route::Collection { resource, namespace, verb })
}

fn item(
    method: &Method,
    resource: Resource,
    namespace: &str,
    name: &str,
) -> Result<Route, ApiError> {
    let verb = match *method {
        Method::GET | Method::HEAD => ItemVerb::Get,
        Method::PUT => ItemVerb::Update(None),
        Method::PATCH => ItemVerb::Patch(None),
        Method::DELETE => ItemVerb::Delete,
        _ => return Err(not_allowed()),
    };
    Ok(Route::Item { resource, namespace: namespace.to_owned(), name: name.to_owned(), verb })
}

fn subresource(
    method: &Method,
    resource: Resource,
    namespace: &str,
    name: &str,
    sub: &str,
) -> Result<Route, ApiError> {
    match (resource.kind, sub) {
        (_, "status") if has_status(resource.kind) => {
            status(item(method, resource, namespace, name)?)
        }
        (Kind::Pod, "log") => {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            read_only(method, Route::Log { namespace, name })
        }
        (Kind::Pod, "exec" | "attach") => Err(never(
            "a WASI pod has no shell and no second process: exec and attach are not served; \
             read its output with logs",
        )),
        (Kind::Pod, "portforward" | "proxy") => {
            Err(never("a WASI pod listens on no port: port-forward and proxy are not served"))
        }
        (Kind::Pod, "ephemeralcontainers") => Err(never(
            "a WASI pod takes no further containers once it is made: debug is not served",
        )),
        _ => Err(unknown_path()),
    }
}

/// Returns the route of an object's status: it is read, and written by itself.
fn status(route: Route) -> Result<Route, ApiError> {
    let Route::Item { resource, namespace, name, verb } = route else { return Err(unknown_path()) };
    let status = Some(Subresource::Status);
    let verb = match verb {
        ItemVerb::Get => ItemVerb::Get,
        ItemVerb::Update(_) => ItemVerb::Update(status),
        ItemVerb::Patch(_) => ItemVerb::Patch(status),
        ItemVerb::Delete => return Err(not_allowed()),
    };
    Ok(Route::Item { resource, namespace, name, verb })
}

/// Returns whether a kind has the `status` subresource.
pub(crate) const fn has_status(kind: Kind) -> bool {
    match kind {
        Kind::Namespace
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Job
        | Kind::Pod => true,
        Kind::ServiceAccount | Kind::ConfigMap | Kind::Secret | Kind::Event => false,
    }
}

pub(super) fn read_only(method: &Method, route: Route) -> Result<Route, ApiError> {
    match *method {
        Method::GET | Method::HEAD => Ok(route),
        _ => Err(not_allowed()),
    }
}

fn never(why: &str) -> ApiError {
    ApiError::new(Reason::Forbidden, why)
}

pub(super) fn not_allowed() -> ApiError {
    ApiError::new(
        Reason::MethodNotAllowed,
        "the server does not allow this method on the requested resource",
    )
}

pub(super) fn unknown_path() -> ApiError {
    ApiError::new(Reason::NotFound, "the server could not find the requested resource")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_what_it_means_to_a_kubernetes_api_server() {
        for (request, meaning) in [
            ("GET /version", "Version"),
            ("GET /readyz", "Health"),
            ("GET /api", "CoreVersions"),
            ("GET /apis", "Groups"),
            ("GET /apis/batch", "Group(Batch)"),
            ("GET /api/v1", "Resources(Core)"),
            ("GET /apis/batch/v1/", "Resources(Batch)"),
            ("GET /openapi/v3", "Schemas"),
            ("GET /openapi/v3/apis/batch/v1", "Schema(Batch)"),
            ("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", "Review(Identity)"),
            ("GET /openapi/v2", "AllSchemas"),
            ("GET /apis/batch/v1/jobs", "List Job of all"),
            ("GET /apis/batch/v1/jobs?watch=true", "Watch Job of all"),
            ("GET /apis/batch/v1/namespaces/a/jobs?watch=0", "List Job of a"),
            ("POST /api/v1/namespaces/a/pods", "Create Pod of a"),
            ("DELETE /api/v1/namespaces/a/configmaps", "DeleteAll ConfigMap of a"),
            ("GET /apis/batch/v1/namespaces/a/jobs/b", "Get Job a/b"),
            ("GET /apis/batch/v1/namespaces/a/jobs/b/status", "Get Job a/b"),
            ("PUT /apis/batch/v1/namespaces/a/cronjobs/b", "Update(None) CronJob a/b"),
            ("PATCH /api/v1/namespaces/b", "Patch(None) Namespace /b"),
            ("GET /api/v1/namespaces", "List Namespace of all"),
            ("POST /api/v1/namespaces", "Create Namespace of all"),
            ("GET /api/v1/namespaces/status", "Get Namespace /status"),
            ("GET /api/v1/namespaces/b/status", "Get Namespace /b"),
            ("GET /apis/events.k8s.io/v1/events", "List Event of all"),
            ("DELETE /api/v1/namespaces/a/pods/b", "Delete Pod a/b"),
            ("GET /api/v1/namespaces/a/pods/b/log", "Log { namespace: \"a\", name: \"b\" }"),
            ("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "Review(Access)"),
            ("GET /apis/metrics.k8s.io/v1beta1/pods", "AllMetrics { namespace: None }"),
            (
                "GET /apis/metrics.k8s.io/v1beta1/namespaces/a/pods/b",
                "Metrics { namespace: \"a\", name: \"b\" }",
            ),
            ("POST /apis/jobling.dev/v1alpha1/tokens", "Tokens { verb: Create }"),
            ("DELETE /apis/jobling.dev/v1alpha1/tokens/ci", "Token { name: \"ci\", verb: Delete }"),
            ("PUT /apis/batch/v1/namespaces/a/jobs/b/status", "Update(Some(Status)) Job a/b"),
            ("PATCH /apis/batch/v1/namespaces/a/jobs/b/status", "Patch(Some(Status)) Job a/b"),
            ("GET /triggers", "TriggerEndpoint"),
            ("GET /apis/jobling.dev/v1alpha1/httptriggers", "List HTTPTrigger of all"),
            (
                "PATCH /apis/jobling.dev/v1alpha1/namespaces/a/httptriggers/b",
                "Patch(None) HTTPTrigger a/b",
            ),
            ("GET /apis/jobling.dev/v1alpha1/images", "Images"),
            (
                "GET /apis/jobling.dev/v1alpha1/images/a%2Fb:c",
                "Image { name: \"a/b:c\", verb: Get }",
            ),
            ("DELETE /apis/jobling.dev/v1alpha1/images", "PruneImages"),
            (
                "POST /apis/jobling.dev/v1alpha1/images/r%2Fa:1/pull",
                "ImageTransfer { name: \"r/a:1\", way: Pull }",
            ),
            ("PUT /apis/jobling.dev/v1alpha1/images/a/content", "ImageContent { name: \"a\" }"),
        ] {
            assert_eq!(read(request).unwrap(), meaning, "{request}");
        }
    }

    #[test]
    fn what_is_not_served_is_refused_with_its_reason() {
        for (request, reason) in [
            ("GET /", Reason::NotFound),
            ("GET /apis/apps/v1/controllerrevisions", Reason::NotFound),
            ("GET /apis/apps/v1/namespaces/a/deployments/b", Reason::NotFound),
            ("POST /apis/apps/v1/namespaces/a/deployments", Reason::MethodNotAllowed),
            ("GET /api/v1/services?watch=true", Reason::MethodNotAllowed),
            ("GET /apis/metrics.k8s.io/v1beta1/nodes", Reason::NotFound),
            ("GET /apis/batch/v1beta1/cronjobs", Reason::NotFound),
            ("GET /api/v1/jobs", Reason::NotFound),
            ("GET /apis/batch/v1/jobs/b", Reason::NotFound),
            ("GET /api/v1/namespaces/a/namespaces", Reason::NotFound),
            ("GET /api/v1/namespaces/a/configmaps/b/status", Reason::NotFound),
            ("GET /api/v1/%ff", Reason::BadRequest),
            ("GET /apis/batch/v1/jobs?watch=perhaps", Reason::BadRequest),
            ("POST /version", Reason::MethodNotAllowed),
            ("DELETE /apis/jobling.dev/v1alpha1/tokens", Reason::MethodNotAllowed),
            ("PATCH /apis/jobling.dev/v1alpha1/tokens/ci", Reason::MethodNotAllowed),
            ("POST /apis/batch/v1/jobs", Reason::MethodNotAllowed),
            ("POST /apis/batch/v1/namespaces/a/jobs/b", Reason::MethodNotAllowed),
            ("DELETE /apis/batch/v1/namespaces/a/jobs/b/status", Reason::MethodNotAllowed),
            ("POST /api/v1/namespaces/a/pods/b/exec", Reason::Forbidden),
            ("GET /api/v1/namespaces/a/pods/b/portforward", Reason::Forbidden),
            ("PATCH /api/v1/namespaces/a/pods/b/ephemeralcontainers", Reason::Forbidden),
        ] {
            assert_eq!(read(request).unwrap_err().reason, reason, "{request}");
        }
    }

    #[test]
    fn there_are_none_of_the_kinds_that_this_host_never_holds() {
        for request in [
            "GET /api/v1/services",
            "GET /api/v1/namespaces/a/services?labelSelector=a%3Db",
            "GET /api/v1/persistentvolumes",
            "GET /apis/apps/v1/namespaces/a/deployments?watch=0",
            "DELETE /apis/networking.k8s.io/v1/namespaces/a/ingresses",
        ] {
            let given = read(request).unwrap();
            assert!(given.starts_with("NoObjects"), "{request}: {given}");
        }
    }

    /// Reads `METHOD /path?query`.
    fn read(request: &str) -> Result<String, ApiError> {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let read = route(&method.parse().unwrap(), path, &Query::parse(query))?;
        if let Route::Collection { resource, namespace, verb } = read {
            let of = namespace.unwrap_or_else(|| "all".to_owned());
            return Ok(format!("{verb:?} {} of {of}", resource.kind));
        }
        if let Route::Item { resource, namespace, name, verb } = read {
            return Ok(format!("{verb:?} {} {namespace}/{name}", resource.kind));
        }
        Ok(format!("{read:?}"))
    }
}
