//! A pod's volumes in its life: made before the first container, waited for where something is missing,
//! removed after the last.

use std::pin::pin;
use std::sync::Arc;

use jobling_core::api::ObjectKey;
use k8s_openapi::api::core::v1::Container;
use tokio::sync::Notify;

use super::Pod;
use crate::containers::Mount;
use crate::env::Facts;
use crate::volumes::{MountError, VolumeError, VolumesOfPod};

impl Pod {
    /// Makes the volumes, telling of what is missing and waiting for it. Returns whether they are there:
    /// not where the pod is to be ended.
    pub(super) async fn make_volumes(self: &Arc<Self>) -> bool {
        let mut told: Option<VolumeError> = None;
        let mut heard: Option<(ObjectKey, Arc<Notify>)> = None;
        let mut failures = 0;
        while self.stop().order().is_none() {
            // Listens before it looks, so that a change in between is not missed.
            let listening = heard.clone();
            let mut change = pin!(listening.as_ref().map(|(_, notify)| notify.notified()));
            if let Some(change) = change.as_mut().as_pin_mut() {
                change.enable();
            }
            let error = match self.try_volumes().await {
                Ok(volumes) => return self.volumes().set(volumes).is_ok(),
                Err(error) => error,
            };
            if self.is_without_job() {
                self.board().change(|status| {
                    "FailedMount".clone_into(&mut status.reason);
                    status.message = error.to_string();
                });
                return false;
            }
            if told.as_ref() != Some(&error) {
                self.tell("Warning", "FailedMount", error.to_string(), None);
            }
            let awaited = error.awaited().cloned();
            told = Some(error);
            failures += 1;
            match (awaited, change.as_mut().as_pin_mut()) {
                (Some(key), Some(change))
                    if listening.as_ref().is_some_and(|(had, _)| *had == key) =>
                {
                    tokio::select! {
                        () = self.stop().asked() => {}
                        () = change => {}
                    }
                }
                (Some(key), _) => {
                    let notify = self.node().awaited.listen(&key);
                    heard = Some((key, notify));
                }
                (None, _) => tokio::select! {
                    () = self.stop().asked() => {}
                    () = tokio::time::sleep(self.node().settings.image_retry.after(failures)) => {}
                },
            }
        }
        false
    }

    /// Returns the directories that `container` is given.
    pub(super) fn mounts(
        &self,
        container: &Container,
        env: &[(String, String)],
    ) -> Result<Vec<Mount>, Box<MountError>> {
        let mounts = self.volumes().get().map(|volumes| volumes.mounts(container, env));
        Ok(mounts.transpose()?.unwrap_or_default())
    }

    /// Removes what is the pod's own, before its end is told: what comes next finds the space.
    pub(super) async fn release_volumes(self: &Arc<Self>) {
        if !self.has_volumes() && !self.node().volumes.has_left(self.id()) {
            return;
        }
        let pod = Arc::clone(self);
        let released = tokio::task::spawn_blocking(move || pod.node().volumes.release(pod.id()));
        if let Err(error) = released.await {
            tracing::error!(pod = %self.id(), %error, "volumes not removed");
        }
    }

    /// Returns whether it has volumes.
    pub(super) fn has_volumes(&self) -> bool {
        let volumes = self.spec().and_then(|spec| spec.volumes.as_deref());
        volumes.is_some_and(|volumes| !volumes.is_empty())
    }

    async fn try_volumes(self: &Arc<Self>) -> Result<VolumesOfPod, VolumeError> {
        let pod = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            let node = pod.node();
            let facts = Facts::new(pod.start(), &node.settings.host, &node.settings.defaults);
            node.volumes.set_up(&facts, &*node.objects)
        });
        match made.await {
            Ok(made) => made,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The daemon stops.
            Err(_) => std::future::pending().await,
        }
    }
}
