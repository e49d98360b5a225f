//! What `apply`, `create` and `delete -f` have in common: a manifest's object as a request, and the
//! answer as kubectl prints it.

use serde_json::Value;

use super::Failure;
use super::get::name_of;
use super::image::import_file;
use super::target::Target;
use crate::args::{DryRunArg, Files, ImageFile, OutputName};
use crate::client::{ClientError, Query, Resource, Rest, StatusError};
use crate::manifest::{self, Manifest, name_image_files};
use crate::output::Output;
use crate::print::{json_text, without_managed_fields, yaml_text};

/// The annotation in which kubectl keeps what was last applied.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object of a manifest, ready to be sent.
pub(super) struct Prepared {
    /// Where it is from.
    pub(super) manifest: Manifest,
    /// Its kind.
    pub(super) resource: Resource,
    /// Its namespace.
    pub(super) namespace: String,
    /// The object, its namespace filled in.
    pub(super) object: Value,
    /// Modules that its images name by their paths.
    files: Vec<ImageFile>,
}

impl Prepared {
    /// Returns the object's name; empty where the server is to make one.
    pub(super) fn name(&self) -> &str {
        &self.manifest.document.name
    }

    /// Sends the modules along that its images name by their paths.
    pub(super) async fn send_modules(&self, rest: &Rest) -> Result<(), Failure> {
        for ImageFile { name, file } in &self.files {
            import_file(name, file, rest).await?;
        }
        Ok(())
    }

    /// Returns what was wrong with it, with the lines of the fields that the server named.
    pub(super) fn refused(&self, error: ClientError, doing: &str) -> Failure {
        let ClientError::Status(status) = error else { return error.into() };
        let file = &self.manifest.file;
        let text = if status.is("Invalid") {
            status.to_string()
        } else {
            let message = format!("error when {doing} \"{file}\": {}", status.message);
            StatusError { message, ..*status.clone() }.to_string()
        };
        let places = status
            .causes
            .iter()
            .map(|(field, _)| format!("\n  {}: {field}", self.manifest.place_of(field)));
        Failure::Refused(text + &places.collect::<String>())
    }
}

/// Returns every object of `files`, once all of them were read and found right.
pub(super) fn prepare(files: &Files, rest: &Rest) -> Result<Vec<Prepared>, Failure> {
    manifest::read(files)?.into_iter().map(|manifest| prepared(manifest, rest)).collect()
}

fn prepared(manifest: Manifest, rest: &Rest) -> Result<Prepared, Failure> {
    let document = &manifest.document;
    let resource = Resource::from(document.kind);
    let own = document.namespace.as_deref().filter(|own| !own.is_empty());
    if let (Some(own), Some(given)) = (own, rest.given_namespace())
        && resource.namespaced
        && own != given
    {
        return Err(Failure::Usage(format!(
            "the namespace from the provided object \"{own}\" does not match the namespace \
             \"{given}\". You must pass '--namespace={own}' to perform this operation."
        )));
    }
    let namespace = own.unwrap_or_else(|| rest.namespace()).to_owned();
    let mut object = document.value.clone();
    if resource.namespaced {
        object["metadata"]["namespace"] = Value::from(namespace.clone());
    }
    let files = name_image_files(&mut object, &manifest.directory);
    for ImageFile { file, .. } in &files {
        std::fs::File::open(file).map_err(|why| {
            let place = manifest.place_of("spec.template.spec.containers");
            Failure::Usage(format!("{place}: the module {} cannot be read: {why}", file.display()))
        })?;
    }
    Ok(Prepared { manifest, resource, namespace, object, files })
}

/// Returns the objects of `files` by their names, for the verbs that read or delete them.
pub(super) fn targets_in(files: &Files, rest: &Rest) -> Result<Vec<Target>, Failure> {
    let targets = prepare(files, rest)?.into_iter().map(|prepared| Target {
        names: vec![prepared.name().to_owned()],
        resource: prepared.resource,
        own_namespace: Some(prepared.namespace),
    });
    Ok(targets.collect())
}

/// Returns the object with what `apply` needs to know the next time: itself, in an annotation.
pub(super) fn with_last_applied(object: &Value) -> Value {
    let mut kept = object.clone();
    if !kept["metadata"]["annotations"].is_object() {
        kept["metadata"]["annotations"] = Value::Object(serde_json::Map::new());
    }
    if let Some(annotations) = kept["metadata"]["annotations"].as_object_mut() {
        annotations.remove(LAST_APPLIED);
    }
    let text = format!("{kept}\n");
    kept["metadata"]["annotations"][LAST_APPLIED] = Value::from(text);
    kept
}

/// Returns what the object was when it was last applied.
pub(super) fn last_applied(object: &Value) -> Option<Value> {
    serde_json::from_str(object["metadata"]["annotations"][LAST_APPLIED].as_str()?).ok()
}

/// Returns the query of a change: who makes it, and whether it is carried out.
pub(super) fn change_query(manager: &str, dry_run: DryRunArg) -> Query {
    let query = Query::default().with("fieldManager", manager).with("fieldValidation", "Strict");
    query.with_some("dryRun", (dry_run == DryRunArg::Server).then_some("All"))
}

/// What a change is reported with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    /// The form.
    pub(super) output: Option<OutputName>,
    /// Whether it was carried out.
    pub(super) dry_run: DryRunArg,
}

impl Report {
    /// Prints `job.batch/NAME VERB`, or the object in the form that is wanted.
    pub(super) fn print(
        self,
        object: &Value,
        verb: &str,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let note = match self.dry_run {
            DryRunArg::None => "",
            DryRunArg::Server => " (server dry run)",
            DryRunArg::Client => " (dry run)",
        };
        let text = match self.output {
            None => format!("{} {verb}{note}\n", name_of(object)),
            Some(OutputName::Name) => format!("{}\n", name_of(object)),
            Some(OutputName::Json) => json_text(&without_managed_fields(object.clone())),
            Some(OutputName::Yaml) => yaml_text(&without_managed_fields(object.clone())),
        };
        output.print(&text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_applied_can_be_read_back_without_the_annotation() {
        let object = json!({"metadata": {"name": "x", "annotations": {"a": "1"}}});
        let kept = with_last_applied(&object);
        assert_eq!(last_applied(&kept), Some(object.clone()));
        assert_eq!(last_applied(&with_last_applied(&kept)), Some(object));
        assert_eq!(last_applied(&json!({"metadata": {}})), None);
    }
}
