//! Objects to the bytes of an answer, in the shape and the API group that the client asked for.

use http::StatusCode;
use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer};
use crate::events;
use crate::media::{IncludeObject, Shape};
use crate::route::{Absent, GroupVersion, Resource};
use crate::table;

const META: &str = "meta.k8s.io/v1";

/// How a client wants objects written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoder {
    /// Of which kind and group they are.
    pub(crate) resource: Resource,
    /// The shape.
    pub(crate) shape: Shape,
}

/// What a list says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListMeta {
    /// As of when it is.
    pub(crate) revision: u64,
    /// How its next page is asked for.
    pub(crate) next: Option<String>,
}

/// Whether a table tells its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// With the columns.
    Shown,
    /// Rows only: later events of a watch.
    Hidden,
}

impl Encoder {
    /// Returns the answer for one object.
    pub(crate) fn item(self, object: &Object, now: Timestamp) -> Vec<u8> {
        self.event_object(object, now, Head::Shown)
    }

    /// Returns one object as it goes into a watch's event.
    pub(crate) fn event_object(self, object: &Object, now: Timestamp, head: Head) -> Vec<u8> {
        match self.shape {
            Shape::Whole if self.resource.group != GroupVersion::Events => object.to_json(),
            Shape::Whole | Shape::Partial => self.value(object).to_string().into_bytes(),
            Shape::Table(include) => {
                let revision = object.metadata().resource_version.clone();
                let meta = json!({"resourceVersion": revision.unwrap_or_default()});
                self.table(&[object], &meta, include, now, head)
            }
        }
    }

    /// Returns the answer for a list of objects.
    pub(crate) fn list(self, objects: &[Object], meta: &ListMeta, now: Timestamp) -> Vec<u8> {
        let mut metadata = json!({"resourceVersion": meta.revision.to_string()});
        if let Some(next) = &meta.next {
            metadata["continue"] = json!(next);
        }
        let (kind, api_version) = match self.shape {
            Shape::Whole => {
                (format!("{}List", self.resource.kind.name()), self.resource.group.api_version())
            }
            Shape::Partial => ("PartialObjectMetadataList".to_owned(), META.to_owned()),
            Shape::Table(include) => {
                let objects: Vec<&Object> = objects.iter().collect();
                return self.table(&objects, &metadata, include, now, Head::Shown);
            }
        };
        let head = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
        let mut text = head.to_string().into_bytes();
        // The list is written object by object: a tree of all of them would be several times its size.
        text.pop();
        text.extend_from_slice(b",\"items\":[");
        for (at, object) in objects.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.append(&mut self.item(object, now));
        }
        text.extend_from_slice(b"]}");
        text
    }

    /// Returns the object that a bookmark carries: how far the watch is, and nothing else.
    pub(crate) fn bookmark(self, revision: u64, annotations: &Map<String, Value>) -> Vec<u8> {
        let mut metadata =
            json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if !annotations.is_empty() {
            metadata["annotations"] = json!(annotations);
        }
        let mut object = json!({
            "kind": self.resource.kind.name(),
            "apiVersion": self.resource.group.api_version(),
            "metadata": metadata,
        });
        match self.shape {
            Shape::Whole => {}
            Shape::Partial => {
                object["kind"] = json!("PartialObjectMetadata");
                object["apiVersion"] = json!(META);
            }
            Shape::Table(_) => {
                object["kind"] = json!("Table");
                object["apiVersion"] = json!(META);
                object["columnDefinitions"] = Value::Null;
                object["rows"] = json!([]);
            }
        }
        object.to_string().into_bytes()
    }

    fn value(self, object: &Object) -> Value {
        match self.shape {
            Shape::Partial => partial(object),
            Shape::Whole | Shape::Table(_) => self.whole(object),
        }
    }

    fn whole(self, object: &Object) -> Value {
        match (self.resource.group, object.kind()) {
            (GroupVersion::Events, Kind::Event) => events::from_core(object.to_value()),
            _ => object.to_value(),
        }
    }

    fn table(
        self,
        objects: &[&Object],
        metadata: &Value,
        include: IncludeObject,
        now: Timestamp,
        head: Head,
    ) -> Vec<u8> {
        let rows = objects.iter().map(|object| {
            let row = table::row(object, now);
            let mut value = json!({"cells": row.cells, "object": match include {
                IncludeObject::None => Value::Null,
                IncludeObject::Metadata => partial(object),
                IncludeObject::Object => self.whole(object),
            }});
            if !row.conditions.is_empty() {
                value["conditions"] = json!(row.conditions);
            }
            value
        });
        let columns = table::columns(self.resource.kind).iter().map(|column| column.to_value());
        let columns = match head {
            Head::Shown => columns.collect(),
            Head::Hidden => Value::Null,
        };
        let table = json!({
            "kind": "Table",
            "apiVersion": META,
            "metadata": metadata,
            "columnDefinitions": columns,
            "rows": rows.collect::<Vec<_>>(),
        });
        table.to_string().into_bytes()
    }
}

/// Returns the answer for a list of a kind that this host never holds.
pub(crate) fn nothing(absent: Absent, shape: Shape, revision: u64) -> Answer {
    let (kind, api_version) = match shape {
        Shape::Whole => (format!("{}List", absent.kind), absent.group.api_version()),
        Shape::Partial => ("PartialObjectMetadataList".to_owned(), META.to_owned()),
        Shape::Table(_) => ("Table".to_owned(), META.to_owned()),
    };
    let mut list = json!({
        "kind": kind,
        "apiVersion": api_version,
        "metadata": {"resourceVersion": revision.to_string()},
    });
    match shape {
        Shape::Whole | Shape::Partial => list["items"] = json!([]),
        Shape::Table(_) => {
            let column = json!({"name": "Name", "type": "string", "format": "name",
                "description": "", "priority": 0});
            list["columnDefinitions"] = json!([column]);
            list["rows"] = json!([]);
        }
    }
    answer::value(StatusCode::OK, &list)
}

fn partial(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": META,
        "metadata": object.metadata(),
    })
}
