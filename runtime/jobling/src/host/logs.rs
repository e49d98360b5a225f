//! Which run of which container `kubectl logs` means, and its output as a stream.

use jobling_core::api::{ApiError, Kind, ObjectKey, Reason};
use jobling_core::engine::Reader;
use jobling_core::pods::{ContainerState, ContainerStatus, JobInfo, Pod};
use jobling_node::{Follow, RunKey, Slot, Stamps};
use jobling_server::{LogFollow, LogQuery, LogRun, LogStamps, LogStream};

/// Returns the run that `query` is about.
pub(super) fn run_key(reader: &dyn Reader, query: &LogQuery) -> Result<RunKey, ApiError> {
    let found = reader.pod(&query.namespace, &query.pod);
    let found = found.map_err(|error| ApiError::new(Reason::InternalError, error.to_string()))?;
    let Some((pod, job)) = found else {
        return Err(ApiError::not_found(ObjectKey::new(
            Kind::Pod,
            query.namespace.clone(),
            query.pod.clone(),
        )));
    };
    let Some((slot, status)) = container(&pod, &job, &query.container) else {
        let message = format!("container {} is not valid for pod {}", query.container, query.pod);
        return Err(ApiError::new(Reason::BadRequest, message));
    };
    Ok(RunKey { pod: pod.id, slot, run: run(status, query.run) })
}

/// Returns which of a container's runs is meant, as kubelet's `validateContainerLogStatus`: while it waits
/// for its next run, the newest and the previous one are both the one that ended last.
fn run(status: Option<&ContainerStatus>, asked: LogRun) -> u32 {
    let Some(status) = status else { return 0 };
    match (&status.state, asked) {
        (ContainerState::Waiting(_), _) | (_, LogRun::Newest) => status.restarts,
        (ContainerState::Running { .. } | ContainerState::Terminated(_), LogRun::Previous) => {
            status.restarts.saturating_sub(1)
        }
    }
}

fn container<'p>(
    pod: &'p Pod,
    job: &JobInfo,
    name: &str,
) -> Option<(Slot, Option<&'p ContainerStatus>)> {
    let spec = job.template.spec.as_ref()?;
    if let Some(at) = spec.containers.iter().position(|it| it.name == name) {
        return Some((Slot::Main(u8::try_from(at).ok()?), pod.status.containers.get(at)));
    }
    let at = spec.init_containers.iter().flatten().position(|it| it.name == name)?;
    Some((Slot::Init(u8::try_from(at).ok()?), pod.status.init_containers.get(at)))
}

/// Returns what of the run is asked for, in the node's terms.
pub(super) fn part(query: &LogQuery) -> jobling_node::LogQuery {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    jobling_node::LogQuery {
        tail_lines: query.tail_lines.map(count),
        since: query.since,
        limit_bytes: query.limit_bytes.map(count),
        stamps: match query.stamps {
            LogStamps::Without => Stamps::Without,
            LogStamps::With => Stamps::With,
        },
        follow: match query.follow {
            LogFollow::No => Follow::No,
            LogFollow::UntilEnd => Follow::UntilEnd,
        },
    }
}

/// Returns the node's stream as the server takes it.
pub(super) fn stream(from: jobling_node::LogStream) -> LogStream {
    Box::pin(futures::stream::unfold(from, |mut from| async move {
        let piece = from.next().await?;
        Some((Ok(piece), from))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_core::Timestamp;

    #[test]
    fn the_newest_run_is_the_last_that_began_and_the_previous_the_one_before() {
        let running = ContainerState::Running { started_at: Timestamp::default() };
        let waiting = ContainerStatus::waiting("CrashLoopBackOff", "").state;
        for (state, asked, expected) in [
            (&running, LogRun::Newest, 3),
            (&running, LogRun::Previous, 2),
            (&waiting, LogRun::Newest, 3),
            (&waiting, LogRun::Previous, 3),
        ] {
            let status = ContainerStatus {
                state: state.clone(),
                restarts: 3,
                ..ContainerStatus::waiting("", "")
            };
            assert_eq!(run(Some(&status), asked), expected, "{asked:?} of {state:?}");
        }
        assert_eq!(run(None, LogRun::Newest), 0, "before the first report");
    }
}
