//! `metrics.k8s.io`: what running pods use.

use std::time::Duration;

use jobling_core::api::{Kind, Object};
use jobling_server::{ContainerUsage, PodUsage};
use serde_json::{Value, json};

use crate::client::World;

const METRICS: &str = "/apis/metrics.k8s.io/v1beta1";

#[tokio::test]
async fn a_running_pods_use_is_told_and_selected_by_its_labels() {
    let world = World::new().await;
    for (name, namespace, window) in
        [("a", "default", 10), ("b", "default", 10), ("c", "other", 10), ("young", "default", 0)]
    {
        pod(&world, name, namespace);
        world.model.uses(PodUsage {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            containers: vec![ContainerUsage {
                name: "main".to_owned(),
                cpu: Duration::from_millis(2500),
                window: Duration::from_secs(window),
                memory_bytes: 3 << 20,
            }],
        });
    }
    for (path, found) in [
        ("pods", vec!["a", "b", "c"]),
        ("namespaces/default/pods", vec!["a", "b"]),
        ("namespaces/default/pods?labelSelector=name%3Db", vec!["b"]),
        ("pods?fieldSelector=metadata.name%3Dc", vec!["c"]),
    ] {
        let list = world.get(&format!("{METRICS}/{path}")).await.json();
        assert_eq!(list["kind"], "PodMetricsList", "{list}");
        assert_eq!(names(&list), found, "{path}");
    }
    let one = world.get(&format!("{METRICS}/namespaces/default/pods/a")).await.json();
    assert_eq!(
        (&one["window"], &one["containers"]),
        (
            &json!("10000ms"),
            &json!([{"name": "main", "usage": {"cpu": "250000000n", "memory": "3072Ki"}}])
        )
    );
    let none = world.get(&format!("{METRICS}/namespaces/default/pods/young")).await;
    assert_eq!(none.status, 404, "nothing can be said yet: {}", none.text);
}

#[tokio::test]
async fn the_group_is_discovered() {
    let world = World::new().await;
    let groups = world.get("/apis").await.json();
    assert!(groups.to_string().contains("metrics.k8s.io/v1beta1"), "{groups}");
    let resources = world.get(METRICS).await.json();
    assert_eq!(resources["resources"][0]["name"], "pods");
    assert_eq!(resources["resources"][0]["verbs"], json!(["get", "list"]));
}

fn pod(world: &World, name: &str, namespace: &str) {
    let metadata = json!({"name": name, "namespace": namespace, "labels": {"name": name}});
    let spec = json!({"containers": [{"name": "main"}]});
    let pod = Object::from_value(Kind::Pod, &json!({"metadata": metadata, "spec": spec}));
    world.model.put(pod.unwrap());
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}
