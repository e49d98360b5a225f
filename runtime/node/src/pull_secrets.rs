//! The Secrets that a pod's `imagePullSecrets` name, read when its image is pulled.

use jobling_core::api::{Kind, Object, ObjectKey};
use k8s_openapi::api::core::v1::PodSpec;

use crate::ports::{Objects, PullSecret, PullSecretForm};

/// What a pod has for registries, and which of the Secrets it names cannot be used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PullSecrets {
    pub(crate) found: Vec<PullSecret>,
    pub(crate) missing: Vec<String>,
}

impl PullSecrets {
    /// Reads those of `spec`, in their order.
    pub(crate) fn of(spec: &PodSpec, namespace: &str, objects: &dyn Objects) -> Self {
        let mut secrets = Self::default();
        for reference in spec.image_pull_secrets.iter().flatten() {
            match read(&reference.name, namespace, objects) {
                Some(secret) => secrets.found.push(secret),
                None => secrets.missing.push(reference.name.clone()),
            }
        }
        secrets
    }
}

fn read(name: &str, namespace: &str, objects: &dyn Objects) -> Option<PullSecret> {
    let key = ObjectKey::new(Kind::Secret, namespace, name);
    let Ok(Some(Object::Secret(secret))) = objects.get(&key) else { return None };
    let mut data = secret.data?;
    let mut take = |key: &str, form| {
        let text = data.remove(key)?.0;
        Some(PullSecret { name: name.to_owned(), form, text })
    };
    take(".dockerconfigjson", PullSecretForm::DockerConfigJson)
        .or_else(|| take(".dockercfg", PullSecretForm::DockerCfg))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::FakeObjects;

    #[test]
    fn secrets_of_both_forms_are_read_and_others_are_missing() {
        let objects = FakeObjects::default()
            .secret("new", &[(".dockerconfigjson", b"{}")])
            .secret("old", &[(".dockercfg", b"[]")])
            .secret("other", &[("password", b"x")]);
        let names = ["other", "new", "gone", "old"].map(|name| json!({"name": name}));
        let spec = json!({"containers": [], "imagePullSecrets": names});
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        let secrets = PullSecrets::of(&spec, "default", &objects);
        let found: Vec<_> = secrets
            .found
            .iter()
            .map(|one| (one.name.as_str(), one.form, one.text.as_slice()))
            .collect();
        assert_eq!(
            found,
            [
                ("new", PullSecretForm::DockerConfigJson, b"{}".as_slice()),
                ("old", PullSecretForm::DockerCfg, b"[]".as_slice())
            ]
        );
        assert_eq!(secrets.missing, ["other", "gone"]);
        assert_eq!(PullSecrets::of(&spec, "elsewhere", &objects).missing.len(), 4);
    }
}
