//! `queue`: the daemon's own work queues, through the API's `jobling.dev` queues.

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Method;
use serde_json::{Value, json};

use super::image::{print_data, segment};
use super::{Exit, Failure};
use crate::args::{QueueCommand, QueuePeek, QueuePush};
use crate::client::{Accept, Query, Rest};
use crate::output::Output;
use crate::print::{TabWriter, TablePrinter, TableStyle};

const GROUP: &str = "/apis/jobling.dev/v1alpha1";
/// Bytes of items that one request carries at most, so that its body stays below what the server takes.
const REQUEST_BYTES: usize = 512 << 10;

/// Carries out a `queue` command.
pub(crate) async fn queue(
    command: &QueueCommand,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        QueueCommand::Push(args) => push(args, rest, output).await,
        QueueCommand::Ls { all_namespaces, output: format } => {
            let path = match all_namespaces {
                true => format!("{GROUP}/queues"),
                false => queues(rest),
            };
            if let Some(format) = format {
                return print_data(&rest.read(&path).await?, *format, output);
            }
            let table: Value = rest.get(&path, &Query::default(), Accept::Table).await?;
            if table["rows"].as_array().is_none_or(Vec::is_empty) {
                output.note("No queues hold anything; fill one with: jobling queue push NAME ITEM");
            } else {
                let style = TableStyle { with_namespace: *all_namespaces, ..TableStyle::default() };
                output.print(&TablePrinter::new(style).format(&table))?;
            }
            Ok(Exit::Success)
        }
        QueueCommand::Peek(args) => peek(args, "live", rest, output).await,
        QueueCommand::Purge { name } => purge(name, "live", rest, output).await,
        QueueCommand::Dead { peek: args, revive: true, .. } => {
            let path = format!("{}/revive", path_of(rest, &args.name));
            let change = change(Method::POST, &path, &Query::default(), rest).await?;
            output.line(&format!("queue/{}: {change} revived", args.name))?;
            Ok(Exit::Success)
        }
        QueueCommand::Dead { peek: args, purge: true, .. } => {
            purge(&args.name, "dead", rest, output).await
        }
        QueueCommand::Dead { peek: args, .. } => peek(args, "dead", rest, output).await,
    }
}

fn queues(rest: &Rest) -> String {
    format!("{GROUP}/namespaces/{}/queues", rest.namespace())
}

fn path_of(rest: &Rest, name: &str) -> String {
    format!("{}/{}", queues(rest), segment(name))
}

async fn push(args: &QueuePush, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let mut items: Vec<Vec<u8>> = args.items.iter().map(|item| item.clone().into_bytes()).collect();
    for file in &args.file {
        items.push(content(file)?);
    }
    if let Some(file) = &args.lines {
        let content = content(file)?;
        let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        items.extend(lines.map(<[u8]>::to_vec));
    }
    if items.is_empty() {
        return Err(Failure::Usage("give an ITEM, --file or --lines".to_owned()));
    }
    let path = format!("{}/items", path_of(rest, &args.name));
    let mut pushed = 0;
    for batch in batches(&items) {
        let items_of_batch: Vec<String> = batch.iter().map(|item| BASE64.encode(item)).collect();
        let (none, body) = (Query::default(), json!({"items": items_of_batch}));
        let sent = rest.send(Method::POST, &path, &none, "application/json", &body);
        if let Err(error) = sent.await {
            if pushed > 0 {
                output.note(&format!("the first {pushed} of {} items are in", items.len()));
            }
            return Err(error.into());
        }
        pushed += batch.len();
    }
    output.line(&format!("queue/{}: {pushed} pushed", args.name))?;
    Ok(Exit::Success)
}

/// Returns `items` in runs that fit into a request each.
fn batches(items: &[Vec<u8>]) -> Vec<&[Vec<u8>]> {
    let (mut runs, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, item) in items.iter().enumerate() {
        // Each is four thirds of itself in base64, and has quotes and a comma.
        let more = item.len() + 8;
        if at > start && bytes + more > REQUEST_BYTES {
            runs.push(&items[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += more;
    }
    runs.push(&items[start..]);
    runs
}

fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        false => std::fs::read(file),
    };
    read.map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))
}

async fn peek(
    args: &QueuePeek,
    shelf: &str,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let query = Query::default().with("shelf", shelf).with("limit", args.limit.to_string());
    let path = format!("{}/items", path_of(rest, &args.name));
    let list: Value = rest.get(&path, &query, Accept::Json).await?;
    if let Some(format) = args.output {
        return print_data(&list, format, output);
    }
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        let what = if shelf == "dead" { "dead letters" } else { "items" };
        output.note(&format!("queue/{} has no {what}", args.name));
        return Ok(Exit::Success);
    }
    output.print(&table(items))?;
    Ok(Exit::Success)
}

/// Returns a line for each item; what is no printable text of it is escaped.
fn table(items: &[Value]) -> String {
    let has_reasons = items.iter().any(|item| item["why"].is_string());
    let mut text = String::from("ID\tATTEMPTS\t");
    text.push_str(if has_reasons { "WHY\tITEM\n" } else { "ITEM\n" });
    for item in items {
        let body = BASE64.decode(item["data"].as_str().unwrap_or_default()).unwrap_or_default();
        text.push_str(&format!("{}\t{}\t", item["id"], item["attempts"]));
        if has_reasons {
            text.push_str(&format!("{}\t", item["why"].as_str().unwrap_or_default()));
        }
        text.push_str(&format!("{}\n", printable(&body)));
    }
    TabWriter::TABLE.format(&text)
}

fn printable(body: &[u8]) -> String {
    let escape = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    match std::str::from_utf8(body) {
        Ok(text) => text.chars().map(escape).collect(),
        Err(_) => body.escape_ascii().to_string(),
    }
}

async fn purge(name: &str, shelf: &str, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let path = format!("{}/items", path_of(rest, name));
    let query = Query::default().with("shelf", shelf);
    let removed = change(Method::DELETE, &path, &query, rest).await?;
    output.line(&format!("queue/{name}: {removed} removed"))?;
    Ok(Exit::Success)
}

/// Asks for a change and returns how many items it touched.
async fn change(method: Method, path: &str, query: &Query, rest: &Rest) -> Result<u64, Failure> {
    let change = rest.send(method, path, query, "application/json", &json!({})).await?;
    Ok(change["items"].as_u64().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_go_in_as_few_requests_as_they_fit() {
        let lengths = |items: &[usize]| {
            let items: Vec<Vec<u8>> = items.iter().map(|length| vec![0; *length]).collect();
            batches(&items).iter().map(|run| run.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(&[1; 1000]), [1000]);
        assert_eq!(lengths(&[300 << 10, 300 << 10, 1]), [1, 2]);
        assert_eq!(lengths(&[1, 2 << 20, 1]), [1, 1, 1]);
    }

    #[test]
    fn an_item_is_a_line_whatever_is_in_it() {
        let items = [
            json!({"id": 1, "attempts": 0, "data": BASE64.encode("a\nb\u{1b}[31m ü")}),
            json!({"id": 20, "attempts": 5, "data": BASE64.encode([0xff, b'x']), "why": "failed"}),
        ];
        let expected = "ID    ATTEMPTS   WHY      ITEM\n\
                        1     0                   a\\nb\\u{1b}[31m ü\n\
                        20    5          failed   \\xffx\n";
        assert_eq!(table(&items), expected);
    }
}
