//! The rules of `ConfigMaps` and Secrets.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::names;
use crate::api::field::{Errors, Path};

/// The bytes that the values of a `ConfigMap` or Secret may have together.
const DATA_BYTES: usize = 1024 * 1024;

const IMMUTABLE: &str = "field is immutable when `immutable` is set";

/// Checks the keys and the size of a `ConfigMap`.
pub(super) fn validate_config_map(errors: &mut Errors, map: &ConfigMap) {
    let none = BTreeMap::new();
    let (data, binary) = (map.data.as_ref().unwrap_or(&none), map.binary_data.as_ref());
    let mut bytes = 0;
    for (key, value) in data {
        names::check(errors, &Path::new("data").key(key), key, names::config_key);
        if binary.is_some_and(|binary| binary.contains_key(key)) {
            let why = "duplicate of key present in binaryData";
            errors.invalid(&Path::new("data").key(key), key, why);
        }
        bytes += value.len();
    }
    for (key, value) in binary.into_iter().flatten() {
        names::check(errors, &Path::new("binaryData").key(key), key, names::config_key);
        bytes += value.0.len();
    }
    if bytes > DATA_BYTES {
        errors.too_long(&Path::root(), DATA_BYTES);
    }
}

/// Checks that an immutable `ConfigMap` stays as it is.
pub(super) fn validate_config_map_update(errors: &mut Errors, new: &ConfigMap, old: &ConfigMap) {
    if old.immutable != Some(true) {
        return;
    }
    if new.immutable != Some(true) {
        errors.forbidden(&Path::new("immutable"), IMMUTABLE);
    }
    if new.data != old.data {
        errors.forbidden(&Path::new("data"), IMMUTABLE);
    }
    if new.binary_data != old.binary_data {
        errors.forbidden(&Path::new("binaryData"), IMMUTABLE);
    }
}

/// Checks the keys, the size and what the Secret's type asks for.
pub(super) fn validate_secret(errors: &mut Errors, secret: &Secret) {
    let none = BTreeMap::new();
    let data = secret.data.as_ref().unwrap_or(&none);
    let path = Path::new("data");
    for key in data.keys() {
        names::check(errors, &path.key(key), key, names::config_key);
    }
    if data.values().map(|value| value.0.len()).sum::<usize>() > DATA_BYTES {
        errors.too_long(&path, DATA_BYTES);
    }
    match secret.type_.as_deref() {
        Some("kubernetes.io/dockerconfigjson") => json(errors, data, ".dockerconfigjson"),
        Some("kubernetes.io/dockercfg") => json(errors, data, ".dockercfg"),
        Some("kubernetes.io/basic-auth") => {
            if !data.contains_key("username") && !data.contains_key("password") {
                errors.required(&path.key("username"), "");
                errors.required(&path.key("password"), "");
            }
        }
        Some("kubernetes.io/ssh-auth") => required(errors, data, &["ssh-privatekey"]),
        Some("kubernetes.io/tls") => required(errors, data, &["tls.crt", "tls.key"]),
        Some(_) | None => {}
    }
}

fn required(errors: &mut Errors, data: &BTreeMap<String, ByteString>, keys: &[&str]) {
    for key in keys.iter().filter(|key| !data.contains_key(**key)) {
        errors.required(&Path::new("data").key(key), "");
    }
}

/// The value must be there and be JSON; what it holds is not shown.
fn json(errors: &mut Errors, data: &BTreeMap<String, ByteString>, key: &str) {
    let path = Path::new("data").key(key);
    match data.get(key) {
        None => errors.required(&path, ""),
        Some(value) => {
            if serde_json::from_slice::<serde::de::IgnoredAny>(&value.0).is_err() {
                errors.invalid(&path, "<secret contents redacted>", "must be valid JSON");
            }
        }
    }
}

/// Checks that a Secret keeps its type, and an immutable one its data.
pub(super) fn validate_secret_update(errors: &mut Errors, new: &Secret, old: &Secret) {
    if new.type_ != old.type_ {
        errors.invalid(&Path::new("type"), &new.type_, "field is immutable");
    }
    if old.immutable != Some(true) {
        return;
    }
    if new.immutable != Some(true) {
        errors.forbidden(&Path::new("immutable"), IMMUTABLE);
    }
    if new.data != old.data {
        errors.forbidden(&Path::new("data"), IMMUTABLE);
    }
}
