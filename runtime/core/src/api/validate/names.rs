//! The forms that names, labels and keys must have: apimachinery's `util/validation`. Each function
//! returns what is wrong, in its words; nothing where nothing is.

use std::collections::BTreeMap;

use crate::api::field::{Errors, Path};

const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const DNS_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
    '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used \
    for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or \
    '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
    '[-._a-zA-Z0-9]+')";
const ENV_NAME: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const PORT_NAME: [&str; 4] = [
    "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    "must contain at least one letter (a-z)",
    "must not contain consecutive hyphens",
    "must not begin or end with a hyphen",
];

fn too_long(most: usize) -> String {
    format!("must be no more than {most} bytes")
}

/// `text` starts and ends with a byte that `edge` takes and has only bytes that `inner` takes.
fn has_form(text: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let edges = bytes.first().is_some_and(|b| edge(*b)) && bytes.last().is_some_and(|b| edge(*b));
    edges && bytes.iter().all(|b| edge(*b) || inner(*b))
}

const fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_hyphen(byte: u8) -> bool {
    byte == b'-'
}

fn is_name_mark(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

/// `IsDNS1123Label`.
pub(super) fn dns_label(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push("must be no more than 63 characters".to_owned());
    }
    if !has_form(text, is_lower, is_hyphen) {
        wrong.push(DNS_LABEL.to_owned());
    }
    wrong
}

/// `IsDNS1123Subdomain`.
pub(super) fn dns_subdomain(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    if !text.split('.').all(|label| has_form(label, is_lower, is_hyphen)) {
        wrong.push(DNS_SUBDOMAIN.to_owned());
    }
    wrong
}

/// A prefix that a generated suffix follows: trailing dashes are allowed.
pub(super) fn generate_name(text: &str) -> Vec<String> {
    let masked = match text.strip_suffix('-') {
        Some(prefix) => format!("{prefix}a"),
        None => text.to_owned(),
    };
    dns_subdomain(&masked)
}

/// `IsQualifiedName`: an optional subdomain and a slash, then a name.
pub(super) fn qualified_name(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(dns_subdomain(prefix).iter().map(|why| format!("prefix part {why}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')",
                NAME_PART
            )];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push(format!("name part {}", too_long(63)));
    }
    if !has_form(name, is_alphanumeric, is_name_mark) {
        wrong.push(format!("name part {NAME_PART}"));
    }
    wrong
}

/// `IsValidLabelValue`.
pub(super) fn label_value(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push(too_long(63));
    }
    if !text.is_empty() && !has_form(text, is_alphanumeric, is_name_mark) {
        wrong.push(LABEL_VALUE.to_owned());
    }
    wrong
}

/// `IsConfigMapKey`: also a file's name.
pub(super) fn config_key(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    let known = |b: u8| is_alphanumeric(b) || is_name_mark(b);
    if text.is_empty() || !text.bytes().all(known) {
        wrong.push(CONFIG_KEY.to_owned());
    }
    match text {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// `IsRelaxedEnvVarName`.
pub(super) fn env_name(text: &str) -> Vec<String> {
    let printable = |b: u8| (b' '..=b'~').contains(&b) && b != b'=';
    if !text.is_empty() && text.bytes().all(printable) {
        return Vec::new();
    }
    vec![ENV_NAME.to_owned()]
}

/// `IsValidPortName`.
pub(super) fn port_name(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 15 {
        wrong.push("must be no more than 15 characters".to_owned());
    }
    let found = [
        !text.bytes().all(|b| is_lower(b) || b == b'-'),
        !text.bytes().any(|b| b.is_ascii_lowercase()),
        text.contains("--"),
        text.starts_with('-') || text.ends_with('-'),
    ];
    let whys = PORT_NAME.iter().zip(found).filter(|(_, found)| *found);
    wrong.extend(whys.map(|(why, _)| (*why).to_owned()));
    wrong
}

/// Adds what `form` finds wrong with `text`.
pub(super) fn check(errors: &mut Errors, path: &Path, text: &str, form: fn(&str) -> Vec<String>) {
    for why in form(text) {
        errors.invalid(path, text, &why);
    }
}

/// `ValidateLabels`: keys and values.
pub(super) fn labels(errors: &mut Errors, path: &Path, labels: &BTreeMap<String, String>) {
    for (key, value) in labels {
        check(errors, path, key, qualified_name);
        check(errors, path, value, label_value);
    }
}

/// `IsDomainPrefixedPath`: a subdomain, a slash and a path, such as `acme.io/foo`.
pub(super) fn domain_prefixed_path(errors: &mut Errors, path: &Path, text: &str) {
    if text.is_empty() {
        errors.required(path, "");
        return;
    }
    let Some((host, rest)) =
        text.split_once('/').filter(|(host, rest)| !host.is_empty() && !rest.is_empty())
    else {
        errors.invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        return;
    };
    for why in dns_subdomain(host) {
        errors.invalid(path, host, &why);
    }
    let is_path_byte = |b: u8| is_alphanumeric(b) || b"/-._~%!$&'()*+,;=:".contains(&b);
    if !rest.bytes().all(is_path_byte) {
        errors.invalid(
            path,
            rest,
            "Invalid path (regex used for validation is \
             '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
        );
    }
}

/// Returns whether `text` can be a label's name.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    qualified_name(text).is_empty()
}

/// Returns whether `text` can be a label's value.
pub(crate) fn is_label_value(text: &str) -> bool {
    label_value(text).is_empty()
}
