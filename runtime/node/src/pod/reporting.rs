//! Sends what a pod says of itself: changes that come close together in one report, its end at once.

use std::sync::Arc;
use std::time::Duration;

use jobling_core::engine::PodReport;
use tokio::sync::mpsc;

use super::Pod;

/// How long a change waits for the next one: a pod that ends at once is reported once.
const SETTLE: Duration = Duration::from_millis(5);

/// Lives the life of `pod`, reporting changes; returns its last report, which is not sent yet.
pub(crate) async fn attend(pod: &Arc<Pod>, reports: &mpsc::Sender<PodReport>) -> PodReport {
    let mut life = std::pin::pin!(Arc::clone(pod).live());
    loop {
        let permit = async {
            pod.board().changed().await;
            tokio::time::sleep(SETTLE).await;
            reports.reserve().await
        };
        tokio::select! {
            biased;
            () = &mut life => return last(pod),
            permit = permit => {
                let Ok(permit) = permit else {
                    // Nobody listens any more: the daemon stops.
                    life.await;
                    return last(pod);
                };
                permit.send(pod.board().report(pod.id()));
            }
        }
    }
}

fn last(pod: &Pod) -> PodReport {
    PodReport { output: pod.output(), ..pod.board().report(pod.id()) }
}
