//! `image`: the modules behind image names, through the API's `jobling.dev` images.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use indicatif::HumanBytes;
use jobling_core::api::quantity::Quantity;
use serde_json::{Value, json};

use super::{Exit, Failure, image_transfer};
use crate::args::{DataFormat, ImageCommand, ImageImport, ImageNames, ImagePrune};
use crate::client::{Accept, ClientError, Query, Rest};
use crate::output::Output;
use crate::print::{TablePrinter, TableStyle, json_text, list_of, yaml_text};

const IMAGES: &str = "/apis/jobling.dev/v1alpha1/images";

/// Carries out an `image` command.
pub(crate) async fn image(
    command: &ImageCommand,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        ImageCommand::Import(args) => import(args, rest, output).await,
        ImageCommand::Pull(args) => image_transfer::pull(args, rest, output).await,
        ImageCommand::Push(args) => image_transfer::push(args, rest, output).await,
        ImageCommand::Prune(args) => prune(args, rest, output).await,
        ImageCommand::Ls { quiet: true, .. } => {
            let list: Value = rest.read(IMAGES).await?;
            for image in list["items"].as_array().into_iter().flatten() {
                output.line(image["metadata"]["name"].as_str().unwrap_or_default())?;
            }
            Ok(Exit::Success)
        }
        ImageCommand::Ls { quiet: false, output: None } => {
            let table: Value = rest.get(IMAGES, &Query::default(), Accept::Table).await?;
            if table["rows"].as_array().is_none_or(Vec::is_empty) {
                output.note("No images; bring one with: jobling image import NAME FILE.wasm, or: jobling image pull NAME");
            } else {
                output.print(&TablePrinter::new(TableStyle::default()).format(&table))?;
            }
            Ok(Exit::Success)
        }
        ImageCommand::Ls { quiet: false, output: Some(format) } => {
            let list: Value = rest.read(IMAGES).await?;
            print_data(&list, *format, output)
        }
        ImageCommand::Inspect(names) => inspect(names, rest, output).await,
        ImageCommand::Rm(names) => remove(names, rest, output).await,
    }
}

pub(super) fn print_data(
    value: &Value,
    format: DataFormat,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match format {
        DataFormat::Json => output.print(&json_text(value))?,
        DataFormat::Yaml => output.print(&yaml_text(value))?,
    }
    Ok(Exit::Success)
}

async fn import(args: &ImageImport, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let image = import_file(&args.name, &args.file, rest).await?;
    let name = image["metadata"]["name"].as_str().unwrap_or(&args.name).to_owned();
    let digest = image["status"]["digest"].as_str().unwrap_or_default();
    let format = image["status"]["format"].as_str().unwrap_or("module");
    output.line(&format!("image/{name} imported: {format} {digest}"))?;
    Ok(Exit::Success)
}

/// Puts the module in `file` behind `name`, and returns the image.
pub(super) async fn import_file(name: &str, file: &Path, rest: &Rest) -> Result<Value, Failure> {
    let content = content(file)?;
    let path = format!("{}/content", path_of(name));
    Ok(rest.upload(&path, "application/wasm", content).await?)
}

fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().lock().read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::Usage(format!("{} cannot be read: {error}", file.display()))),
    }
}

async fn inspect(names: &ImageNames, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let mut images = Vec::new();
    for name in &names.names {
        images.push(rest.read::<Value>(&path_of(name)).await?);
    }
    let one = (images.len() == 1).then(|| images[0].clone());
    print_data(&one.unwrap_or_else(|| list_of(images)), DataFormat::Json, output)
}

async fn remove(names: &ImageNames, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for name in &names.names {
        let path = path_of(name);
        let (none, body) = (Query::default(), json!({}));
        let sent = rest.send(http::Method::DELETE, &path, &none, "application/json", &body);
        match sent.await {
            Ok(_) => output.line(&format!("image/{name} deleted"))?,
            Err(ClientError::Status(status)) => {
                output.note(&status.to_string());
                exit = Exit::Failure;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

async fn prune(args: &ImagePrune, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let keep = args.keep.parse::<Quantity>().map_err(|_| {
        Failure::Usage(format!("--keep is \"{}\"; it must be a quantity, such as 500Mi", args.keep))
    })?;
    let query = Query::default().with("keepBytes", keep.units().to_string());
    let query = if args.all { query.with("all", "true") } else { query };
    let gone =
        rest.send(http::Method::DELETE, IMAGES, &query, "application/json", &json!({})).await?;
    let items = gone["items"].as_array().cloned().unwrap_or_default();
    let mut freed = BTreeMap::new();
    for image in &items {
        output.line(&format!(
            "image/{} deleted",
            image["metadata"]["name"].as_str().unwrap_or_default()
        ))?;
        freed.insert(image["status"]["digest"].to_string(), image["status"]["sizeBytes"].as_u64());
    }
    let bytes: u64 = freed.values().flatten().sum();
    output.note(&format!("{} images deleted, {} freed", items.len(), HumanBytes(bytes)));
    Ok(Exit::Success)
}

/// Returns the path of an image.
pub(super) fn path_of(name: &str) -> String {
    format!("{IMAGES}/{}", segment(name))
}

/// Returns a name as one segment of a path, slashes and colons included.
pub(super) fn segment(name: &str) -> String {
    let mut segment = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_the_path() {
        assert_eq!(path_of("ubuntu"), "/apis/jobling.dev/v1alpha1/images/ubuntu");
        let full = path_of("registry.example/team/app:1.0");
        assert_eq!(full, "/apis/jobling.dev/v1alpha1/images/registry.example%2Fteam%2Fapp:1.0");
    }
}
