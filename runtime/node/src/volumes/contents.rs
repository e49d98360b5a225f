//! The files of a configMap, secret, downwardAPI or projected volume, as they are to lie there; makes none.

use std::collections::BTreeMap;

use jobling_core::api::{Kind, Object, ObjectKey};
use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath};

use super::error::Why;
use super::path::inner;
use super::source::{FilesOf, Missing};
use crate::env::{ConfigError, Facts, field_value, resource_value};
use crate::ports::Objects;

/// The mode of a secret's files, whatever its volume says: guests are not shown modes, the host is.
const SECRET_MODE: u32 = 0o400;
/// Guests run with the daemon's rights: a mode without this would keep the file from its own pod.
const READABLE: u32 = 0o400;

/// A file to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

/// Files by their path within the volume.
pub(super) type Files = BTreeMap<String, File>;

/// Returns all files of a volume; of two at the same path, the later one.
pub(super) fn contents(
    sources: &[FilesOf<'_>],
    mode: i32,
    facts: &Facts<'_>,
    objects: &dyn Objects,
) -> Result<Files, Why> {
    let mut files = Files::new();
    for source in sources {
        match source {
            FilesOf::Object { kind, name, items, missing } => {
                let key = ObjectKey::new(*kind, facts.namespace(), *name);
                files.append(&mut of_object(&key, items, *missing, mode, objects)?);
            }
            FilesOf::Downward(items) => {
                for item in *items {
                    let bytes = downward(item, facts)?.into_bytes();
                    let mode = plain_mode(item.mode.unwrap_or(mode));
                    files.insert(inner(&item.path)?.to_owned(), File { bytes, mode });
                }
            }
        }
    }
    Ok(files)
}

fn of_object(
    key: &ObjectKey,
    items: &[KeyToPath],
    missing: Missing,
    mode: i32,
    objects: &dyn Objects,
) -> Result<Files, Why> {
    let found = objects.get(key).map_err(ConfigError::from)?;
    let data = match (found, missing) {
        (Some(object), _) => data(object),
        (None, Missing::LeaveOut) => return Ok(Files::new()),
        (None, Missing::Wait) => return Err(ConfigError::NoObject(key.clone()).into()),
    };
    let file = |bytes, given: Option<i32>| {
        let plain = plain_mode(given.unwrap_or(mode));
        File { bytes, mode: if key.kind == Kind::Secret { SECRET_MODE } else { plain } }
    };
    let mut files = Files::new();
    if items.is_empty() {
        for (name, bytes) in data {
            files.insert(inner(&name)?.to_owned(), file(bytes, None));
        }
        return Ok(files);
    }
    for item in items {
        match (data.get(&item.key), missing) {
            (Some(bytes), _) => {
                let file = file(bytes.clone(), item.mode);
                files.insert(inner(&item.path)?.to_owned(), file);
            }
            (None, Missing::LeaveOut) => {}
            (None, Missing::Wait) => {
                return Err(Why::NoKey { object: key.clone(), key: item.key.clone() });
            }
        }
    }
    Ok(files)
}

/// Returns what a ConfigMap or Secret holds, a ConfigMap's binaryData too.
fn data(object: Object) -> BTreeMap<String, Vec<u8>> {
    match object {
        Object::ConfigMap(map) => {
            let texts = map.data.into_iter().flatten();
            let binaries = map.binary_data.into_iter().flatten();
            let texts = texts.map(|(key, text)| (key, text.into_bytes()));
            texts.chain(binaries.map(|(key, bytes)| (key, bytes.0))).collect()
        }
        Object::Secret(secret) => {
            secret.data.into_iter().flatten().map(|(key, bytes)| (key, bytes.0)).collect()
        }
        Object::Namespace(_)
        | Object::ServiceAccount(_)
        | Object::PersistentVolumeClaim(_)
        | Object::CronJob(_)
        | Object::HTTPTrigger(_)
        | Object::Job(_)
        | Object::Pod(_)
        | Object::Event(_) => BTreeMap::new(),
    }
}

fn downward(item: &DownwardAPIVolumeFile, facts: &Facts<'_>) -> Result<String, Why> {
    if let Some(field) = &item.field_ref {
        return Ok(field_value(field, facts)?);
    }
    match &item.resource_field_ref {
        Some(resource) => Ok(resource_value(resource, None, facts)?),
        None => Err(ConfigError::UnknownField(item.path.clone()).into()),
    }
}

fn plain_mode(mode: i32) -> u32 {
    u32::try_from(mode).unwrap_or(0) & 0o777 | READABLE
}

#[cfg(test)]
mod tests {
    use super::super::source::{Source, source};
    use super::*;
    use crate::limits::Defaults;
    use crate::testing::{FakeObjects, host, job, pod_start};
    use k8s_openapi::api::core::v1::Volume;
    use serde_json::{Value, json};

    /// Returns the files of the volume `spec`, as `path=text mode` lines.
    fn lines(spec: &Value) -> Result<Vec<String>, String> {
        let objects = FakeObjects::default()
            .config_map("settings", &[("level", "debug"), ("app.conf", "a=1")])
            .secret("keys", &[("url", b"db://x")]);
        let mut info = job("report");
        info.template = serde_json::from_value(json!({"spec": {"containers":
            [{"name": "main", "resources": {"limits": {"memory": "64Mi"}}}]}}))
        .unwrap();
        let start = pod_start(info);
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(&start, &host, &defaults);
        let mut volume = spec.clone();
        volume["name"] = "v".into();
        let volume: Volume = serde_json::from_value(volume).unwrap();
        let Ok(Source::Files { of, mode }) = source(&volume) else { panic!("{spec}") };
        let files = contents(&of, mode, &facts, &objects).map_err(|why| why.to_string())?;
        let line = |(path, file): (String, File)| {
            format!("{path}={} {:o}", String::from_utf8(file.bytes).unwrap(), file.mode)
        };
        Ok(files.into_iter().map(line).collect())
    }

    #[test]
    fn files_are_named_and_moded_as_the_template_says_and_secrets_are_the_daemons_alone() {
        let memory =
            json!({"containerName": "main", "resource": "limits.memory", "divisor": "1Mi"});
        let downward = json!([
            {"path": "about/namespace", "fieldRef": {"fieldPath": "metadata.namespace"}},
            {"path": "memory", "mode": 0o440, "resourceFieldRef": memory},
        ]);
        let items = json!([{"key": "app.conf", "path": "etc/app.conf", "mode": 0o600}]);
        for (spec, expected) in [
            (
                json!({"configMap": {"name": "settings"}}),
                vec!["app.conf=a=1 644", "level=debug 644"],
            ),
            (
                json!({"configMap": {"name": "settings", "defaultMode": 0, "items":
                    [{"key": "level", "path": "l"}]}}),
                vec!["l=debug 400"],
            ),
            (
                json!({"configMap": {"name": "settings", "items": items}}),
                vec!["etc/app.conf=a=1 600"],
            ),
            (
                json!({"secret": {"secretName": "keys", "defaultMode": 0o777}}),
                vec!["url=db://x 400"],
            ),
            (
                json!({"downwardAPI": {"items": downward}}),
                vec!["about/namespace=default 644", "memory=64 440"],
            ),
            (
                json!({"projected": {"defaultMode": 0o444, "sources": [
                    {"configMap": {"name": "settings", "items": [{"key": "level", "path": "l"}]}},
                    {"secret": {"name": "keys"}},
                    {"downwardAPI": {"items": [{"path": "l", "fieldRef":
                        {"fieldPath": "metadata.namespace"}}]}}]}}),
                vec!["l=default 444", "url=db://x 400"],
            ),
        ] {
            assert_eq!(lines(&spec).unwrap(), expected, "{spec}");
        }
    }

    #[test]
    fn what_is_missing_is_named_unless_it_is_optional() {
        let map = |name: &str, key: &str, optional: bool| {
            json!({"configMap": {"name": name, "optional": optional, "items":
                [{"key": key, "path": "x"}]}})
        };
        let leaves = "path \"../x\" must be relative and must not contain \"..\"";
        for (spec, outcome) in [
            (map("no", "level", false), Err("configmap \"no\" not found")),
            (map("no", "level", true), Ok(0)),
            (map("settings", "no", false), Err("configmap references non-existent config key: no")),
            (map("settings", "no", true), Ok(0)),
            (json!({"secret": {"secretName": "no"}}), Err("secret \"no\" not found")),
            (
                json!({"secret": {"secretName": "keys", "items": [{"key": "no", "path": "x"}]}}),
                Err("references non-existent secret key: no"),
            ),
            (
                json!({"secret": {"secretName": "keys", "items": [{"key": "url", "path": "../x"}]}}),
                Err(leaves),
            ),
            (
                json!({"downwardAPI": {"items": [{"path": "../x", "fieldRef":
                    {"fieldPath": "metadata.name"}}]}}),
                Err(leaves),
            ),
        ] {
            let found = lines(&spec).map(|lines| lines.len());
            assert_eq!(found.as_ref().map_err(String::as_str).copied(), outcome, "{spec}");
        }
    }
}
