//! The API over its socket, as clients use it: reads, writes, watches, bounds.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

mod client;
mod images;
mod metrics;
mod model;
mod tls;
mod watches;

use std::time::Duration;

use client::World;
use jobling_core::api::{Kind, Object};
use jobling_server::Limits;
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

#[tokio::test]
async fn an_object_is_made_read_changed_and_removed() {
    let world = World::new().await;
    let made = world.ask(&format!("POST {MAPS}"), &map("a", "1")).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["metadata"]["resourceVersion"], "2");
    let again = world.ask(&format!("POST {MAPS}"), &map("a", "1")).await;
    assert_eq!((again.status.as_u16(), &again.json()["reason"]), (409, &json!("AlreadyExists")));

    let patch = [("content-type", "application/merge-patch+json")];
    let changed = world.send(&format!("PATCH {MAPS}/a"), &patch, br#"{"data":{"v":"2"}}"#).await;
    assert_eq!(changed.status, 200);
    assert_eq!(world.get(&format!("{MAPS}/a")).await.json()["data"]["v"], "2");

    let mut whole = changed.json();
    whole["data"]["v"] = json!("3");
    let replaced = world.ask(&format!("PUT {MAPS}/a"), &whole).await;
    assert_eq!(replaced.json()["data"]["v"], "3");

    let gone = world.ask(&format!("DELETE {MAPS}/a"), &json!({})).await.json();
    assert_eq!(
        (&gone["kind"], &gone["status"], &gone["details"]["kind"]),
        (&json!("Status"), &json!("Success"), &json!("configmaps"))
    );
    let missing = world.get(&format!("{MAPS}/a")).await;
    assert_eq!((missing.status.as_u16(), &missing.json()["reason"]), (404, &json!("NotFound")));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::new().await;
    let judged = world.ask(&format!("POST {MAPS}?dryRun=All"), &map("a", "1")).await;
    assert_eq!(judged.status, 201);
    assert_eq!(world.get(&format!("{MAPS}/a")).await.status, 404);
    let wrong = world.ask(&format!("POST {MAPS}?dryRun=Some"), &map("a", "1")).await;
    assert_eq!(wrong.status, 422);
    let details = &wrong.json()["details"];
    assert_eq!(
        (&details["kind"], &details["group"]),
        (&json!("CreateOptions"), &json!("meta.k8s.io"))
    );
    assert_eq!(details["causes"][0]["field"], "dryRun");
}

#[tokio::test]
async fn unknown_and_duplicate_fields_are_warned_of_or_refused() {
    let world = World::new().await;
    let typed = [("content-type", "application/json")];
    let twice = br#"{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}"#;
    let unknown = br#"{"metadata":{"name":"b"},"dat":{}}"#;
    for (body, word) in [(&twice[..], "duplicate field"), (&unknown[..], "unknown field")] {
        let refused =
            world.send(&format!("POST {MAPS}?fieldValidation=Strict"), &typed, body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(word), "{}", refused.text);
        let warned = world.send(&format!("POST {MAPS}"), &typed, body).await;
        assert_eq!(warned.status, 201);
        let header = warned.headers["warning"].to_str().unwrap();
        assert!(header.starts_with("299 - ") && header.contains(word), "{header}");
    }
}

#[tokio::test]
async fn what_one_manager_applies_another_cannot_change_unless_it_forces() {
    let world = World::new().await;
    let typed = [("content-type", "application/apply-patch+yaml")];
    drop(world.ask(&format!("POST {MAPS}?fieldManager=you"), &map("a", "1")).await);
    let apply = |query: &str| format!("PATCH {MAPS}/a?fieldManager=me{query}");
    let config = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: '2'}\n";
    let refused = world.send(&apply(""), &typed, config).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(refused.json()["details"]["causes"][0]["reason"], "FieldManagerConflict");
    let applied = world.send(&apply("&force=true"), &typed, config).await;
    assert_eq!(applied.status, 200, "{}", applied.text);
    let object = applied.json();
    assert_eq!(object["data"]["v"], "2");
    let manager = &object["metadata"]["managedFields"][0];
    assert_eq!((&manager["manager"], &manager["operation"]), (&json!("me"), &json!("Apply")));
}

#[tokio::test]
async fn there_are_none_of_what_this_host_does_not_run() {
    let world = World::new().await;
    let list = world.get("/apis/apps/v1/namespaces/default/deployments").await;
    assert_eq!(list.status, 200);
    assert_eq!(
        (&list.json()["kind"], &list.json()["items"]),
        (&json!("DeploymentList"), &json!([]))
    );
}

