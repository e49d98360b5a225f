//! Reading objects of a kind: all pages of a list, in the form that is wanted.

use serde_json::Value;

use crate::args::Filter;
use crate::client::{Accept, ClientError, Query, Resource, Rest};

/// kubectl's page size.
const PAGE: &str = "500";

/// Which objects of a kind are read.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// The namespace; `None` for all.
    pub(super) namespace: Option<&'a str>,
    /// Labels and fields.
    pub(super) filter: &'a Filter,
}

impl<'a> Scope<'a> {
    /// Returns the scope of `filter` in the namespace that `rest` means.
    pub(super) fn new(rest: &'a Rest, filter: &'a Filter) -> Self {
        Self { namespace: (!filter.all_namespaces).then(|| rest.namespace()), filter }
    }

    /// Returns the selectors as a query.
    pub(super) fn query(&self) -> Query {
        Query::default()
            .with_some("labelSelector", self.filter.selector.as_deref())
            .with_some("fieldSelector", self.filter.field_selector.as_deref())
    }
}

/// Whether a table's rows carry their whole objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Only their metadata.
    Metadata,
    /// The whole.
    Objects,
}

impl Rows {
    pub(super) fn apply(self, query: Query) -> Query {
        match self {
            Self::Metadata => query,
            Self::Objects => query.with("includeObject", "Object"),
        }
    }
}

/// Returns the list of `resource` in `scope`, every page of it in one.
pub(super) async fn list(
    rest: &Rest,
    resource: &Resource,
    scope: &Scope<'_>,
    accept: Accept,
    rows: Rows,
) -> Result<Value, ClientError> {
    let path = resource.collection(scope.namespace);
    let query = rows.apply(scope.query().with("limit", PAGE));
    let mut whole: Value = rest.get(&path, &query, accept).await?;
    while let Some(next) = continuation(&whole) {
        let page: Value = rest.get(&path, &query.clone().with("continue", next), accept).await?;
        append(&mut whole, page);
    }
    Ok(whole)
}

/// Returns the objects of `resource` in `scope`, each with its `apiVersion` and `kind`.
pub(super) async fn objects(
    rest: &Rest,
    resource: &Resource,
    scope: &Scope<'_>,
) -> Result<Vec<Value>, ClientError> {
    let mut whole = list(rest, resource, scope, Accept::Json, Rows::Metadata).await?;
    let items = whole["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    Ok(items.into_iter().map(|item| with_type(item, resource)).collect())
}

/// A list's items leave out their kind, which the list says.
fn with_type(mut item: Value, resource: &Resource) -> Value {
    if item.get("kind").is_none() {
        item["apiVersion"] = resource.api_version().into();
        item["kind"] = resource.kind.clone().into();
    }
    item
}

fn continuation(list: &Value) -> Option<String> {
    list["metadata"]["continue"].as_str().filter(|next| !next.is_empty()).map(str::to_owned)
}

fn append(whole: &mut Value, mut page: Value) {
    for part in ["items", "rows"] {
        if let (Some(all), Value::Array(more)) = (whole[part].as_array_mut(), page[part].take()) {
            all.extend(more);
        }
    }
    whole["metadata"] = page["metadata"].take();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_become_one_list() {
        let mut whole = json!({"metadata": {"continue": "x", "resourceVersion": "5"}, "rows": [1]});
        assert_eq!(continuation(&whole).as_deref(), Some("x"));
        append(&mut whole, json!({"metadata": {"resourceVersion": "5"}, "rows": [2, 3]}));
        assert_eq!(whole["rows"], json!([1, 2, 3]));
        assert_eq!(continuation(&whole), None);
    }
}
