//! `token`: who else may use the daemon, through the API's `jobling.dev` tokens.

use http::Method;
use serde_json::{Value, json};

use super::{Exit, Failure};
use crate::args::{DataFormat, TokenCommand, TokenCreate, TokenOutput};
use crate::client::{Accept, ClientError, Query, Rest};
use crate::output::Output;
use crate::print::{TablePrinter, TableStyle, json_text, yaml_text};

const TOKENS: &str = "/apis/jobling.dev/v1alpha1/tokens";

/// Carries out a `token` command.
pub(crate) async fn token(
    command: &TokenCommand,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        TokenCommand::Create(args) => create(args, rest, output).await,
        TokenCommand::Ls { output: None } => {
            let table: Value = rest.get(TOKENS, &Query::default(), Accept::Table).await?;
            if table["rows"].as_array().is_none_or(Vec::is_empty) {
                output.note("No tokens; give one out with: jobling token create NAME --role view");
            } else {
                output.print(&TablePrinter::new(TableStyle::default()).format(&table))?;
            }
            Ok(Exit::Success)
        }
        TokenCommand::Ls { output: Some(format) } => {
            let list: Value = rest.read(TOKENS).await?;
            output.print(&match format {
                DataFormat::Json => json_text(&list),
                DataFormat::Yaml => yaml_text(&list),
            })?;
            Ok(Exit::Success)
        }
        TokenCommand::Revoke { names } => revoke(names, rest, output).await,
    }
}

async fn create(args: &TokenCreate, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let (none, body) = (Query::default(), wanted(args, rest.given_namespace()));
    let made = rest.send(Method::POST, TOKENS, &none, "application/json", &body).await?;
    let text = |field: &str| made["status"][field].as_str();
    match args.output {
        Some(TokenOutput::Json) => output.print(&json_text(&made))?,
        Some(TokenOutput::Yaml) => output.print(&yaml_text(&made))?,
        Some(TokenOutput::Kubeconfig) => match text("kubeconfig") {
            Some(kubeconfig) => output.print(kubeconfig)?,
            None => return Err(without_an_address(&args.name, rest).await),
        },
        None => output.line(text("token").unwrap_or_default())?,
    }
    output.note(&format!("token/{} created: it is not shown again", args.name));
    Ok(Exit::Success)
}

fn wanted(args: &TokenCreate, namespace: Option<&str>) -> Value {
    let mut spec = json!({"role": args.role});
    if let Some(namespace) = namespace {
        spec["namespace"] = json!(namespace);
    }
    if let Some(expires) = args.expires {
        spec["expirationSeconds"] = json!(expires.as_secs());
    }
    json!({
        "kind": "Token",
        "apiVersion": "jobling.dev/v1alpha1",
        "metadata": {"name": args.name},
        "spec": spec,
    })
}

/// Takes back what nobody was told, and says why.
async fn without_an_address(name: &str, rest: &Rest) -> Failure {
    match revoke_one(name, rest).await {
        Err(error) => error.into(),
        Ok(_) => Failure::Refused(
            "error: the daemon is on its socket alone, which knows no tokens; start it with \
             `jobling serve --listen ADDR:PORT`"
                .to_owned(),
        ),
    }
}

async fn revoke(names: &[String], rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for name in names {
        match revoke_one(name, rest).await {
            Ok(_) => output.line(&format!("token/{name} revoked"))?,
            Err(ClientError::Status(status)) => {
                output.note(&status.to_string());
                exit = Exit::Failure;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

async fn revoke_one(name: &str, rest: &Rest) -> Result<Value, ClientError> {
    let (path, none, body) = (format!("{TOKENS}/{name}"), Query::default(), json!({}));
    rest.send(Method::DELETE, &path, &none, "application/json", &body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_with_what_it_is_for() {
        let mut args = TokenCreate {
            name: "ci".into(),
            role: "edit".into(),
            expires: Some("30d".parse().unwrap()),
            output: None,
        };
        assert_eq!(
            wanted(&args, Some("team"))["spec"],
            json!({"role": "edit", "namespace": "team", "expirationSeconds": 2_592_000})
        );
        args.expires = None;
        assert_eq!(wanted(&args, None)["spec"], json!({"role": "edit"}));
    }
}
