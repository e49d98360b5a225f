//! Reads what `jobling run -o json` says: the Jobs and their Pods as the API gives them.

use std::ffi::OsString;
use std::path::Path;

use harness::jobling;
use serde_json::Value;

/// What became of Jobs and their pods.
pub(crate) struct Outcome {
    /// `run`'s exit code.
    pub(crate) code: i32,
    /// What pods printed, and the summary.
    pub(crate) stderr: String,
    items: Vec<Value>,
}

/// Runs `jobling run -o json` in `directory`, with these modules behind these image names, and with `options`.
#[track_caller]
pub(crate) fn run(
    directory: &Path,
    paths: &[&Path],
    images: &[(&str, &Path)],
    options: &[&str],
) -> Outcome {
    let mut arguments: Vec<OsString> = ["run", "-o", "json"].map(OsString::from).to_vec();
    arguments.extend(options.iter().map(OsString::from));
    arguments.extend(paths.iter().map(OsString::from));
    for (name, module) in images {
        let mut image = OsString::from(format!("{name}="));
        image.push(module);
        arguments.extend(["--image".into(), image]);
    }
    let output = jobling(directory, arguments);
    let items = output.json()["items"].as_array().cloned();
    let items = items.unwrap_or_else(|| panic!("there are no items\n{output}"));
    Outcome { code: output.code, stderr: output.stderr, items }
}

impl Outcome {
    /// Returns the Job `name`.
    #[track_caller]
    pub(crate) fn job(&self, name: &str) -> &Value {
        let mut jobs = self.items.iter().filter(|item| item["kind"] == "Job");
        let job = jobs.find(|job| job["metadata"]["name"] == name);
        job.unwrap_or_else(|| panic!("there is no Job {name}\n{}", self.stderr))
    }

    /// Returns the pods of the Job `name`.
    pub(crate) fn pods(&self, name: &str) -> Vec<&Value> {
        let pods = self.items.iter().filter(|item| item["kind"] == "Pod");
        pods.filter(|pod| pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == name)
            .collect()
    }

    /// Returns the Job's result in a line: `Complete`, or `Failed REASON`.
    pub(crate) fn result(&self, name: &str) -> String {
        let conditions = self.job(name)["status"]["conditions"].as_array();
        let terminal = conditions.into_iter().flatten().find(|condition| {
            condition["status"] == "True"
                && ["Complete", "Failed"].contains(&text(&condition["type"]))
        });
        match terminal {
            Some(condition) if condition["type"] == "Failed" => {
                format!("Failed {}", text(&condition["reason"]))
            }
            Some(condition) => text(&condition["type"]).to_owned(),
            None => "unfinished".to_owned(),
        }
    }

    /// Returns how the first container of each of the Job's pods ended: `CODE REASON`, or why it waits.
    pub(crate) fn endings(&self, name: &str) -> Vec<String> {
        self.pods(name).into_iter().map(ending).collect()
    }
}

fn ending(pod: &Value) -> String {
    let state = &pod["status"]["containerStatuses"][0]["state"];
    match (&state["terminated"], &state["waiting"]) {
        (Value::Object(ended), _) => {
            format!("{} {}", ended["exitCode"], text(&ended["reason"]))
        }
        (_, Value::Object(waiting)) => format!("waiting {}", text(&waiting["reason"])),
        _ => pod["status"].to_string(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
