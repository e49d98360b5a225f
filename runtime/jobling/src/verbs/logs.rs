//! `logs`: what containers have printed, of one pod, of a Job's, or of those with some labels.

use futures::{AsyncReadExt, StreamExt, stream};
use serde_json::Value;

use super::fetch::{self, Scope};
use super::wait::Deadline;
use super::watch::Watch;
use super::{Exit, Failure};
use crate::args::{Filter, Logs};
use crate::client::{Accept, ClientError, Query, Resolver, Resource, Rest};
use crate::output::{GuestText, Output};
use jobling_core::api::Kind;

/// Lines of each pod where several are meant and no --tail says otherwise, as in kubectl.
const TAIL_OF_SELECTED: i64 = 10;

/// How long a Job without pods is waited for, as kubectl's --pod-running-timeout.
const FIRST_POD: std::time::Duration = std::time::Duration::from_secs(20);

/// One log: of a container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    pod: String,
    namespace: String,
    container: String,
}

impl Source {
    fn prefix(&self) -> String {
        format!("[pod/{}/{}] ", self.pod, self.container)
    }
}

/// Prints the logs that `args` name.
pub(crate) async fn logs(args: &Logs, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let pods = pods(args, rest, output).await?;
    if pods.is_empty() {
        output.note(&format!("No resources found in {} namespace.", rest.namespace()));
        return Ok(Exit::Success);
    }
    let mut sources = Vec::new();
    for pod in &pods {
        sources.extend(containers(pod, args, output)?);
    }
    if args.follow && sources.len() > args.max_log_requests {
        return Err(Failure::Usage(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {}, \
             use --max-log-requests to increase the limit",
            sources.len(),
            args.max_log_requests
        )));
    }
    match args.follow && sources.len() > 1 {
        true => follow_all(&sources, args, rest, output).await,
        false => one_after_another(&sources, args, rest, output).await,
    }
}

/// Returns the pods that are meant.
async fn pods(args: &Logs, rest: &Rest, output: &mut Output) -> Result<Vec<Value>, Failure> {
    let pod = Resource::from(Kind::Pod);
    let Some(target) = &args.target else {
        return selected(args.selector.clone(), rest).await;
    };
    let (kind, name) = match target.split_once('/') {
        Some((kind, name)) => (Resolver::new(rest).word(kind).await?, name),
        None => (pod.clone(), target.as_str()),
    };
    let path = kind.object(rest.namespace(), name);
    let object: Value = rest.read(&path).await?;
    if kind == pod {
        return Ok(vec![object]);
    }
    let labels = &object["spec"]["selector"]["matchLabels"];
    let Some(labels) = labels.as_object().filter(|labels| !labels.is_empty()) else {
        let kind = kind.qualified_plural();
        return Err(Failure::Usage(format!(
            "cannot get the logs from {kind}: it has no pods of its own"
        )));
    };
    let pairs: Vec<String> =
        labels.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    let mut pods = first_pods(pairs.join(","), rest).await?;
    pods.sort_by_key(rank);
    if args.all_pods || pods.len() <= 1 {
        return Ok(pods);
    }
    let first = pods.swap_remove(0);
    output.note(&format!("Found {} pods, using pod/{}", pods.len() + 1, name_of(&first)));
    Ok(vec![first])
}

async fn selected(selector: Option<String>, rest: &Rest) -> Result<Vec<Value>, Failure> {
    let filter = Filter { selector, ..Filter::default() };
    let scope = Scope::new(rest, &filter);
    Ok(fetch::objects(rest, &Resource::from(Kind::Pod), &scope).await?)
}

/// Returns the pods of a selector; where there is none yet, once there is one.
async fn first_pods(selector: String, rest: &Rest) -> Result<Vec<Value>, Failure> {
    let pods = selected(Some(selector.clone()), rest).await?;
    if !pods.is_empty() {
        return Ok(pods);
    }
    let path = Resource::from(Kind::Pod).collection(Some(rest.namespace()));
    let query = Query::default().with("labelSelector", selector.clone());
    let first = async {
        let mut watch = Watch::open(rest, &path, query, Accept::Json).await?;
        watch.next().await.map(drop)
    };
    match Deadline::after(Some(FIRST_POD)).bound(first).await {
        Some(seen) => seen?,
        None => return Err(Failure::Usage("timed out waiting for a pod".to_owned())),
    }
    selected(Some(selector), rest).await
}

