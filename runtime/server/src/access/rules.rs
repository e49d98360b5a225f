//! The one table of what each role may do, and the function that decides by it: for requests, and for
//! those who ask beforehand (`kubectl auth can-i`). Pure.
//!
//! The roles are Kubernetes' own (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`): view reads
//! no Secrets, edit changes no Namespaces; here neither sees tokens. A role that is given for one
//! namespace is what a `RoleBinding` there would be: nothing that lies outside of it.

use k8s_openapi::api::authorization::v1::{
    NonResourceRule, ResourceRule, SubjectRulesReviewStatus,
};

use super::asked::{Asked, OnResource};
use super::{Caller, Role, Standing};
use crate::served;

type Words = &'static [&'static str];

/// What may be done with some resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    group: &'static str,
    resources: Words,
    verbs: Words,
}

/// Everything, in any place of a rule.
const ALL: &str = "*";
const READ: Words = &["get", "list", "watch"];
const WRITE: Words = &["create", "delete", "deletecollection", "patch", "update"];

/// What everybody may do that is known: ask about itself (`system:basic-user`).
const SELF: [Rule; 2] = [
    Rule {
        group: "authorization.k8s.io",
        resources: &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        verbs: &["create"],
    },
    Rule { group: "authentication.k8s.io", resources: &["selfsubjectreviews"], verbs: &["create"] },
];

const VIEW: [Rule; 5] = [
    Rule {
        group: "",
        resources: &[
            "configmaps",
            "events",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/log",
            "pods/status",
            "serviceaccounts",
        ],
        verbs: READ,
    },
    Rule {
        group: "batch",
        resources: &["cronjobs", "cronjobs/status", "jobs", "jobs/status"],
        verbs: READ,
    },
    Rule { group: "events.k8s.io", resources: &["events"], verbs: READ },
    Rule { group: "metrics.k8s.io", resources: &["pods"], verbs: READ },
    Rule {
        group: "jobling.dev",
        resources: &["httptriggers", "httptriggers/status", "images", "queues", "queues/items"],
        verbs: READ,
    },
];

/// What edit may do besides what view may.
const EDIT: [Rule; 5] = [
    Rule { group: "", resources: &["secrets"], verbs: READ },
    Rule {
        group: "",
        resources: &[
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "pods",
            "secrets",
            "serviceaccounts",
        ],
        verbs: WRITE,
    },
    Rule { group: "batch", resources: &["cronjobs", "jobs"], verbs: WRITE },
    Rule { group: "events.k8s.io", resources: &["events"], verbs: WRITE },
    Rule {
        group: "jobling.dev",
        // A push shows registries what the host has for them: that is the admin's.
        resources: &[
            "httptriggers",
            "images",
            "images/content",
            "images/pull",
            "queues",
            "queues/items",
            "queues/revive",
        ],
        verbs: WRITE,
    },
];

const ADMIN: [Rule; 1] = [Rule { group: ALL, resources: &[ALL], verbs: &[ALL] }];

/// Paths that anybody may read, so that probes need no token.
const PUBLIC_PATHS: Words = &["/healthz", "/livez", "/readyz"];
/// Paths that a client reads to learn what is served (`system:discovery`).
const DISCOVERY_PATHS: Words = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/triggers",
    "/version",
    "/version/",
];

/// What becomes of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It may be done.
    Allowed,
    /// The caller's role does not allow it.
    Denied,
    /// The role allows it, but this host does it for nobody; a request is told why by whoever would
    /// answer it.
    NotServed,
}

/// Decides whether `caller` may do what is asked.
pub(crate) fn decide(caller: &Caller, asked: &Asked<'_>) -> Decision {
    match asked {
        Asked::Path { verb, path } => {
            let allowed = paths(caller.standing()).iter().any(|rule| covers_path(rule, path));
            if allowed && matches!(*verb, "get" | "head") || owns(caller) {
                Decision::Allowed
            } else {
                Decision::Denied
            }
        }
        Asked::Resource(on) => {
            let of_everybody = *caller.standing() != Standing::Anonymous && permits(&SELF, on);
            let of_role = reaches(caller.standing(), on.namespace)
                && roles(caller.standing()).into_iter().any(|rules| permits(rules, on));
            match of_everybody || of_role {
                false => Decision::Denied,
                true if served::is_served(on) => Decision::Allowed,
                true => Decision::NotServed,
            }
        }
    }
}

