//! The one table of what is served: every resource with its verbs. Discovery tells it, access reviews are
//! answered by it, and the README's table is checked against it.

use jobling_core::api::Kind;

use crate::access::OnResource;
use crate::route::{Absent, GroupVersion, Review, has_status};

type Words = &'static [&'static str];

const VERBS: Words =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// A pod is made by its Job, and is what the Job's template says.
const POD_VERBS: Words = &["delete", "deletecollection", "get", "list", "watch"];

/// A resource.
pub(crate) struct Entry {
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Words,
    pub(crate) short_names: Words,
    pub(crate) categories: Words,
    pub(crate) subresources: Vec<Subresource>,
}

/// A part of a resource that has verbs of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    pub(crate) verbs: Words,
}

/// Returns the resources of a group.
pub(crate) fn entries(group: GroupVersion) -> Vec<Entry> {
    match group {
        GroupVersion::Core
        | GroupVersion::Batch
        | GroupVersion::Events
        | GroupVersion::Apps
        | GroupVersion::Networking => {
            object_entries(group).chain(Absent::of_group(group).map(absent_entry)).collect()
        }
        GroupVersion::Authorization | GroupVersion::Authentication => {
            Review::of_group(group).map(review_entry).collect()
        }
        GroupVersion::Metrics => vec![metrics_entry()],
        GroupVersion::Jobling => {
            object_entries(group).chain([image_entry(), queue_entry(), token_entry()]).collect()
        }
    }
}

/// Returns whether somebody may do that. A star asks whether there is anything at all.
pub(crate) fn is_served(on: &OnResource<'_>) -> bool {
    let fits = |asked: &str, served: &str| asked == "*" || asked == served;
    let verbs = |verbs: Words| verbs.iter().any(|verb| fits(on.verb, verb));
    let groups = GroupVersion::ALL.into_iter().filter(|group| fits(on.group, group.group()));
    groups.flat_map(entries).filter(|entry| fits(on.resource, entry.plural)).any(|entry| {
        match on.subresource {
            "" => verbs(entry.verbs),
            sub => {
                entry.subresources.iter().any(|known| fits(sub, known.name) && verbs(known.verbs))
            }
        }
    })
}

/// Returns every group, resource (as `pods` or `pods/log`) and verb.
#[cfg(test)]
pub(crate) fn everything() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all = Vec::new();
    for group in GroupVersion::ALL {
        for entry in entries(group) {
            all.extend(entry.verbs.iter().map(|verb| (group.group(), entry.plural, *verb)));
            for sub in &entry.subresources {
                let name: &'static str = format!("{}/{}", entry.plural, sub.name).leak();
                all.extend(sub.verbs.iter().map(|verb| (group.group(), name, *verb)));
            }
        }
    }
    all
}

fn object_entries(group: GroupVersion) -> impl Iterator<Item = Entry> {
    group.resources().into_iter().map(|resource| object_entry(resource.kind))
}

fn object_entry(kind: Kind) -> Entry {
    let is_workload = matches!(kind, Kind::Job | Kind::CronJob | Kind::HTTPTrigger | Kind::Pod);
    let mut subresources = Vec::new();
    if kind == Kind::Pod {
        subresources.push(Subresource { name: "log", verbs: &["get"] });
    }
    if has_status(kind) {
        // A pod's status is what became of it.
        let verbs: Words = if kind == Kind::Pod { &["get"] } else { &["get", "patch", "update"] };
        subresources.push(Subresource { name: "status", verbs });
    }
    Entry {
        plural: kind.plural(),
        singular: kind.singular(),
        kind: kind.name(),
        namespaced: kind.is_namespaced(),
        verbs: if kind == Kind::Pod { POD_VERBS } else { VERBS },
        short_names: kind.short_names(),
        categories: if is_workload { &["all"] } else { &[] },
        subresources,
    }
}

