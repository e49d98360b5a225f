//! Makes a container's environment: what it is told of a request, envFrom, then env, in order.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use jobling_core::api::{Kind, Object, ObjectKey};
use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVar, EnvVarSource};

use super::request::request_variables;
use super::{Braces, ConfigError, Facts, expand, field_value, resource_value};
use crate::ports::Objects;

/// What the Job controller adds to every container of an Indexed Job (`pkg/controller/job/indexed_job_utils.go`).
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// What a container is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Variables by name, in the order in which they were first named.
    pub(crate) variables: Vec<(String, String)>,
    /// Those of them whose values come from Secrets, wholly or in part.
    pub(crate) secrets: BTreeSet<String>,
}

/// A value, and where it comes from.
struct Value {
    text: String,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Plain,
    Secret,
}

impl Value {
    fn plain(text: String) -> Self {
        Self { text, origin: Origin::Plain }
    }
}

/// Returns the environment of `container`.
///
/// # Errors
/// The first thing that is missing; nothing where it is optional.
pub(crate) fn resolve(
    container: &Container,
    facts: &Facts<'_>,
    objects: &dyn Objects,
) -> Result<Environment, ConfigError> {
    // The template has the last word: a request cannot change what it sets.
    let variables = request_variables(facts.start());
    let mut variables = Environment { variables, ..Environment::default() };
    for source in container.env_from.iter().flatten() {
        variables.take_all(source, facts, objects)?;
    }
    let braces = Braces::of(facts.start());
    for env in container.env.iter().flatten() {
        if let Some(value) = value(env, &variables, container, facts, objects, braces)? {
            variables.set(&env.name, value);
        }
    }
    let named = container.env.iter().flatten().any(|env| env.name == INDEX);
    if let Some(index) = facts.index().filter(|_| !named) {
        variables.set(INDEX, Value::plain(index.to_string()));
    }
    Ok(variables)
}

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: Value) {
        match value.origin {
            Origin::Plain => self.secrets.remove(name),
            Origin::Secret => self.secrets.insert(name.to_owned()),
        };
        match self.variables.iter_mut().find(|(n, _)| n == name) {
            Some(slot) => slot.1 = value.text,
            None => self.variables.push((name.to_owned(), value.text)),
        }
    }

    /// Fills `$(NAME)` in; what a Secret's value was put into is one.
    fn fill(&self, template: &str) -> Value {
        let origin = Cell::new(Origin::Plain);
        let text = expand(template, |name| {
            if self.secrets.contains(name) {
                origin.set(Origin::Secret);
            }
            self.get(name)
        });
        Value { text, origin: origin.get() }
    }

    /// Takes all of a ConfigMap or Secret; keys that can be no variable's name are passed over.
    fn take_all(
        &mut self,
        source: &EnvFromSource,
        facts: &Facts<'_>,
        objects: &dyn Objects,
    ) -> Result<(), ConfigError> {
        let (kind, name, optional) = match (&source.config_map_ref, &source.secret_ref) {
            (Some(map), _) => (Kind::ConfigMap, &map.name, map.optional),
            (None, Some(secret)) => (Kind::Secret, &secret.name, secret.optional),
            (None, None) => return Ok(()),
        };
        let key = ObjectKey::new(kind, facts.namespace(), name);
        let Some(object) = objects.get(&key)? else {
            return if optional == Some(true) { Ok(()) } else { Err(ConfigError::NoObject(key)) };
        };
        let prefix = source.prefix.as_deref().unwrap_or_default();
        for (name, bytes) in texts_and_bytes(object) {
            let variable = format!("{prefix}{name}");
            if is_variable_name(&variable) {
                let text = text(bytes, &key, &name)?;
                self.set(&variable, Value { text, origin: origin_of(kind) });
            }
        }
        Ok(())
    }
}

/// Returns the value of `env`; `None` where it refers to something optional that is missing.
fn value(
    env: &EnvVar,
    variables: &Environment,
    container: &Container,
    facts: &Facts<'_>,
    objects: &dyn Objects,
    braces: Braces<'_>,
) -> Result<Option<Value>, ConfigError> {
    match (&env.value, &env.value_from) {
        (Some(value), _) if !value.is_empty() => Ok(Some(variables.fill(&braces.fill(value)))),
        (_, Some(source)) => referred(source, container, facts, objects),
        (_, None) => Ok(Some(Value::plain(String::new()))),
    }
}