#[tokio::test]
async fn yaml_is_taken_and_what_is_not_served_is_refused_in_words() {
    let world = World::new().await;
    let yaml = [("content-type", "application/yaml")];
    let made =
        world.send(&format!("POST {MAPS}"), &yaml, b"metadata: {name: a}\ndata: {v: '1'}\n").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let cbor = [("content-type", "application/cbor")];
    for (line, headers, status, word) in [
        (format!("POST {MAPS}"), cbor, 415, "application/json"),
        (
            format!("PATCH {MAPS}/a"),
            [("content-type", "application/apply-patch+yaml")],
            422,
            "fieldManager: Required value",
        ),
        (
            format!("PATCH {MAPS}/a?fieldManager=me"),
            [("content-type", "application/apply-patch+cbor")],
            415,
            "unknown format",
        ),
        (
            format!("GET {MAPS}"),
            [("accept", "application/vnd.kubernetes.protobuf")],
            406,
            "accepted",
        ),
        ("POST /api/v1/namespaces/default/pods/p/exec".into(), yaml, 403, "exec"),
        ("GET /apis/apps/v1/controllerrevisions".into(), yaml, 404, "could not find"),
        ("POST /apis/apps/v1/namespaces/default/deployments".into(), yaml, 405, "no Deployment"),
    ] {
        let refused = world.send(&line, &headers, b"{}").await;
        assert_eq!(refused.status, status, "{line}");
        let said = refused.json();
        assert_eq!(said["kind"], "Status", "{line}");
        assert!(said["message"].as_str().unwrap().contains(word), "{line}: {said}");
    }
}

#[tokio::test]
async fn a_list_comes_whole_or_page_by_page() {
    let world = World::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        world.ask(&format!("POST {MAPS}"), &map(name, if name == "c" { "2" } else { "1" })).await;
    }
    let whole = world.get(MAPS).await.json();
    assert_eq!(whole["kind"], "ConfigMapList");
    assert_eq!(names(&whole), ["a", "b", "c", "d", "e"]);
    let first = world.get(&format!("{MAPS}?limit=2&labelSelector=v%3D1")).await.json();
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["metadata"]["continue"].as_str().unwrap();
    world.ask(&format!("POST {MAPS}"), &map("f", "1")).await;
    let second = format!("{MAPS}?limit=9&labelSelector=v%3D1&continue={next}");
    let rest = world.get(&second).await.json();
    assert_eq!(names(&rest), ["d", "e", "f"]);
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert_eq!(rest["metadata"].get("continue"), None);
    world.model.forget_changes();
    assert_eq!(world.get(&second).await.json()["reason"], "Expired");
    assert_eq!(
        names(&world.get(&format!("{MAPS}?fieldSelector=metadata.name%3Dd")).await.json()),
        ["d"]
    );
}