/// A kind without verbs has a name and nothing to be done with it: kubectl does not list it.
fn absent_entry(absent: Absent) -> Entry {
    let entry = plain(absent.plural, absent.singular, absent.kind, &[]);
    Entry { namespaced: absent.namespaced, ..entry }
}

fn review_entry(review: Review) -> Entry {
    plain(review.plural(), review.singular(), review.kind(), &["create"])
}

fn metrics_entry() -> Entry {
    Entry { namespaced: true, ..plain("pods", "pod", "PodMetrics", &["get", "list"]) }
}

fn image_entry() -> Entry {
    let content = Subresource { name: "content", verbs: &["create", "update"] };
    let pull = Subresource { name: "pull", verbs: &["create"] };
    let push = Subresource { name: "push", verbs: &["create"] };
    let entry = plain("images", "image", "Image", &["delete", "deletecollection", "get", "list"]);
    Entry { subresources: vec![content, pull, push], ..entry }
}

fn queue_entry() -> Entry {
    let items = Subresource { name: "items", verbs: &["create", "delete", "get"] };
    let revive = Subresource { name: "revive", verbs: &["create"] };
    let entry = plain("queues", "queue", "Queue", &["delete", "get", "list"]);
    Entry { namespaced: true, subresources: vec![items, revive], ..entry }
}

fn token_entry() -> Entry {
    plain("tokens", "token", "Token", &["create", "delete", "get", "list"])
}

/// Returns a resource of the whole host with nothing besides.
fn plain(plural: &'static str, singular: &'static str, kind: &'static str, verbs: Words) -> Entry {
    Entry {
        plural,
        singular,
        kind,
        namespaced: false,
        verbs,
        short_names: &[],
        categories: &[],
        subresources: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use jobling_core::api::Reason;

    use super::*;
    use crate::route::{Query, route};

    const README: &str = include_str!("../../../README.md");

    #[test]
    fn the_readmes_table_is_this_one() {
        let begin = README.find("| resource | verbs |").expect("the README has the table");
        let shown = README[begin..].lines().skip(2).take_while(|line| line.starts_with('|'));
        let groups = GroupVersion::ALL.into_iter();
        let rows: Vec<String> = groups
            .flat_map(|group| entries(group).into_iter().map(move |entry| (group, entry)))
            .filter(|(_, entry)| !entry.verbs.is_empty())
            .map(|(group, entry)| row(group, &entry))
            .collect();
        assert!(shown.clone().eq(rows.iter()), "the README should say:\n{}", rows.join("\n"));
    }

    #[test]
    fn what_the_readme_calls_refused_is_refused() {
        let pod = "/api/v1/namespaces/a/pods/b";
        for (sub, why) in [
            ("exec", "a WASI pod has no shell and no second process"),
            ("attach", "a WASI pod has no shell and no second process"),
            ("portforward", "a WASI pod listens on no port"),
            ("proxy", "a WASI pod listens on no port"),
            ("ephemeralcontainers", "a WASI pod takes no further containers once it is made"),
        ] {
            let refused = route(&Method::POST, &format!("{pod}/{sub}"), &Query::default());
            let error = refused.expect_err(sub);
            assert_eq!(error.reason, Reason::Forbidden, "{sub}");
            assert!(error.message.contains(why), "{sub}: {}", error.message);
            let listed = README
                .lines()
                .any(|line| line.contains(&format!("`pods/{sub}`")) && line.contains(why));
            assert!(listed, "the README should say of pods/{sub} that {why}");
        }
    }

    fn row(group: GroupVersion, entry: &Entry) -> String {
        let name = match group.group() {
            "" => entry.plural.to_owned(),
            group => format!("{}.{group}", entry.plural),
        };
        let parts: Vec<String> = entry
            .subresources
            .iter()
            .map(|sub| format!("`{}`: {}", sub.name, sub.verbs.join(", ")))
            .collect();
        format!("| `{name}` | {} | {} |", entry.verbs.join(", "), parts.join("; "))
    }
}