/// Returns all that `caller` may do in `namespace`, for `kubectl auth can-i --list`.
pub(crate) fn rules(caller: &Caller, namespace: &str) -> SubjectRulesReviewStatus {
    let mut all: Vec<Rule> = Vec::new();
    if *caller.standing() != Standing::Anonymous {
        all.extend(SELF);
    }
    if reaches(caller.standing(), namespace) {
        all.extend(roles(caller.standing()).into_iter().flatten());
    }
    let words = |words: Words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let told = |rule: Rule| ResourceRule {
        api_groups: Some(vec![rule.group.to_owned()]),
        resources: Some(words(rule.resources)),
        verbs: words(rule.verbs),
        resource_names: None,
    };
    SubjectRulesReviewStatus {
        resource_rules: all.into_iter().map(told).collect(),
        non_resource_rules: vec![NonResourceRule {
            non_resource_urls: Some(words(paths(caller.standing()))),
            verbs: words(if owns(caller) { &[ALL] } else { &["get"] }),
        }],
        incomplete: false,
        evaluation_error: None,
    }
}

fn owns(caller: &Caller) -> bool {
    match caller.standing() {
        Standing::Owner | Standing::Holder { role: Role::Admin, namespace: None } => true,
        Standing::Anonymous | Standing::Holder { .. } => false,
    }
}

fn roles(standing: &Standing) -> Vec<&'static [Rule]> {
    match standing {
        Standing::Anonymous => Vec::new(),
        Standing::Owner | Standing::Holder { role: Role::Admin, .. } => vec![&ADMIN],
        Standing::Holder { role: Role::Edit, .. } => vec![&VIEW, &EDIT],
        Standing::Holder { role: Role::View, .. } => vec![&VIEW],
    }
}

const fn paths(standing: &Standing) -> Words {
    match standing {
        Standing::Anonymous => PUBLIC_PATHS,
        Standing::Owner | Standing::Holder { role: Role::Admin, namespace: None } => &[ALL],
        Standing::Holder { .. } => DISCOVERY_PATHS,
    }
}

/// Returns whether a role is good for `namespace`; empty stands for what has none.
fn reaches(standing: &Standing, namespace: &str) -> bool {
    match standing {
        Standing::Holder { namespace: Some(only), .. } => only == namespace,
        Standing::Anonymous | Standing::Owner | Standing::Holder { namespace: None, .. } => true,
    }
}

fn permits(rules: &[Rule], on: &OnResource<'_>) -> bool {
    rules.iter().any(|rule| covers(rule, on))
}

/// As `pkg/apis/rbac/v1/evaluation_helpers.go`: a star in a rule covers everything, a star that is asked
/// for is covered by a star alone.
fn covers(rule: &Rule, on: &OnResource<'_>) -> bool {
    let fits = |word: &str, asked: &str| word == ALL || word == asked;
    let resource = match on.subresource {
        "" => on.resource.to_owned(),
        subresource => format!("{}/{subresource}", on.resource),
    };
    fits(rule.group, on.group)
        && rule.resources.iter().any(|word| fits(word, &resource))
        && rule.verbs.iter().any(|word| fits(word, on.verb))
}

