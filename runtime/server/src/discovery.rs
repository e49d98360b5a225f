//! What is served, told in the two forms that clients ask for: level by level (`APIGroupList`,
//! `APIResourceList`) and all at once (`APIGroupDiscoveryList`).

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::media::Discovery;
use crate::route::GroupVersion;
use crate::served::entries;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers `/version`. The number is that of the Kubernetes API that is followed.
pub(crate) fn version() -> Answer {
    let version = json!({
        "major": "1",
        "minor": "37",
        "gitVersion": concat!("v1.37.0+jobling.", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, go_architecture()),
    });
    answer::value(StatusCode::OK, &version)
}

fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Answers `/api`.
pub(crate) fn core_versions(form: Discovery) -> Answer {
    match form {
        Discovery::Aggregated => aggregated(&[GroupVersion::Core]),
        Discovery::Legacy => answer::value(
            StatusCode::OK,
            &json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
    }
}

/// Answers `/apis`.
pub(crate) fn groups(form: Discovery) -> Answer {
    let named = named_groups();
    match form {
        Discovery::Aggregated => aggregated(&named),
        Discovery::Legacy => {
            let groups: Vec<Value> = named.into_iter().map(group_value).collect();
            let list = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
            answer::value(StatusCode::OK, &list)
        }
    }
}

/// Answers `/apis/GROUP`.
pub(crate) fn group(group: GroupVersion) -> Answer {
    let mut value = group_value(group);
    value["kind"] = json!("APIGroup");
    value["apiVersion"] = json!("v1");
    answer::value(StatusCode::OK, &value)
}

/// Answers `/api/v1` and `/apis/GROUP/VERSION`.
pub(crate) fn resources(group: GroupVersion) -> Answer {
    let mut list = Vec::new();
    for entry in entries(group) {
        list.push(json!({
            "name": entry.plural,
            "singularName": entry.singular,
            "namespaced": entry.namespaced,
            "kind": entry.kind,
            "verbs": entry.verbs,
            "shortNames": entry.short_names,
            "categories": entry.categories,
        }));
        for sub in entry.subresources {
            list.push(json!({
                "name": format!("{}/{}", entry.plural, sub.name),
                "singularName": "",
                "namespaced": entry.namespaced,
                "kind": entry.kind,
                "verbs": sub.verbs,
            }));
        }
    }
    let value = json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group.api_version(),
        "resources": list,
    });
    answer::value(StatusCode::OK, &value)
}

fn named_groups() -> Vec<GroupVersion> {
    GroupVersion::ALL.into_iter().filter(|group| !group.group().is_empty()).collect()
}

fn group_value(group: GroupVersion) -> Value {
    let version = json!({"groupVersion": group.api_version(), "version": group.version()});
    json!({"name": group.group(), "versions": [version.clone()], "preferredVersion": version})
}

fn aggregated(groups: &[GroupVersion]) -> Answer {
    let items: Vec<Value> = groups.iter().copied().map(aggregated_group).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    answer::typed(StatusCode::OK, AGGREGATED, list.to_string().into_bytes().into())
}

fn aggregated_group(group: GroupVersion) -> Value {
    let resources: Vec<Value> = entries(group)
        .into_iter()
        .map(|entry| {
            let kind = json!({
                "group": group.group(),
                "version": group.version(),
                "kind": entry.kind,
            });
            let subresources: Vec<Value> = entry
                .subresources
                .iter()
                .map(|sub| {
                    json!({"subresource": sub.name, "responseKind": kind, "verbs": sub.verbs})
                })
                .collect();
            json!({
                "resource": entry.plural,
                "responseKind": kind,
                "scope": if entry.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": entry.singular,
                "verbs": entry.verbs,
                "shortNames": entry.short_names,
                "categories": entry.categories,
                "subresources": subresources,
            })
        })
        .collect();
    json!({
        "metadata": {"name": group.group(), "creationTimestamp": null},
        "versions": [{
            "version": group.version(),
            "resources": resources,
            "freshness": "Current",
        }],
    })
}