#[tokio::test]
async fn a_list_is_as_of_the_revision_that_is_asked_for() {
    let world = World::new().await;
    world.ask(&format!("POST {MAPS}"), &map("a", "1")).await;
    world.ask("POST /api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "s"}})).await;
    let exactly =
        |revision| format!("{MAPS}?resourceVersion={revision}&resourceVersionMatch=Exact");
    assert_eq!(names(&world.get(&exactly(2)).await.json()), ["a"], "only a secret came since");
    assert_eq!(world.get(&exactly(1)).await.json()["reason"], "Expired");
    let future = world.get(&format!("{MAPS}?resourceVersion=99")).await;
    assert_eq!(future.status, 504);
    assert!(future.text.contains("Too large resource version: 99"), "{}", future.text);
}

#[tokio::test]
async fn a_watch_tells_what_comes_into_a_selection_and_leaves_it() {
    let world = World::new().await;
    world.ask(&format!("POST {MAPS}"), &map("a", "1")).await;
    let mut events = world.watch(&format!("{MAPS}?watch=1&labelSelector=v%3D1")).await;
    assert_eq!(events.word().await, "ADDED a@2");
    world.ask(&format!("POST {MAPS}"), &map("b", "2")).await;
    for (value, told) in [("2", "DELETED a@4"), ("1", "ADDED a@5")] {
        world.ask(&format!("PUT {MAPS}/a"), &map("a", value)).await;
        assert_eq!(events.word().await, told);
    }
    world.ask(&format!("DELETE {MAPS}/a"), &json!({})).await;
    assert_eq!(events.word().await, "DELETED a@6");
}

#[tokio::test]
async fn a_watch_goes_on_from_a_revision_or_says_that_it_cannot() {
    let world = World::new().await;
    for name in ["a", "b"] {
        world.ask(&format!("POST {MAPS}"), &map(name, "1")).await;
    }
    let path = format!("{MAPS}?watch=true&resourceVersion=2&timeoutSeconds=1");
    let mut events = world.watch(&path).await;
    assert_eq!(events.word().await, "ADDED b@3");
    assert_eq!(events.word().await, "end", "its time is over");
    world.model.forget_changes();
    let mut events = world.watch(&path).await;
    let error = events.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(events.word().await, "end");
}

#[tokio::test]
async fn a_watch_marks_the_end_of_what_there_was_and_how_far_it_is() {
    let limits = Limits { bookmark_interval: Duration::from_millis(20), ..Limits::default() };
    let world = World::with(limits).await;
    world.ask(&format!("POST {MAPS}"), &map("a", "1")).await;
    let path = format!(
        "{MAPS}?watch=1&allowWatchBookmarks=true&sendInitialEvents=true\
         &resourceVersionMatch=NotOlderThan"
    );
    let mut events = world.watch(&path).await;
    assert_eq!(events.word().await, "ADDED a@2");
    let mark = events.next().await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    world.ask("POST /api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "s"}})).await;
    assert_eq!(events.word().await, "BOOKMARK @3", "a change that it does not see moves it on");
}

#[tokio::test]
async fn a_table_has_its_columns_once() {
    let world = World::new().await;
    let accept = [("accept", TABLE)];
    world.model.put(job("report"));
    let table = world.send(&format!("GET {JOBS}"), &accept, b"").await.json();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["columnDefinitions"][1]["name"], "Status");
    let cells: Vec<_> = table["rows"][0]["cells"].as_array().unwrap()[..5].to_vec();
    assert_eq!(cells, ["report", "Complete", "1/1", "10s", "60s"]);
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let answer = world.open(&format!("GET {JOBS}?watch=1"), &accept, b"").await;
    let mut events = client::Events::of(answer.into_body());
    let first = events.next().await.unwrap();
    assert!(first["object"]["columnDefinitions"].is_array());
    world.model.put(job("second"));
    let second = events.next().await.unwrap();
    assert!(second["object"]["columnDefinitions"].is_null());
    assert_eq!(second["object"]["rows"][0]["cells"][0], "second");
}

#[tokio::test]
async fn a_collection_is_removed_as_far_as_it_is_selected() {
    let world = World::new().await;
    for (name, value) in [("a", "1"), ("b", "2"), ("c", "1")] {
        world.ask(&format!("POST {MAPS}"), &map(name, value)).await;
    }
    let removed = world.ask(&format!("DELETE {MAPS}?labelSelector=v%3D1"), &json!({})).await;
    assert_eq!(names(&removed.json()), ["a", "c"]);
    assert_eq!(names(&world.get(MAPS).await.json()), ["b"]);
}

#[tokio::test]
async fn deleting_a_job_without_a_policy_warns_that_its_pods_stay() {
    let world = World::new().await;
    world.model.put(job("report"));
    let gone = world.ask(&format!("DELETE {JOBS}/report"), &json!({})).await;
    assert!(gone.headers["warning"].to_str().unwrap().contains("child pods are preserved"));
}

#[tokio::test]
async fn discovery_names_everything_that_is_served() {
    let world = World::new().await;
    assert_eq!(world.get("/version").await.json()["minor"], "37");
    assert_eq!(world.get("/readyz").await.text, "ok");
    for (path, names) in [
        ("/api/v1", vec!["pods", "pods/log", "pods/status", "configmaps", "events", "namespaces"]),
        ("/apis/batch/v1", vec!["jobs", "jobs/status", "cronjobs"]),
        ("/apis/jobling.dev/v1alpha1", vec!["images"]),
    ] {
        let list = world.get(path).await.json();
        for name in names {
            let mut resources = list["resources"].as_array().unwrap().iter();
            assert!(resources.any(|resource| resource["name"] == name), "{path}: {name}");
        }
    }
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let all = world.send("GET /apis", &[("accept", accept)], b"").await;
    assert_eq!(all.headers["content-type"], accept);
    assert_eq!(all.json()["items"][0]["metadata"]["name"], "batch");
}

#[tokio::test]
async fn nobody_is_taken_for_somebody_else() {
    let world = World::new().await;
    let refused = world.send(&format!("GET {MAPS}"), &[("impersonate-user", "ci")], b"").await;
    assert_eq!(refused.status, 403);
    let words = "users \"ci\" is forbidden: User \"jobling-admin\" cannot impersonate resource \
                 \"users\" in API group \"\" at the cluster scope";
    assert_eq!(refused.json()["message"], words);
}

#[tokio::test]
async fn what_is_too_large_or_too_many_is_refused() {
    let limits = Limits { body_bytes: 100, watches: 1, ..Limits::default() };
    let world = World::with(limits).await;
    let large = world.ask(&format!("POST {MAPS}"), &map("a", &"x".repeat(100))).await;
    assert_eq!((large.status.as_u16(), &large.json()["code"]), (413, &json!(413)));
    let open = world.watch(&format!("{MAPS}?watch=1")).await;
    let second = world.get(&format!("{MAPS}?watch=1")).await;
    assert_eq!(
        (second.status.as_u16(), &second.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    drop(open);
}

#[tokio::test]
async fn a_server_that_ends_closes_its_watches_and_removes_its_socket() {
    let world = World::new().await;
    let mut events = world.watch(&format!("{MAPS}?watch=1")).await;
    world.stop().await;
    assert_eq!(events.word().await, "end");
}

fn map(name: &str, value: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"v": value}}, "data": {"v": value}})
}

fn job(name: &str) -> Object {
    let value = json!({
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": "2026-11-23T09:59:00Z",
        },
        "spec": {"completions": 1, "template": {"spec": {"containers": [{"name": "main"}]}}},
        "status": {
            "succeeded": 1,
            "startTime": "2026-11-23T09:59:00Z",
            "completionTime": "2026-11-23T09:59:10Z",
            "conditions": [{"type": "Complete", "status": "True"}],
        },
    });
    Object::from_value(Kind::Job, &value).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("a list: {list}"));
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}
