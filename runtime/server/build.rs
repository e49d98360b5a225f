//! Makes the schemas of the served kinds, with Kubernetes' own documentation, out of k8s-openapi's: as
//! JSON, compressed, one file a group; those of this host's own kinds are written by hand, in `schemas`.
//! The text would otherwise be in the binary as it is.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use k8s_openapi::Resource;
use k8s_openapi::api::{authentication, authorization, batch, core, events};
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The most that the format knows: these files are written once and read often.
const COMPRESSION: u8 = 10;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=schemas/jobling.json");
    let directory = output();
    let mut schemas = Schemas::new();
    schemas.add::<core::v1::Namespace>();
    schemas.add::<core::v1::ServiceAccount>();
    schemas.add::<core::v1::ConfigMap>();
    schemas.add::<core::v1::Secret>();
    schemas.add::<core::v1::PersistentVolumeClaim>();
    schemas.add::<core::v1::Pod>();
    schemas.add::<core::v1::Event>();
    schemas.write(&directory, "core")?;
    let mut schemas = Schemas::new();
    schemas.add::<batch::v1::CronJob>();
    schemas.add::<batch::v1::Job>();
    schemas.write(&directory, "batch")?;
    let mut schemas = Schemas::new();
    schemas.add::<events::v1::Event>();
    schemas.write(&directory, "events")?;
    let mut schemas = Schemas::new();
    schemas.add::<authorization::v1::SelfSubjectAccessReview>();
    schemas.add::<authorization::v1::SelfSubjectRulesReview>();
    schemas.write(&directory, "authorization")?;
    let mut schemas = Schemas::new();
    schemas.add::<authentication::v1::SelfSubjectReview>();
    schemas.write(&directory, "authentication")?;
    let mut schemas = Schemas::new();
    schemas.generator.subschema_for::<batch::v1::JobTemplateSpec>();
    schemas.generator.subschema_for::<core::v1::SecretKeySelector>();
    schemas.own = serde_json::from_str(include_str!("schemas/jobling.json"))?;
    schemas.write(&directory, "jobling")
}

#[expect(clippy::disallowed_methods, reason = "a build script is told by cargo where it writes")]
fn output() -> PathBuf {
    env::var_os("OUT_DIR").map(PathBuf::from).expect("cargo names the directory")
}

/// The schemas of one group.
struct Schemas {
    generator: SchemaGenerator,
    /// The name of each kind's schema, and what the kind is.
    kinds: Vec<(String, Value)>,
    /// Those that are written by hand.
    own: Map<String, Value>,
}

impl Schemas {
    fn new() -> Self {
        // As the API server has it: a reference beside a description is wrapped in `allOf`.
        let settings = SchemaSettings::openapi3();
        Self { generator: settings.into_generator(), kinds: Vec::new(), own: Map::new() }
    }

    fn add<K: JsonSchema + Resource>(&mut self) {
        self.generator.subschema_for::<K>();
        let kind = json!({"group": K::GROUP, "version": K::VERSION, "kind": K::KIND});
        self.kinds.push((K::schema_name().into_owned(), kind));
    }

    fn write(mut self, directory: &Path, name: &str) -> io::Result<()> {
        let mut schemas = self.generator.take_definitions(true);
        for (schema, kind) in self.kinds {
            schemas[&schema]["x-kubernetes-group-version-kind"] = json!([kind]);
            // Of a kind itself nothing is required before it is sent: `explain` is not to say otherwise.
            schemas[&schema].as_object_mut().and_then(|schema| schema.remove("required"));
        }
        schemas.extend(self.own);
        let text = Value::Object(schemas).to_string();
        let compressed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), COMPRESSION);
        fs::write(directory.join(name).with_extension("json.deflate"), compressed)
    }
}
