//! Claims that the Jobs mention and nobody made: `run` makes them, so that a manifest runs as it is.

use std::collections::BTreeSet;

use jobling_core::api::{Kind, ObjectKey};
use serde_json::{Value, json};

/// What a claim may hold that `run` makes.
const STORAGE: &str = "1Gi";

/// Returns the claims that a Job's volumes name.
pub(super) fn named_by(job: &Value, namespace: &str) -> BTreeSet<ObjectKey> {
    let volumes = job.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
    let claims = volumes.into_iter().flatten();
    let names = claims.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    names.map(|name| ObjectKey::new(Kind::PersistentVolumeClaim, namespace, name)).collect()
}

/// Returns the claim that is made for `key`.
pub(super) fn made_for(key: &ObjectKey) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": STORAGE}},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_of_a_job_are_those_its_volumes_name() {
        let job = json!({"spec": {"template": {"spec": {"volumes": [
            {"name": "a", "persistentVolumeClaim": {"claimName": "images-pvc"}},
            {"name": "b", "emptyDir": {}}]}}}});
        let claims = named_by(&job, "default");
        let key = ObjectKey::new(Kind::PersistentVolumeClaim, "default", "images-pvc");
        assert_eq!(claims, BTreeSet::from([key.clone()]));
        assert_eq!(made_for(&key)["metadata"]["name"], "images-pvc");
    }
}
