//! Field selectors: `metadata.name=a,status.phase!=Running`, on the fields that Kubernetes selects by.

use std::str::FromStr;

use k8s_openapi::api::core::v1::Event;

use crate::api::{Kind, Object};

/// Conditions on fields that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    field: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Equal(String),
    Other(String),
}

/// Why a text is no field selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldSelectorError {
    /// A part is no condition.
    #[error("invalid selector: '{0}'; can't understand '{0}'")]
    Syntax(String),
    /// Objects of the kind are not selected by that field.
    #[error("\"{field}\" is not a known field selector: only {known}")]
    Unknown {
        /// The field.
        field: String,
        /// The fields that can be selected by.
        known: String,
    },
}

impl FieldSelector {
    /// Returns whether `object` is selected.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        self.0.iter().all(|condition| {
            let value = value(object, &condition.field).unwrap_or_default();
            match &condition.wanted {
                Wanted::Equal(wanted) => value == *wanted,
                Wanted::Other(unwanted) => value != *unwanted,
            }
        })
    }

    /// Returns whether everything is selected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value that `field` must equal, for a look-up by it.
    #[must_use]
    pub fn required(&self, field: &str) -> Option<&str> {
        self.0.iter().filter(|condition| condition.field == field).find_map(|condition| {
            match &condition.wanted {
                Wanted::Equal(value) => Some(value.as_str()),
                Wanted::Other(_) => None,
            }
        })
    }

    /// Refuses fields that objects of `kind` are not selected by.
    ///
    /// # Errors
    /// The first such field, with those that are known.
    pub fn check(&self, kind: Kind) -> Result<(), FieldSelectorError> {
        let known = fields(kind);
        match self.0.iter().find(|condition| !known.contains(&condition.field.as_str())) {
            None => Ok(()),
            Some(condition) => {
                let list: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
                Err(FieldSelectorError::Unknown {
                    field: condition.field.clone(),
                    known: list.join(", "),
                })
            }
        }
    }
}

impl FromStr for FieldSelector {
    type Err = FieldSelectorError;

    fn from_str(text: &str) -> Result<Self, FieldSelectorError> {
        let parts = split(text);
        parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| condition(part))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Splits at commas that no backslash stands before.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == ',' && !escaped {
            parts.push(String::new());
            continue;
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

fn condition(part: &str) -> Result<Condition, FieldSelectorError> {
    let read = |field: &str, wanted| Condition { field: field.trim().to_owned(), wanted };
    if let Some((field, value)) = part.split_once("!=") {
        return Ok(read(field, Wanted::Other(unescaped(value))));
    }
    match part.split_once("==").or_else(|| part.split_once('=')) {
        Some((field, value)) => Ok(read(field, Wanted::Equal(unescaped(value)))),
        None => Err(FieldSelectorError::Syntax(part.to_owned())),
    }
}

fn unescaped(value: &str) -> String {
    let mut chars = value.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// Returns the fields that objects of `kind` are selected by.
fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        Kind::Job => &["metadata.name", "metadata.namespace", "status.successful"],
        Kind::Event => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Kind::Secret => &["metadata.name", "metadata.namespace", "type"],
        Kind::Namespace => &["metadata.name", "status.phase"],
        Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger => &["metadata.name", "metadata.namespace"],
    }
}

fn value(object: &Object, field: &str) -> Option<String> {
    match (object, field) {
        (_, "metadata.name") => object.metadata().name.clone(),
        (_, "metadata.namespace") => object.metadata().namespace.clone(),
        (Object::Pod(pod), _) => {
            let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
            match field {
                "spec.nodeName" => spec?.node_name.clone(),
                "spec.restartPolicy" => spec?.restart_policy.clone(),
                "spec.schedulerName" => spec?.scheduler_name.clone(),
                "spec.serviceAccountName" => spec?.service_account_name.clone(),
                "status.phase" => status?.phase.clone(),
                "status.podIP" => status?.pod_ip.clone(),
                "status.nominatedNodeName" => status?.nominated_node_name.clone(),
                _ => None,
            }
        }
        (Object::Job(job), "status.successful") => {
            let succeeded = job.status.as_ref().and_then(|status| status.succeeded);
            Some(succeeded.unwrap_or_default().to_string())
        }
        (Object::Event(event), _) => event_value(event, field),
        (Object::Secret(secret), "type") => secret.type_.clone(),
        (Object::Namespace(namespace), "status.phase") => namespace.status.as_ref()?.phase.clone(),
        _ => None,
    }
}

fn event_value(event: &Event, field: &str) -> Option<String> {
    let involved = &event.involved_object;
    match field {
        "involvedObject.kind" => involved.kind.clone(),
        "involvedObject.namespace" => involved.namespace.clone(),
        "involvedObject.name" => involved.name.clone(),
        "involvedObject.uid" => involved.uid.clone(),
        "involvedObject.apiVersion" => involved.api_version.clone(),
        "involvedObject.resourceVersion" => involved.resource_version.clone(),
        "involvedObject.fieldPath" => involved.field_path.clone(),
        "reason" => event.reason.clone(),
        "reportingComponent" => event.reporting_component.clone(),
        "source" => event
            .source
            .as_ref()
            .and_then(|source| source.component.clone())
            .or_else(|| event.reporting_component.clone()),
        "type" => event.type_.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pod() -> Object {
        let value =
            json!({"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Running"}});
        Object::from_value(Kind::Pod, &value).unwrap()
    }

    #[test]
    fn a_field_selector_selects_what_all_its_conditions_hold_for() {
        for (text, selected) in [
            ("", true),
            ("metadata.name=p", true),
            ("metadata.name==p,status.phase!=Failed", true),
            ("status.phase=Failed", false),
            ("metadata.name!=p", false),
            ("spec.nodeName=", true),
            ("metadata.name=a\\,b", false),
        ] {
            let selector: FieldSelector = text.parse().unwrap();
            assert_eq!(selector.matches(&pod()), selected, "{text}");
            assert_eq!(selector.check(Kind::Pod), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_finished_job_is_selected_by_its_successes() {
        let job = json!({"metadata": {"name": "j"}, "status": {"succeeded": 3}});
        let job = Object::from_value(Kind::Job, &job).unwrap();
        assert!("status.successful=3".parse::<FieldSelector>().unwrap().matches(&job));
    }

    #[test]
    fn an_unknown_field_is_refused_with_those_that_are_known() {
        let selector: FieldSelector = "spec.suspend=true".parse().unwrap();
        let error = selector.check(Kind::Job).unwrap_err().to_string();
        assert!(error.contains("status.successful"), "{error}");
        assert!("metadata.name".parse::<FieldSelector>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z.=!,\\\\é]{0,40}") {
            let _answer = text.parse::<FieldSelector>();
        }
    }
}
