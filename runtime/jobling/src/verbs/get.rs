//! `get`: objects as a table, as data or by a template; once, or with every change.

use serde_json::{Value, json};

use super::fetch::{self, Rows, Scope};
use super::manifests::targets_in;
use super::more_columns::{add_next_schedule, add_progress};
use super::target::{Target, targets};
use super::watch::Watch;
use super::{Exit, Failure};
use crate::args::{Filter, Get};
use crate::client::{Accept, ClientError, Resolver, Rest};
use crate::clock;
use crate::jsonpath::{JsonPath, relaxed};
use crate::output::Output;
use crate::print::{
    Columns, Format, FormatError, Headings, TablePrinter, TableStyle, json_text, list_of,
    sort_by_path, without_managed_fields, yaml_text,
};

/// Prints the objects that `args` name.
pub(crate) async fn get(args: &Get, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let format = args.output.as_deref().map_or(Ok(Format::Table), Format::parse)?;
    let targets = match args.files.filename.is_empty() {
        true => targets(&args.words, &Resolver::new(rest)).await?,
        false => targets_in(&args.files, rest)?,
    };
    if args.filter.selector.is_some() && targets.iter().any(|target| !target.names.is_empty()) {
        return Err(Failure::Usage(
            "selectors and the all flag cannot be used when passing resource/name arguments"
                .to_owned(),
        ));
    }
    let mut getter = Getter { args, rest, output, format, failed: Vec::new() };
    if args.watch || args.watch_only {
        return getter.watch(&targets).await;
    }
    if matches!(getter.format, Format::Table | Format::Wide) {
        getter.tables(&targets).await?;
    } else {
        getter.data(&targets).await?;
    }
    Ok(getter.outcome())
}

/// Whether one object was named, which then stands alone and in no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// One was.
    One,
    /// Several, or none.
    Any,
}

struct Getter<'a> {
    args: &'a Get,
    rest: &'a Rest,
    output: &'a mut Output,
    format: Format,
    failed: Vec<ClientError>,
}

