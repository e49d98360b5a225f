//! `version`: of this program, and of the server.

use serde_json::{Value, json};

use super::{Exit, Failure};
use crate::args::{DataFormat, Version};
use crate::client::Rest;
use crate::output::Output;
use crate::print::{json_text, yaml_text};

/// Prints the versions; a server that does not answer is said on stderr, and fails the command.
pub(crate) async fn version(
    args: &Version,
    rest: Option<&Rest>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let client = json!({"gitVersion": concat!("v", env!("CARGO_PKG_VERSION"))});
    let mut answer = json!({"clientVersion": client});
    let server = match rest {
        Some(rest) => Some(rest.read::<Value>("/version").await),
        None => None,
    };
    if let Some(Ok(server)) = &server {
        answer["serverVersion"] = server.clone();
    }
    match args.output {
        Some(DataFormat::Json) => output.print(&json_text(&answer))?,
        Some(DataFormat::Yaml) => output.print(&yaml_text(&answer))?,
        None => output.print(&text(&answer))?,
    }
    match server {
        Some(Err(error)) => Err(error.into()),
        Some(Ok(_)) | None => Ok(Exit::Success),
    }
}

fn text(answer: &Value) -> String {
    let line = |title: &str, field: &str| {
        let version = answer[field]["gitVersion"].as_str();
        version.map(|version| format!("{title} Version: {version}\n")).unwrap_or_default()
    };
    line("Client", "clientVersion") + &line("Server", "serverVersion")
}
