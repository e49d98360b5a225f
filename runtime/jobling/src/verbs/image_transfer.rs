//! `image pull` and `image push`: an order to the daemon, and a bar on a terminal for as long as it takes.

use std::path::Path;

use futures::AsyncBufReadExt;
use indicatif::{ProgressBar, ProgressStyle};
use jobling_images::Reference;
use serde_json::{Value, json};

use super::image::path_of;
use super::{Exit, Failure};
use crate::args::{ImagePull, ImagePush, RegistryWay};
use crate::client::{ClientError, Rest, StatusError};
use crate::environment;
use crate::output::{Output, Sink};
use crate::start::docker_config;

/// The longest line that a daemon may answer with.
const LINE_BYTES: usize = 1 << 20;

/// Has the daemon pull an image.
pub(super) async fn pull(
    args: &ImagePull,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let order = order(&args.way, &args.name, output)?;
    let end = follow(&format!("{}/pull", path_of(&args.name)), &order, rest, output).await?;
    let image = &end["image"];
    let name = image["metadata"]["name"].as_str().unwrap_or(&args.name);
    let digest = image["status"]["digest"].as_str().unwrap_or_default();
    let done = if end["unchanged"] == json!(true) { "is up to date" } else { "pulled" };
    let format = image["status"]["format"].as_str().unwrap_or("module");
    output.line(&format!("image/{name} {done}: {format} {digest}"))?;
    Ok(Exit::Success)
}

/// Has the daemon push an image.
pub(super) async fn push(
    args: &ImagePush,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let remote = args.remote.as_ref().unwrap_or(&args.name);
    let mut order = order(&args.way, remote, output)?;
    order["remote"] = json!(remote);
    order["format"] = json!(args.format.as_str());
    let end = follow(&format!("{}/push", path_of(&args.name)), &order, rest, output).await?;
    let name = end["pushed"]["name"].as_str().unwrap_or(remote);
    let digest = end["pushed"]["digest"].as_str().unwrap_or_default();
    output.line(&format!("image/{name} pushed: {digest}"))?;
    Ok(Exit::Success)
}

/// Returns what the daemon is told, with what this user has for that registry and for no other.
fn order(way: &RegistryWay, name: &str, output: &mut Output) -> Result<Value, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    let reference: Reference = name.parse().map_err(|error| wrong(&error))?;
    let given = way.docker_config.clone();
    let path = given.clone().unwrap_or_else(environment::docker_config_file);
    let excerpt = match (excerpt(&path, &reference), given) {
        (Ok(excerpt), _) => excerpt,
        (Err(error), Some(_)) => return Err(Failure::Usage(error)),
        // Nobody named it: the daemon may have what is needed.
        (Err(error), None) => {
            output.note(&format!("warning: {error}"));
            None
        }
    };
    Ok(json!({"plainHttp": way.plain_http, "dockerConfig": excerpt}))
}

fn excerpt(path: &Path, reference: &Reference) -> Result<Option<String>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let config = docker_config(path).map_err(|error| error.to_string())?;
    config.excerpt(reference).map_err(|error| error.to_string())
}

/// Sends an order and shows how far it is; returns what it came to.
async fn follow(
    path: &str,
    order: &Value,
    rest: &Rest,
    output: &mut Output,
) -> Result<Value, Failure> {
    let mut lines = rest.post_open(path, order).await?;
    let bar = (output.stderr_sink() == Sink::Terminal).then(bar);
    let broken = |source| ClientError::BrokenOff { target: rest.target().clone(), source };
    loop {
        let mut line = String::new();
        let read =
            futures::AsyncReadExt::take(&mut lines, LINE_BYTES as u64).read_line(&mut line).await;
        if read.map_err(broken)? == 0 {
            let end = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            return Err(broken(end).into());
        }
        let step: Value = serde_json::from_str(&line).map_err(|error| broken(error.into()))?;
        if let Some(status) = step.get("error") {
            clear(bar.as_ref());
            return Err(ClientError::Status(Box::new(StatusError::of_value(status))).into());
        }
        match (step.get("progress"), &bar) {
            (Some(progress), Some(bar)) => show(bar, progress),
            (Some(_), None) => {}
            (None, bar) => {
                clear(bar.as_ref());
                return Ok(step);
            }
        }
    }
}

fn bar() -> ProgressBar {
    let form = "{msg:12} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}";
    let style = ProgressStyle::with_template(form).expect("a constant form");
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

fn show(bar: &ProgressBar, progress: &Value) {
    bar.set_message(progress["stage"].as_str().unwrap_or_default().to_owned());
    bar.set_length(progress["totalBytes"].as_u64().unwrap_or_default());
    bar.set_position(progress["doneBytes"].as_u64().unwrap_or_default());
}

fn clear(bar: Option<&ProgressBar>) {
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}
