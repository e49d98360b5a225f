//! `pods/NAME/log`: which container's output is meant, and what of it.

use std::time::Duration;

use futures::StreamExt;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Kind, Object, ObjectKey, Reason};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::answer::{self, Answer, blocking, unreadable};
use crate::backend::{Backend, LogFollow, LogQuery, LogRun, LogStamps};
use crate::route::Query;
use crate::watch::Hold;

const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Answers with what a container has printed, and prints while it is followed.
pub(crate) async fn logs(
    backend: &dyn Backend,
    namespace: String,
    name: String,
    query: &Query,
    hold: Hold,
) -> Result<Answer, ApiError> {
    let reader = backend.reader();
    let key = ObjectKey::new(Kind::Pod, namespace, name);
    let pod = blocking(move || match reader.get(&key) {
        Ok(Some(Object::Pod(pod))) => Ok(pod),
        Ok(_) => Err(ApiError::not_found(key)),
        Err(error) => Err(unreadable(&error)),
    });
    let query = log_query(&*pod.await?, query, backend.now())?;
    let mut hold = hold;
    // The place is given back when the stream is dropped, and the future with it.
    let over = Box::pin(async move { hold.over().await });
    let chunks = backend.logs(query).await?.take_until(over);
    Ok(answer::stream("text/plain", chunks))
}

/// Returns what of which container is asked for.
fn log_query(pod: &Pod, query: &Query, now: Timestamp) -> Result<LogQuery, ApiError> {
    let container = container(pod, query.get("container"))?;
    let flag = |name: &str| query.is_set(name);
    let run = if flag("previous")? { LogRun::Previous } else { LogRun::Newest };
    check_started(pod, &container, run)?;
    Ok(LogQuery {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        pod: pod.metadata.name.clone().unwrap_or_default(),
        container,
        run,
        follow: if flag("follow")? { LogFollow::UntilEnd } else { LogFollow::No },
        tail_lines: query.number("tailLines")?,
        since: since(query, now)?,
        stamps: if flag("timestamps")? { LogStamps::With } else { LogStamps::Without },
        limit_bytes: match query.number("limitBytes")? {
            Some(0) => return Err(bad("limitBytes must be greater than 0")),
            limit => limit,
        },
    })
}

fn since(query: &Query, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    match (query.number("sinceSeconds")?, query.get("sinceTime")) {
        (Some(_), Some(_)) => Err(bad("at most one of sinceTime or sinceSeconds may be specified")),
        (Some(0), None) => Err(bad("sinceSeconds must be greater than 0")),
        (Some(seconds), None) => {
            let ago = i64::try_from(Duration::from_secs(seconds).as_micros()).unwrap_or(i64::MAX);
            Ok(Some(Timestamp::from_unix_micros(now.unix_micros().saturating_sub(ago))))
        }
        (None, Some(text)) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => Ok(Some(Timestamp::from_unix_micros(time.as_microsecond()))),
            Err(_) => Err(bad("sinceTime must be a time such as 2026-11-23T10:00:00Z")),
        },
        (None, None) => Ok(None),
    }
}

fn container(pod: &Pod, asked: Option<&str>) -> Result<String, ApiError> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let spec = pod.spec.as_ref();
    let mains: Vec<&str> =
        spec.iter().flat_map(|spec| &spec.containers).map(|it| it.name.as_str()).collect();
    let inits = spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let inits: Vec<&str> = inits.map(|container| container.name.as_str()).collect();
    let annotated = pod.metadata.annotations.as_ref().and_then(|all| all.get(DEFAULT_CONTAINER));
    match (asked, mains.as_slice()) {
        (Some(asked), _) if mains.contains(&asked) || inits.contains(&asked) => {
            Ok(asked.to_owned())
        }
        (Some(asked), _) => Err(bad(format!("container {asked} is not valid for pod {name}"))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => match annotated {
            Some(annotated) if mains.contains(&annotated.as_str()) => Ok(annotated.clone()),
            Some(_) | None => {
                let mut message = format!(
                    "a container name must be specified for pod {name}, choose one of: [{}]",
                    mains.join(" ")
                );
                if !inits.is_empty() {
                    message.push_str(&format!(
                        " or one of the init containers: [{}]",
                        inits.join(" ")
                    ));
                }
                Err(bad(message))
            }
        },
    }
}

