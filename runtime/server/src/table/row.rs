//! Which columns a kind has, and the row of one object.

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use super::{cron_job, data, event, http_trigger, job, pod};

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its head.
    pub(crate) name: &'static str,
    /// `string`, `integer` or `date`.
    pub(crate) kind: &'static str,
    /// `name` for the column that names the object.
    pub(crate) format: &'static str,
    /// 0 for what is always printed, 1 for what `-o wide` adds.
    pub(crate) priority: i32,
}

impl Column {
    /// Returns the column of the object's name.
    pub(super) const fn name() -> Self {
        Self { format: "name", ..Self::text("Name") }
    }

    /// Returns a column of text.
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: "string", format: "", priority: 0 }
    }

    /// Returns a column of whole numbers.
    pub(super) const fn integer(name: &'static str) -> Self {
        Self { kind: "integer", ..Self::text(name) }
    }

    /// Returns a column that only `-o wide` prints.
    pub(super) const fn wide(name: &'static str) -> Self {
        Self { priority: 1, ..Self::text(name) }
    }

    /// Returns the column as a Table has it.
    #[must_use]
    pub(crate) fn to_value(self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": "",
            "priority": self.priority,
        })
    }
}

/// An object's cells, one for each of its kind's columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The cells.
    pub(crate) cells: Vec<Value>,
    /// What the row as a whole says, such as that the pod has ended.
    pub(crate) conditions: Vec<Value>,
}

impl Row {
    pub(super) const fn new(cells: Vec<Value>) -> Self {
        Self { cells, conditions: Vec::new() }
    }
}

/// Returns the columns of a kind.
#[must_use]
pub(crate) const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Job => &job::COLUMNS,
        Kind::CronJob => &cron_job::COLUMNS,
        Kind::HTTPTrigger => &http_trigger::COLUMNS,
        Kind::Pod => &pod::COLUMNS,
        Kind::Event => &event::COLUMNS,
        Kind::ConfigMap => &data::CONFIG_MAP,
        Kind::Secret => &data::SECRET,
        Kind::PersistentVolumeClaim => &data::CLAIM,
        Kind::Namespace => &data::NAMESPACE,
        Kind::ServiceAccount => &data::SERVICE_ACCOUNT,
    }
}

/// Returns the row of `object`; ages are those at `now`.
#[must_use]
pub(crate) fn row(object: &Object, now: Timestamp) -> Row {
    match object {
        Object::Job(job) => job::row(job, now),
        Object::CronJob(cron_job) => cron_job::row(cron_job, now),
        Object::HTTPTrigger(trigger) => http_trigger::row(trigger, now),
        Object::Pod(pod) => pod::row(pod, now),
        Object::Event(event) => event::row(event, now),
        Object::ConfigMap(map) => data::config_map(map, now),
        Object::Secret(secret) => data::secret(secret, now),
        Object::PersistentVolumeClaim(claim) => data::claim(claim, now),
        Object::Namespace(namespace) => data::namespace(namespace, now),
        Object::ServiceAccount(account) => data::service_account(account, now),
    }
}

/// Returns the names and the images of containers, each list as one cell.
pub(super) fn container_cells(containers: &[Container]) -> (String, String) {
    let names: Vec<&str> = containers.iter().map(|one| one.name.as_str()).collect();
    let images: Vec<&str> =
        containers.iter().map(|one| one.image.as_deref().unwrap_or_default()).collect();
    (names.join(","), images.join(","))
}

/// Returns a selector as kubectl writes it: `a=b,c in (d,e),!f`, by key; `<none>` where it is empty.
pub(super) fn selector_cell(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "<none>".to_owned() };
    let labels = selector.match_labels.iter().flatten();
    let mut parts: Vec<(&str, String)> =
        labels.map(|(key, value)| (key.as_str(), format!("{key}={value}"))).collect();
    for expression in selector.match_expressions.iter().flatten() {
        let key = expression.key.as_str();
        let mut values = expression.values.clone().unwrap_or_default();
        values.sort();
        let values = values.join(",");
        parts.push((
            key,
            match expression.operator.as_str() {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "DoesNotExist" => format!("!{key}"),
                _ => key.to_owned(),
            },
        ));
    }
    parts.sort_by_key(|(key, _)| *key);
    let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    if parts.is_empty() { "<none>".to_owned() } else { parts.join(",") }
}

/// Returns `text`, or `otherwise` where it is empty or not set.
pub(super) fn or(text: Option<&str>, otherwise: &str) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// 2026-11-23 10:00:00 UTC.
    pub(in super::super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_428_000);

    /// Returns the RFC 3339 text of the moment `seconds` before [`NOW`].
    pub(in super::super) fn ago(seconds: i64) -> String {
        Timestamp::from_unix_seconds(NOW.unix_seconds() - seconds).to_string()
    }

    /// Returns the cells of an object as kubectl lays them out, divided by bars.
    pub(in super::super) fn printed(kind: Kind, value: Value) -> String {
        let object = Object::from_value(kind, &value).unwrap();
        let row = row(&object, NOW);
        assert_eq!(row.cells.len(), columns(kind).len(), "a cell for each column");
        let text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        row.cells.iter().map(text).collect::<Vec<_>>().join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_one_cell_in_the_order_of_its_keys() {
        for (selector, text) in [
            (json!({}), "<none>"),
            (json!({"matchLabels": {"b": "1", "a": "2"}}), "a=2,b=1"),
            (
                json!({
                    "matchLabels": {"b": "1"},
                    "matchExpressions": [
                        {"key": "c", "operator": "NotIn", "values": ["z", "y"]},
                        {"key": "a", "operator": "DoesNotExist"},
                        {"key": "d", "operator": "Exists"},
                    ],
                }),
                "!a,b=1,c notin (y,z),d",
            ),
        ] {
            let selector: LabelSelector = serde_json::from_value(selector).unwrap();
            assert_eq!(selector_cell(Some(&selector)), text);
        }
        assert_eq!(selector_cell(None), "<none>");
    }
}
