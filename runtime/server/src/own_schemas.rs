//! The schemas of kinds that k8s-openapi does not have: this host's own, and what metrics-server serves
//! elsewhere. `kubectl explain` prints their sentences.

use serde_json::{Map, Value, json};

/// Returns the schemas of `jobling.dev/v1alpha1`.
pub(crate) fn jobling() -> Map<String, Value> {
    Map::from_iter([
        ("dev.jobling.v1alpha1.Image".to_owned(), image()),
        ("dev.jobling.v1alpha1.Token".to_owned(), token()),
    ])
}

/// Returns the schemas of `metrics.k8s.io/v1beta1`.
pub(crate) fn metrics() -> Map<String, Value> {
    Map::from_iter([("io.k8s.metrics.v1beta1.PodMetrics".to_owned(), pod_metrics())])
}

fn image() -> Value {
    object(
        ("jobling.dev", "v1alpha1", "Image"),
        "Image is a WASI module of this host's store, by the name that containers use.",
        json!({
            "status": {
                "type": "object",
                "description": "Status is what is known of the module.",
                "properties": {
                    "digest": text("Digest is sha256: and the hash of the module's bytes."),
                    "format": text("Format is module (WASI preview 1) or component (preview 2)."),
                    "sizeBytes": {
                        "type": "integer",
                        "format": "int64",
                        "description": "SizeBytes is the size of the module.",
                    },
                },
            },
        }),
    )
}

fn token() -> Value {
    object(
        ("jobling.dev", "v1alpha1", "Token"),
        "Token lets its holder use this host over TLS, as far as its role goes.",
        json!({
            "spec": {
                "type": "object",
                "description": "Spec is what the token is for.",
                "required": ["role"],
                "properties": {
                    "role": text("Role is view, edit or admin, as Kubernetes means them."),
                    "namespace": text("Namespace is the only one that the role is good for, if set."),
                    "expirationSeconds": {
                        "type": "integer",
                        "format": "int64",
                        "description": "ExpirationSeconds is how long it is good for, if set.",
                    },
                },
            },
            "status": {
                "type": "object",
                "description": "Status is what became of it.",
                "properties": {
                    "expirationTimestamp": text("ExpirationTimestamp is until when it is good."),
                    "kubeconfig": text("Kubeconfig has the token; told once, when it is made."),
                    "token": text("Token is the secret itself; told once, when it is made."),
                },
            },
        }),
    )
}

fn pod_metrics() -> Value {
    object(
        ("metrics.k8s.io", "v1beta1", "PodMetrics"),
        "PodMetrics is what a running pod uses.",
        json!({
            "timestamp": text("Timestamp is the end of the window."),
            "window": text("Window is how long before that the share of a core is reckoned from."),
            "containers": {
                "type": "array",
                "description": "Containers are those that run, with their name and usage.",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": text("Name is the container's."),
                        "usage": {
                            "type": "object",
                            "description": "Usage has cpu and memory.",
                            "additionalProperties": {"type": "string"},
                        },
                    },
                },
            },
        }),
    )
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// Returns the schema of a kind with `properties` besides what every kind has.
fn object(
    (group, version, kind): (&str, &str, &str),
    description: &str,
    mut properties: Value,
) -> Value {
    properties["apiVersion"] = text(&format!("APIVersion is {group}/{version}."));
    properties["kind"] = text(&format!("Kind is {kind}."));
    properties["metadata"] =
        json!({"type": "object", "description": "Metadata has the object's name."});
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "x-kubernetes-group-version-kind": [{"group": group, "version": version, "kind": kind}],
    })
}