fn covers_path(rule: &str, path: &str) -> bool {
    match rule.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => rule == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(who: &str) -> Caller {
        let (role, namespace) = match who.split_once('@') {
            Some((role, namespace)) => (role, Some(namespace.to_owned())),
            None => (who, None),
        };
        match role {
            "nobody" => Caller::anonymous(),
            "owner" => Caller::owner(),
            role => Caller::holder(who.to_owned(), role.parse().unwrap(), namespace),
        }
    }

    /// Reads `verb group/resource/subresource namespace`, a dash for what is empty.
    fn asked(text: &str) -> OnResource<'_> {
        let mut words = text.split(' ').map(|word| if word == "-" { "" } else { word });
        let (verb, what, namespace) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let mut parts = what.split('/').map(|word| if word == "-" { "" } else { word });
        let (group, resource) = (parts.next().unwrap(), parts.next().unwrap());
        let subresource = parts.next().unwrap_or_default();
        OnResource { verb, group, resource, subresource, namespace, name: "" }
    }

    #[test]
    fn a_role_allows_what_kubernetes_means_by_it() {
        for (wish, allowed) in [
            ("list -/pods a", "view edit admin owner view@a edit@a admin@a"),
            ("list -/pods -", "view edit admin owner"),
            ("get -/pods/log a", "view edit admin owner view@a edit@a admin@a"),
            ("watch batch/jobs b", "view edit admin owner"),
            ("get -/secrets a", "edit admin owner edit@a admin@a"),
            ("list -/secrets -", "edit admin owner"),
            ("create batch/jobs a", "edit admin owner edit@a admin@a"),
            ("delete -/pods a", "edit admin owner edit@a admin@a"),
            ("deletecollection batch/cronjobs a", "edit admin owner edit@a admin@a"),
            ("get -/namespaces a", "view edit admin owner view@a edit@a admin@a"),
            ("list -/namespaces -", "view edit admin owner"),
            ("create -/namespaces -", "admin owner"),
            ("delete -/namespaces a", "admin owner admin@a"),
            ("list jobling.dev/images -", "view edit admin owner"),
            ("update jobling.dev/images/content -", "edit admin owner"),
            ("create jobling.dev/images/pull -", "edit admin owner"),
            ("create jobling.dev/images/push -", "admin owner"),
            ("list jobling.dev/tokens -", "admin owner"),
            ("create jobling.dev/tokens -", "admin owner"),
            ("delete jobling.dev/tokens -", "admin owner"),
            ("* */* -", "admin owner"),
            ("* */* a", "admin owner admin@a"),
            ("* batch/jobs a", "admin owner admin@a"),
            (
                "create authorization.k8s.io/selfsubjectaccessreviews -",
                "view edit admin owner view@a edit@a admin@a",
            ),
            ("create -/pods/exec a", ""),
            ("create -/pods a", ""),
            ("list apps/deployments a", ""),
        ] {
            let wish_of = asked(wish);
            for who in ["nobody", "view", "edit", "admin", "owner", "view@a", "edit@a", "admin@a"] {
                let decision = decide(&caller(who), &Asked::Resource(wish_of));
                let expected = allowed.split(' ').any(|word| word == who);
                assert_eq!(decision == Decision::Allowed, expected, "{who}: {wish}: {decision:?}");
            }
        }
    }

    #[test]
    fn a_path_is_read_by_those_who_need_it() {
        for (path, allowed) in [
            ("/readyz", "nobody view edit@a admin owner"),
            ("/version", "view edit@a admin owner"),
            ("/apis", "view edit@a admin owner"),
            ("/openapi/v3/apis/batch/v1", "view edit@a admin owner"),
            ("/metrics", "admin owner"),
        ] {
            for who in ["nobody", "view", "edit@a", "admin", "owner"] {
                let decision = decide(&caller(who), &Asked::Path { verb: "get", path });
                let expected = allowed.split(' ').any(|word| word == who);
                assert_eq!(decision == Decision::Allowed, expected, "{who}: {path}");
            }
        }
    }

    #[test]
    fn what_is_listed_is_what_is_decided_by() {
        for who in ["nobody", "view", "edit", "admin", "view@a", "edit@a", "view@b"] {
            let told = rules(&caller(who), "a").resource_rules;
            for (group, resource, verb) in served::everything() {
                let has = |words: &Option<Vec<String>>, word: &str| {
                    words.iter().flatten().any(|known| known == ALL || known == word)
                };
                let listed = told.iter().any(|rule| {
                    has(&rule.api_groups, group)
                        && has(&rule.resources, resource)
                        && has(&Some(rule.verbs.clone()), verb)
                });
                let on = on(verb, group, resource);
                let allowed = decide(&caller(who), &Asked::Resource(on)) == Decision::Allowed;
                assert_eq!(listed, allowed, "{who}: {verb} {group}/{resource}");
            }
        }
    }

    #[test]
    fn every_resource_that_is_served_is_named_by_a_role_or_is_the_owners() {
        for (group, resource, verb) in served::everything() {
            let denied = match resource {
                "tokens" | "images/push" => true,
                // A status is written by whoever acts on the object.
                resource if resource == "namespaces" || resource.ends_with("/status") => {
                    !READ.contains(&verb)
                }
                _ => false,
            };
            let decision = decide(&caller("edit"), &Asked::Resource(on(verb, group, resource)));
            let said = format!("may edit {verb} {resource}? Say so in this file");
            assert_eq!(decision == Decision::Denied, denied, "{said}");
        }
    }

    fn on<'a>(verb: &'a str, group: &'a str, resource: &'a str) -> OnResource<'a> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        OnResource { verb, group, resource, subresource, namespace: "a", name: "" }
    }
}
