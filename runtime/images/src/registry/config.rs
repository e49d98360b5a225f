//! An image's configuration: how its program is started, and which file of its layers that is. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::failure::{PullError, harmless};
use super::layer::{FilePath, LayerError};
use super::manifest::ManifestError;
use crate::Entry;

/// An image's configuration, as far as it means something here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    architecture: String,
    os: String,
    #[serde(rename = "config")]
    run: Option<Run>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Run {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

impl Config {
    pub(super) fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        serde_json::from_slice(text).map_err(|error| ManifestError::Malformed {
            why: format!("its configuration: {}", harmless(&error.to_string())),
        })
    }

    /// Returns how the image is started where a manifest does not say it.
    pub(super) fn entry(&self) -> Entry {
        let Some(run) = &self.run else { return Entry::default() };
        let pair = |text: &String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Entry {
            entrypoint: run.entrypoint.clone().unwrap_or_default(),
            cmd: run.cmd.clone().unwrap_or_default(),
            env: run.env.iter().flatten().filter_map(pair).collect(),
            labels: run.labels.clone().unwrap_or_default(),
        }
    }

    /// Returns the file of the layers that is run: the first word of the entrypoint, or of the command
    /// where there is none.
    pub(super) fn program(&self) -> Result<FilePath, PullError> {
        let run = self.run.as_ref().ok_or(ManifestError::NoEntrypoint)?;
        let words = run.entrypoint.iter().chain(&run.cmd).find(|words| !words.is_empty());
        let program = words.and_then(|words| words.first()).ok_or(ManifestError::NoEntrypoint)?;
        let is_wasm = std::path::Path::new(program).extension().is_some_and(|e| e == "wasm");
        if !is_wasm && !self.architecture.starts_with("wasm") {
            let platform = harmless(&format!("{}/{}", self.os, self.architecture));
            return Err(ManifestError::Native { platform, program: harmless(program) }.into());
        }
        let directory = run.working_dir.as_deref().unwrap_or_default();
        let whole = if program.starts_with('/') {
            program.trim_start_matches('/').to_owned()
        } else {
            format!("{}/{program}", directory.trim_start_matches('/'))
        };
        let whole = whole.trim_start_matches('/');
        let escapes = || LayerError::Escapes { path: harmless(program) };
        Ok(FilePath::parse(whole.as_bytes()).ok_or_else(escapes)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_program_is_the_entrypoints_first_word_else_the_commands() {
        for (config, expected) in [
            (json!({"Entrypoint": ["/app.wasm", "-v"]}), "app.wasm"),
            (json!({"Entrypoint": ["app.wasm"], "WorkingDir": "/opt/x"}), "opt/x/app.wasm"),
            (json!({"Entrypoint": ["./app.wasm"], "WorkingDir": "/"}), "app.wasm"),
            (json!({"Entrypoint": [], "Cmd": ["/a/b.wasm"]}), "a/b.wasm"),
            (json!({"Entrypoint": null, "Cmd": ["/b.wasm"]}), "b.wasm"),
            (json!({"Entrypoint": ["/bin/sh"]}), "linux/amd64 that runs /bin/sh"),
            (json!({"Entrypoint": ["/../app.wasm"]}), "leads out"),
            (json!({}), "no entrypoint"),
            (Value::Null, "no entrypoint"),
        ] {
            let text = json!({"architecture": "amd64", "os": "linux", "config": config.clone()});
            let found = match Config::parse(text.to_string().as_bytes()).unwrap().program() {
                Ok(path) => path.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(found.contains(expected), "{config}: {found}");
        }
    }

    #[test]
    fn an_image_for_wasm_may_call_its_program_as_it_likes() {
        let text =
            r#"{"architecture": "wasm", "os": "wasip1", "config": {"Entrypoint": ["/tool"]}}"#;
        assert_eq!(Config::parse(text.as_bytes()).unwrap().program().unwrap().to_string(), "tool");
    }

    #[test]
    fn what_the_image_sets_is_kept() {
        let text = json!({"config": {"Entrypoint": ["/a.wasm"], "Cmd": ["serve"],
            "Env": ["PATH=/bin:/usr/bin", "nonsense", "A=b=c"], "Labels": {"colour": "red"}}});
        let entry = Config::parse(text.to_string().as_bytes()).unwrap().entry();
        assert_eq!((entry.entrypoint, entry.cmd), (vec!["/a.wasm".into()], vec!["serve".into()]));
        let env = [("PATH", "/bin:/usr/bin"), ("A", "b=c")];
        assert_eq!(entry.env, env.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(entry.labels["colour"], "red");
    }
}