/// Refuses the output of a container that has not run yet, with what it waits for.
fn check_started(pod: &Pod, container: &str, run: LogRun) -> Result<(), ApiError> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let status = status(pod, container);
    let state = status.and_then(|status| status.state.as_ref());
    let ended_before = status
        .and_then(|status| status.last_state.as_ref())
        .is_some_and(|last| last.terminated.is_some());
    match run {
        LogRun::Previous | LogRun::Newest if ended_before => Ok(()),
        LogRun::Previous => Err(bad(format!(
            "previous terminated container \"{container}\" in pod \"{name}\" not found"
        ))),
        LogRun::Newest => match state {
            Some(state) if state.running.is_some() || state.terminated.is_some() => Ok(()),
            Some(_) | None => {
                let waiting = state.and_then(|state| state.waiting.as_ref());
                let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
                Err(bad(format!(
                    "container \"{container}\" in pod \"{name}\" is waiting to start: {}",
                    reason.unwrap_or("ContainerCreating")
                )))
            }
        },
    }
}

fn status<'p>(pod: &'p Pod, container: &str) -> Option<&'p ContainerStatus> {
    let status = pod.status.as_ref()?;
    let mains = status.container_statuses.iter().flatten();
    let inits = status.init_container_statuses.iter().flatten();
    mains.chain(inits).find(|status| status.name == container)
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new(Reason::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);

    #[test]
    fn the_container_is_the_only_one_or_the_one_that_is_named() {
        for (containers, query, chosen) in [
            (vec!["a"], "", Ok("a")),
            (vec!["a"], "container=a", Ok("a")),
            (vec!["a"], "container=prepare", Ok("prepare")),
            (vec!["a"], "container=b", Err("container b is not valid for pod p")),
            (
                vec!["a", "b"],
                "",
                Err("a container name must be specified for pod p, choose one of: [a b] or one \
                     of the init containers: [prepare]"),
            ),
            (vec!["a", "chosen"], "", Ok("chosen")),
        ] {
            let read = log_query(&pod(&containers), &Query::parse(query), NOW);
            let read = read.map(|query| query.container).map_err(|error| error.message);
            assert_eq!(read, chosen.map(str::to_owned).map_err(str::to_owned), "{query}");
        }
    }

    #[test]
    fn what_is_asked_of_the_output_is_read() {
        let query =
            "follow=true&timestamps=1&tailLines=5&sinceSeconds=60&limitBytes=9&previous=false";
        assert_eq!(
            log_query(&pod(&["a"]), &Query::parse(query), NOW).unwrap(),
            LogQuery {
                namespace: "n".into(),
                pod: "p".into(),
                container: "a".into(),
                run: LogRun::Newest,
                follow: LogFollow::UntilEnd,
                tail_lines: Some(5),
                since: Some(Timestamp::from_unix_seconds(940)),
                stamps: LogStamps::With,
                limit_bytes: Some(9),
            }
        );
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_its_reason() {
        for (query, message) in [
            ("previous=true", "previous terminated container \"a\" in pod \"p\" not found"),
            ("sinceSeconds=0", "sinceSeconds must be greater than 0"),
            ("limitBytes=0", "limitBytes must be greater than 0"),
            ("sinceTime=yesterday", "sinceTime must be a time such as 2026-11-23T10:00:00Z"),
            (
                "sinceTime=2026-11-23T10:00:00Z&sinceSeconds=1",
                "at most one of sinceTime or sinceSeconds may be specified",
            ),
        ] {
            let error = log_query(&pod(&["a"]), &Query::parse(query), NOW).unwrap_err();
            assert_eq!(error.message, message, "{query}");
        }
        let mut waiting = pod(&["a"]);
        waiting.status.as_mut().unwrap().container_statuses = None;
        let error = log_query(&waiting, &Query::default(), NOW).unwrap_err();
        assert_eq!(
            error.message,
            "container \"a\" in pod \"p\" is waiting to start: ContainerCreating"
        );
    }

    fn pod(containers: &[&str]) -> Pod {
        let running = json!({"running": {}});
        let status = |name: &&str| -> Value {
            json!({"name": name, "state": running, "image": "", "imageID": "", "ready": true, "restartCount": 0})
        };
        let names: Vec<Value> = containers.iter().map(|name| json!({"name": name})).collect();
        serde_json::from_value(json!({
            "metadata": {
                "name": "p",
                "namespace": "n",
                "annotations": {DEFAULT_CONTAINER: "chosen"},
            },
            "spec": {"containers": names, "initContainers": [{"name": "prepare"}]},
            "status": {
                "containerStatuses": containers.iter().map(status).collect::<Vec<_>>(),
                "initContainerStatuses": [status(&"prepare")],
            },
        }))
        .unwrap()
    }
}