fn referred(
    source: &EnvVarSource,
    container: &Container,
    facts: &Facts<'_>,
    objects: &dyn Objects,
) -> Result<Option<Value>, ConfigError> {
    if let Some(field) = &source.field_ref {
        return field_value(field, facts).map(Value::plain).map(Some);
    }
    if let Some(field) = &source.resource_field_ref {
        let value = resource_value(field, Some(container), facts);
        return value.map(Value::plain).map(Some);
    }
    let (kind, name, key, optional) = match (&source.config_map_key_ref, &source.secret_key_ref) {
        (Some(map), _) => (Kind::ConfigMap, &map.name, &map.key, map.optional),
        (None, Some(secret)) => (Kind::Secret, &secret.name, &secret.key, secret.optional),
        (None, None) => return Err(ConfigError::UnknownField("valueFrom".to_owned())),
    };
    let object = ObjectKey::new(kind, facts.namespace(), name);
    match entry(&object, key, objects) {
        Ok(bytes) => {
            let origin = origin_of(kind);
            text(bytes, &object, key).map(|text| Some(Value { text, origin }))
        }
        Err(ConfigError::NoObject(_) | ConfigError::NoKey { .. }) if optional == Some(true) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn origin_of(kind: Kind) -> Origin {
    if kind == Kind::Secret { Origin::Secret } else { Origin::Plain }
}

fn entry(object: &ObjectKey, key: &str, objects: &dyn Objects) -> Result<Vec<u8>, ConfigError> {
    let found = objects.get(object)?.ok_or_else(|| ConfigError::NoObject(object.clone()))?;
    texts_and_bytes(found)
        .remove(key)
        .ok_or_else(|| ConfigError::NoKey { object: object.clone(), key: key.to_owned() })
}

/// Returns what a ConfigMap's data and a Secret's data hold; a ConfigMap's binaryData is for files alone.
fn texts_and_bytes(object: Object) -> BTreeMap<String, Vec<u8>> {
    match object {
        Object::ConfigMap(map) => {
            map.data.into_iter().flatten().map(|(key, text)| (key, text.into_bytes())).collect()
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

/// WASI's environment is text.
fn text(bytes: Vec<u8>, object: &ObjectKey, key: &str) -> Result<String, ConfigError> {
    String::from_utf8(bytes)
        .map_err(|_| ConfigError::NotText { object: object.clone(), key: key.to_owned() })
}

/// `IsRelaxedEnvVarName`: printable ASCII without an equals sign.
fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Defaults;
    use crate::testing::{FakeObjects, host, job, pod_start};
    use serde_json::{Value, json};

    /// Resolves the container `spec` against two objects and returns `NAME=value` lines.
    fn resolved(spec: Value, index: Option<u32>) -> Result<Vec<String>, String> {
        let objects = FakeObjects::default()
            .config_map("settings", &[("LEVEL", "debug"), ("a=b", "no name")])
            .secret("keys", &[("url", b"db://x"), ("raw", &[0xff])]);
        let mut start = pod_start(job("report"));
        std::sync::Arc::make_mut(&mut start.pod).index = index;
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(&start, &host, &defaults);
        let container: Container = serde_json::from_value(spec).unwrap();
        let env = resolve(&container, &facts, &objects).map_err(|error| error.to_string())?;
        Ok(env.variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
    }

    #[test]
    fn env_follows_env_from_and_may_refer_to_what_came_before() {
        let spec = json!({"name": "c",
        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}],
        "env": [
            {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "url"}}},
            {"name": "BOTH", "value": "$(URL)/$(P_LEVEL)/$(LATER)"},
            {"name": "LATER", "value": "x"},
            {"name": "P_LEVEL", "value": "info"},
            {"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        ]});
        let expected =
            ["P_LEVEL=info", "URL=db://x", "BOTH=db://x/debug/$(LATER)", "LATER=x", "NS=default"];
        assert_eq!(resolved(spec, None).unwrap(), expected);
    }

    #[test]
    fn what_comes_from_a_secret_is_known_to_also_in_parts_and_until_it_is_replaced() {
        let objects = FakeObjects::default().secret("keys", &[("url", b"db://x"), ("KEY", b"k")]);
        let start = pod_start(job("report"));
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(&start, &host, &defaults);
        let reference = json!({"secretKeyRef": {"name": "keys", "key": "url"}});
        let container: Container = serde_json::from_value(json!({"name": "c",
        "envFrom": [{"prefix": "S_", "secretRef": {"name": "keys"}}],
        "env": [
            {"name": "URL", "valueFrom": reference},
            {"name": "BOTH", "value": "$(URL)/x"},
            {"name": "PLAIN", "value": "$$(URL)"},
            {"name": "S_url", "value": "own"},
        ]}))
        .unwrap();
        let env = resolve(&container, &facts, &objects).unwrap();
        assert_eq!(env.secrets, ["BOTH", "S_KEY", "URL"].map(str::to_owned).into());
    }

    #[test]
    fn what_is_missing_is_named_unless_it_is_optional() {
        let secret = |name: &str, key: &str, optional: bool| {
            json!({"name": "c", "env": [{"name": "A", "valueFrom":
                {"secretKeyRef": {"name": name, "key": key, "optional": optional}}}]})
        };
        let from = |optional: bool| json!({"name": "c", "envFrom": [{"configMapRef": {"name": "no", "optional": optional}}]});
        for (spec, outcome) in [
            (secret("no", "url", false), Err("secret \"no\" not found".to_owned())),
            (
                secret("keys", "no", false),
                Err("couldn't find key no in Secret default/keys".into()),
            ),
            (
                secret("keys", "raw", false),
                Err("key raw in Secret default/keys is not UTF-8".into()),
            ),
            (secret("no", "url", true), Ok(vec![])),
            (secret("keys", "no", true), Ok(vec![])),
            (from(false), Err("configmap \"no\" not found".into())),
            (from(true), Ok(vec![])),
        ] {
            assert_eq!(resolved(spec.clone(), None), outcome, "{spec}");
        }
    }

    #[test]
    fn an_indexed_pod_knows_its_index_unless_the_template_says_otherwise() {
        let plain = json!({"name": "c"});
        let named = json!({"name": "c", "env": [{"name": "JOB_COMPLETION_INDEX", "value": "own"}]});
        assert_eq!(resolved(plain.clone(), Some(7)).unwrap(), ["JOB_COMPLETION_INDEX=7"]);
        assert_eq!(resolved(named, Some(7)).unwrap(), ["JOB_COMPLETION_INDEX=own"]);
        assert!(resolved(plain, None).unwrap().is_empty());
    }
}
