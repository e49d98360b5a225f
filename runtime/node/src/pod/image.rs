//! A container's image: taken from what is here, or pulled, as often as it takes.

use super::container::Live;
use crate::images::{NoImage, Step, no_image, pulled_message, step};
use crate::ports::{LocalImage, PullPolicy};
use crate::pull_secrets::PullSecrets;

impl Live<'_> {
    /// Returns the image once it is there; `None` where the pod is to be ended.
    pub(super) async fn image(&self) -> Option<LocalImage> {
        let mut failures = 0;
        loop {
            let found = tokio::select! {
                biased;
                () = self.pod.stop().asked() => return None,
                found = self.try_image() => found,
            };
            let error = match found {
                Ok(image) => return Some(image),
                Err(error) => error,
            };
            if self.gives_up(error.reason, &error.message) {
                return None;
            }
            failures += 1;
            self.show_no_image(&error, failures);
            self.wait(self.pod.node().settings.image_retry.after(failures)).await?;
        }
    }

    async fn try_image(&self) -> Result<LocalImage, NoImage> {
        let images = &*self.pod.node().images;
        let name = self.container.image.as_deref().unwrap_or_default();
        let policy = PullPolicy::of(self.container.image_pull_policy.as_deref());
        let secrets = match step(images, name, policy)? {
            Step::Take(image) => return Ok(image),
            Step::Pull => self.pull_secrets(),
        };
        let own = Some(self.container.name.as_str());
        self.pod.tell("Normal", "Pulling", format!("Pulling image \"{name}\""), own);
        let pulled = images.pull(name, secrets.found).await;
        let pulled = pulled.map_err(|error| no_image(name, policy, &error))?;
        self.pod.tell("Normal", "Pulled", pulled_message(name, &pulled), own);
        self.pod.board().change_container(self.slot, |status| status.pulled = true);
        Ok(pulled.image)
    }

    /// Reads the pod's Secrets for registries; a pull without those that are missing may well succeed.
    fn pull_secrets(&self) -> PullSecrets {
        let namespace = &self.pod.start().job.namespace;
        let objects = &*self.pod.node().objects;
        let spec = self.pod.spec();
        let secrets =
            spec.map(|spec| PullSecrets::of(spec, namespace, objects)).unwrap_or_default();
        if !secrets.missing.is_empty() {
            let message = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                secrets.missing.join(", ")
            );
            self.pod.tell("Warning", "FailedToRetrieveImagePullSecret", message, None);
        }
        secrets
    }

    fn show_no_image(&self, error: &NoImage, failures: u32) {
        let own = Some(self.container.name.as_str());
        self.pod.tell("Warning", "Failed", error.message.clone(), own);
        if error.reason != "ErrImagePull" || failures == 1 {
            self.pod.tell("Warning", "Failed", format!("Error: {}", error.reason), own);
            self.show_waiting(error.reason, &error.message);
            return;
        }
        let name = self.container.image.as_deref().unwrap_or_default();
        let back_off = format!("Back-off pulling image \"{name}\"");
        self.show_waiting(
            "ImagePullBackOff",
            &format!("{back_off}: {}: {}", error.reason, error.message),
        );
        self.pod.tell("Normal", "BackOff", back_off, own);
        self.pod.tell("Warning", "Failed", "Error: ImagePullBackOff".to_owned(), own);
    }
}