/// Pods that run come first, then the oldest (`podutils.ByLogging`).
fn rank(pod: &Value) -> (bool, String, String) {
    let runs = pod["status"]["phase"] == "Running";
    let created = pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
    (!runs, created.to_owned(), name_of(pod).to_owned())
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Returns the containers of a pod that are meant.
fn containers(pod: &Value, args: &Logs, output: &mut Output) -> Result<Vec<Source>, Failure> {
    let names = |list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array();
        containers
            .into_iter()
            .flatten()
            .map(|c| c["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let (init, main) = (names("initContainers"), names("containers"));
    let chosen = match args.container.as_ref().or(args.container_word.as_ref()) {
        Some(name) if init.contains(name) || main.contains(name) => vec![name.clone()],
        Some(name) => {
            let choices = [main, init].concat().join(" ");
            return Err(Failure::Usage(format!(
                "container {name} is not valid for pod {}; choose one of: [{choices}]",
                name_of(pod)
            )));
        }
        None if args.all_containers => [init, main].concat(),
        None => {
            let wanted = &pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"];
            let default = main.iter().find(|name| wanted == name.as_str()).or(main.first());
            if main.len() + init.len() > 1 && wanted.is_null() && !args.all_pods {
                let init = init.iter().map(|name| format!("{name} (init)"));
                let all: Vec<String> = main.iter().cloned().chain(init).collect();
                output.note(&format!(
                    "Defaulted container \"{}\" out of: {}",
                    default.map(String::as_str).unwrap_or_default(),
                    all.join(", ")
                ));
            }
            default.into_iter().cloned().collect()
        }
    };
    let source = |container| Source {
        pod: name_of(pod).to_owned(),
        namespace: pod["metadata"]["namespace"].as_str().unwrap_or_default().to_owned(),
        container,
    };
    Ok(chosen.into_iter().map(source).collect())
}

fn query(source: &Source, args: &Logs) -> Query {
    let flag = |set: bool| set.then_some("true");
    let tail = args.tail.or((args.selector.is_some() && !args.follow).then_some(TAIL_OF_SELECTED));
    let seconds = args.since.and_then(crate::args::GoDuration::limit).map(|since| {
        // The API takes whole seconds; kubectl rounds up.
        since.as_secs() + u64::from(since.subsec_nanos() > 0)
    });
    Query::default()
        .with("container", source.container.clone())
        .with_some("follow", flag(args.follow))
        .with_some("previous", flag(args.previous))
        .with_some("timestamps", flag(args.timestamps))
        .with_some("tailLines", tail.filter(|lines| *lines >= 0).map(|lines| lines.to_string()))
        .with_some("sinceSeconds", seconds.map(|seconds| seconds.to_string()))
        .with_some("sinceTime", args.since_time.clone())
        .with_some("limitBytes", args.limit_bytes.map(|bytes| bytes.to_string()))
}

/// What a log brings: bytes, or why there are none.
type Chunk = Result<Vec<u8>, ClientError>;

/// Returns what a log brings, as it comes.
fn chunks<'a>(
    source: &'a Source,
    args: &'a Logs,
    rest: &'a Rest,
) -> impl futures::Stream<Item = Chunk> + 'a {
    let pod = Resource::from(Kind::Pod).object(&source.namespace, &source.pod);
    let opening =
        async move { rest.open(&format!("{pod}/log"), &query(source, args), Accept::Json).await };
    stream::once(opening).flat_map(move |opened| match opened {
        Ok(reader) => stream::unfold(Some(reader), move |reader| async move {
            let mut reader = reader?;
            let mut buffer = vec![0; 32 * 1024];
            match reader.read(&mut buffer).await {
                Ok(0) => None,
                Ok(read) => {
                    buffer.truncate(read);
                    Some((Ok(buffer), Some(reader)))
                }
                Err(source) => {
                    let target = rest.target().clone();
                    Some((Err(ClientError::BrokenOff { target, source }), None))
                }
            }
        })
        .left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    })
}

async fn one_after_another(
    sources: &[Source],
    args: &Logs,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    for source in sources {
        let mut chunks = Box::pin(chunks(source, args, rest));
        let mut text = GuestText::new(prefix(source, args));
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(bytes) => output.guest(&mut text, &bytes)?,
                Err(error) if args.ignore_errors => output.note(&format!("error: {error}")),
                Err(error) => return Err(error.into()),
            }
        }
        output.guest_end(&mut text)?;
    }
    Ok(Exit::Success)
}

/// Prints several logs as they come; whole lines, so that they do not mix.
async fn follow_all(
    sources: &[Source],
    args: &Logs,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let numbered = sources
        .iter()
        .enumerate()
        .map(|(at, source)| chunks(source, args, rest).map(move |chunk| (at, chunk)).boxed_local());
    let mut all = stream::select_all(numbered);
    let mut texts: Vec<GuestText> =
        sources.iter().map(|source| GuestText::lines(prefix(source, args))).collect();
    while let Some((at, chunk)) = all.next().await {
        match chunk {
            Ok(bytes) => output.guest(&mut texts[at], &bytes)?,
            Err(error) if args.ignore_errors => output.note(&format!("error: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    for text in &mut texts {
        output.guest_end(text)?;
    }
    Ok(Exit::Success)
}

fn prefix(source: &Source, args: &Logs) -> String {
    if args.prefix { source.prefix() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_that_runs_comes_before_an_older_one_that_ended() {
        let pod = |name: &str, phase: &str, created: &str| {
            json!({"metadata": {"name": name,
            "creationTimestamp": created}, "status": {"phase": phase}})
        };
        let mut pods = [
            pod("ended", "Failed", "2026-01-01T00:00:00Z"),
            pod("young", "Running", "2026-01-03T00:00:00Z"),
            pod("old", "Running", "2026-01-02T00:00:00Z"),
        ];
        pods.sort_by_key(rank);
        let names: Vec<&str> = pods.iter().map(name_of).collect();
        assert_eq!(names, ["old", "young", "ended"]);
    }
}