impl Getter<'_> {
    /// What could not be read is said last, as kubectl does.
    fn outcome(self) -> Exit {
        let exit = if self.failed.is_empty() { Exit::Success } else { Exit::Failure };
        for error in self.failed {
            self.output.note(&Failure::from(error).to_string());
        }
        exit
    }

    async fn tables(&mut self, targets: &[Target]) -> Result<(), Failure> {
        let mut printed = 0;
        for target in targets {
            let mut table = self.table(target).await?;
            self.complete(&mut table, target);
            if let Some(path) = &self.args.sort_by {
                sort_rows(&mut table, path)?;
            }
            if table["rows"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            if printed > 0 {
                self.output.print("\n")?;
            }
            printed += 1;
            let text = TablePrinter::new(self.style(target, targets.len())).format(&table);
            self.output.print(&text)?;
        }
        if printed == 0 && self.failed.is_empty() && !self.args.ignore_not_found {
            self.say_nothing_found(targets);
        }
        Ok(())
    }

    fn say_nothing_found(&mut self, targets: &[Target]) {
        let anywhere = self.args.filter.all_namespaces
            || targets.iter().all(|target| !target.resource.namespaced);
        let text = if anywhere {
            "No resources found".to_owned()
        } else {
            format!("No resources found in {} namespace.", self.rest.namespace())
        };
        self.output.note(&text);
    }

    /// Returns the table of a target: of a list, or of the named objects one by one.
    async fn table(&mut self, target: &Target) -> Result<Value, Failure> {
        let rows = self.rows(target);
        if target.names.is_empty() {
            let scope = Scope::new(self.rest, &self.args.filter);
            let table =
                fetch::list(self.rest, &target.resource, &scope, Accept::Table, rows).await?;
            return Ok(table);
        }
        let mut whole = json!({"rows": []});
        for name in &target.names {
            let path = target.resource.object(target.namespace(self.rest), name);
            let query = rows.apply(crate::client::Query::default());
            match self.rest.get::<Value>(&path, &query, Accept::Table).await {
                Ok(mut table) => {
                    whole["columnDefinitions"] = table["columnDefinitions"].take();
                    if let (Some(all), Value::Array(more)) =
                        (whole["rows"].as_array_mut(), table["rows"].take())
                    {
                        all.extend(more);
                    }
                }
                Err(error) => self.missing(error)?,
            }
        }
        Ok(whole)
    }

    /// Returns how much of the objects the table of a target is made of.
    fn rows(&self, target: &Target) -> Rows {
        let sorts = self.args.sort_by.is_some();
        if sorts || self.is_wide("CronJob", target) { Rows::Objects } else { Rows::Metadata }
    }

    fn is_wide(&self, kind: &str, target: &Target) -> bool {
        matches!(self.format, Format::Wide) && target.resource.kind == kind
    }

    /// Adds what the server's table does not have.
    fn complete(&self, table: &mut Value, target: &Target) {
        if self.is_wide("CronJob", target) {
            add_next_schedule(table, clock::now());
        }
        if self.is_wide("Pod", target) && target.resource.group.is_empty() {
            add_progress(table);
        }
    }

    /// An object that is not there is said at the end; that there is no server, at once.
    fn missing(&mut self, error: ClientError) -> Result<(), Failure> {
        let ClientError::Status(status) = error else { return Err(error.into()) };
        if !(status.is("NotFound") && self.args.ignore_not_found) {
            self.failed.push(ClientError::Status(status));
        }
        Ok(())
    }

    async fn data(&mut self, targets: &[Target]) -> Result<(), Failure> {
        let mut objects = Vec::new();
        for target in targets {
            if target.names.is_empty() {
                let scope = Scope::new(self.rest, &self.args.filter);
                objects.extend(fetch::objects(self.rest, &target.resource, &scope).await?);
            }
            for name in &target.names {
                let path = target.resource.object(target.namespace(self.rest), name);
                match self.rest.read::<Value>(&path).await {
                    Ok(object) => objects.push(object),
                    Err(error) => self.missing(error)?,
                }
            }
        }
        if let Some(path) = &self.args.sort_by {
            sort_by_path(&mut objects, &sort_path(path)?)?;
        }
        if !self.args.show_managed_fields {
            objects = objects.into_iter().map(without_managed_fields).collect();
        }
        let one = match targets {
            [target] if target.names.len() == 1 => Named::One,
            _ => Named::Any,
        };
        self.print_objects(objects, one)
    }

    fn print_objects(&mut self, objects: Vec<Value>, one: Named) -> Result<(), Failure> {
        if one == Named::One && objects.is_empty() {
            return Ok(());
        }
        let text = match &self.format {
            Format::Name => objects.iter().map(|object| name_of(object) + "\n").collect(),
            Format::Columns(columns) => {
                let headings =
                    if self.args.no_headers { Headings::Hidden } else { Headings::Shown };
                columns.format(&objects, headings)
            }
            Format::Yaml => yaml_text(&whole(objects, one)),
            Format::JsonPath(path) => path.print(&whole(objects, one))?,
            Format::Json | Format::Table | Format::Wide => json_text(&whole(objects, one)),
        };
        self.output.print(&text)?;
        Ok(())
    }

    fn style(&self, target: &Target, kinds: usize) -> TableStyle {
        let prefix = format!("{}/", target.resource.qualified());
        TableStyle {
            columns: if matches!(self.format, Format::Wide) {
                Columns::Wide
            } else {
                Columns::Narrow
            },
            with_namespace: self.args.filter.all_namespaces && target.resource.namespaced,
            name_prefix: if kinds > 1 { prefix } else { String::new() },
            show_labels: self.args.show_labels,
            label_columns: self.args.label_columns.clone(),
            no_headers: self.args.no_headers,
        }
    }

    /// Prints what is there, then every change, until the server ends the watch.
    async fn watch(mut self, targets: &[Target]) -> Result<Exit, Failure> {
        let [target] = targets else {
            return Err(Failure::Usage("you may only specify a single resource type".to_owned()));
        };
        let mut filter = self.args.filter.clone();
        if let [name] = target.names.as_slice() {
            select_name(&mut filter, name);
        } else if !target.names.is_empty() {
            return Err(Failure::Usage(
                "watch is only supported on individual resources and resource collections"
                    .to_owned(),
            ));
        }
        let as_table = matches!(self.format, Format::Table | Format::Wide);
        let accept = if as_table { Accept::Table } else { Accept::Json };
        let mut printer = TablePrinter::new(self.style(target, 1));
        let scope = Scope::new(self.rest, &filter);
        let path = target.resource.collection(scope.namespace);
        let rows = self.rows(target);
        let mut list = fetch::list(self.rest, &target.resource, &scope, accept, rows).await?;
        self.complete(&mut list, target);
        if !self.args.watch_only {
            if as_table {
                let has_rows = list["rows"].as_array().is_some_and(|rows| !rows.is_empty());
                if has_rows {
                    self.output.print(&printer.format(&list))?;
                }
            } else {
                for object in list["items"].as_array().into_iter().flatten() {
                    self.print_change(object.clone())?;
                }
            }
        }
        let revision = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let query = rows.apply(scope.query().with("resourceVersion", revision));
        let mut watch = Watch::open(self.rest, &path, query, accept).await?;
        while let Some(mut event) = watch.next().await? {
            if as_table {
                self.complete(&mut event.object, target);
                self.output.print(&printer.format(&event.object))?;
            } else {
                self.print_change(event.object)?;
            }
        }
        Ok(Exit::Success)
    }

    fn print_change(&mut self, object: Value) -> Result<(), Failure> {
        let object = match self.args.show_managed_fields {
            true => object,
            false => without_managed_fields(object),
        };
        if matches!(self.format, Format::Yaml) {
            self.output.print("---\n")?;
        }
        self.print_objects(vec![object], Named::One)
    }
}

/// Returns the one object that was named, or the list of all.
fn whole(mut objects: Vec<Value>, one: Named) -> Value {
    match one {
        Named::One => objects.pop().unwrap_or_default(),
        Named::Any => list_of(objects),
    }
}

fn select_name(filter: &mut Filter, name: &str) {
    let by_name = format!("metadata.name={name}");
    filter.field_selector = Some(match filter.field_selector.take() {
        Some(given) => format!("{given},{by_name}"),
        None => by_name,
    });
}

/// Returns `job.batch/NAME`.
pub(super) fn name_of(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["apiVersion"].as_str().and_then(|version| version.split_once('/')) {
        Some((group, _)) => format!("{kind}.{group}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

fn sort_path(path: &str) -> Result<JsonPath, Failure> {
    JsonPath::parse(&relaxed(path))
        .map_err(|source| FormatError::JsonPath { template: path.to_owned(), source }.into())
}

fn sort_rows(table: &mut Value, path: &str) -> Result<(), Failure> {
    let Some(rows) = table["rows"].as_array_mut() else { return Ok(()) };
    let mut objects: Vec<Value> = rows
        .iter_mut()
        .map(|row| {
            let mut object = row["object"].take();
            object["jobling.row"] = row.take();
            object
        })
        .collect();
    sort_by_path(&mut objects, &sort_path(path)?)?;
    *rows = objects
        .into_iter()
        .map(|mut object| {
            let mut row = object["jobling.row"].take();
            row["object"] = object;
            row
        })
        .collect();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_kind_and_group() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}});
        assert_eq!(name_of(&job), "job.batch/x");
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "y"}});
        assert_eq!(name_of(&pod), "pod/y");
    }

    #[test]
    fn rows_are_sorted_by_what_their_objects_have() {
        let row = |name: &str, n: i64| json!({"cells": [name], "object": {"status": {"n": n}}});
        let mut table = json!({"rows": [row("b", 10), row("a", 9), row("c", 1)]});
        sort_rows(&mut table, "status.n").unwrap();
        let names: Vec<&str> = table["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["cells"][0].as_str().unwrap())
            .collect();
        assert_eq!(names, ["c", "a", "b"]);
    }
}
