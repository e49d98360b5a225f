//! Which image a container gets, whether a registry is asked for it, and what is said while there is none.
//! The sentences are kubelet's (`pkg/kubelet/images/image_manager.go`).

use std::time::Duration;

use crate::ports::{ImageError, ImageSource, Images, LocalImage, PullPolicy, PulledImage};

/// Why a container has no image yet, as kubelet words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoImage {
    /// The waiting reason of the first failure.
    pub(crate) reason: &'static str,
    /// A sentence that names the image and the remedy.
    pub(crate) message: String,
}

/// What is to be done for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: it is here.
    Take(LocalImage),
    /// A registry is to be asked.
    Pull,
}

impl PullPolicy {
    /// Returns the policy of a container's `imagePullPolicy`, which the API has filled in.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some("Always") => Self::Always,
            Some("Never") => Self::Never,
            Some(_) | None => Self::IfNotPresent,
        }
    }
}

/// Returns what `policy` makes of the image of that name. One that a person imported is the newest there is,
/// whatever the policy.
pub(crate) fn step(images: &dyn Images, image: &str, policy: PullPolicy) -> Result<Step, NoImage> {
    let here = images.local(image).map_err(|error| no_image(image, policy, &error))?;
    match (policy, here) {
        (PullPolicy::Never | PullPolicy::IfNotPresent, Some(found)) => Ok(Step::Take(found)),
        (PullPolicy::Always, Some(found)) if found.source == ImageSource::Imported => {
            Ok(Step::Take(found))
        }
        (PullPolicy::Always | PullPolicy::IfNotPresent, _) if images.has_registry(image) => {
            Ok(Step::Pull)
        }
        (PullPolicy::Always | PullPolicy::IfNotPresent | PullPolicy::Never, _) => {
            let error = ImageError::NotHere { image: image.to_owned() };
            Err(no_image(image, policy, &error))
        }
    }
}

pub(crate) fn no_image(image: &str, policy: PullPolicy, error: &ImageError) -> NoImage {
    let reason = match (error, policy) {
        (ImageError::BadName { .. }, _) => "InvalidImageName",
        (ImageError::NotHere { .. } | ImageError::PullFailed { .. }, PullPolicy::Never) => {
            "ErrImageNeverPull"
        }
        (
            ImageError::NotHere { .. } | ImageError::PullFailed { .. },
            PullPolicy::Always | PullPolicy::IfNotPresent,
        ) => "ErrImagePull",
    };
    let message = match reason {
        "InvalidImageName" => format!("Failed to apply default image tag \"{image}\": {error}"),
        "ErrImageNeverPull" => {
            format!("Container image \"{image}\" is not present with pull policy of Never: {error}")
        }
        _ => format!("Failed to pull image \"{image}\": {error}"),
    };
    NoImage { reason, message }
}

/// Returns what is said of a pull that went well.
pub(crate) fn pulled_message(image: &str, pulled: &PulledImage) -> String {
    format!(
        "Successfully pulled image \"{image}\" in {} ({} including waiting). Image size: {} bytes.",
        go_duration(pulled.took),
        go_duration(pulled.took_with_waiting),
        pulled.size_bytes
    )
}

/// Returns a duration as Go prints one that was cut to milliseconds: `12ms`, `1.5s`, `1m2.003s`.
fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (minutes, millis) = (millis / 60_000, millis % 60_000);
    let seconds = format!("{}.{:03}", millis / 1000, millis % 1000);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PlayedImages;

    #[test]
    fn the_policy_and_where_an_image_came_from_decide_whether_a_registry_is_asked() {
        let images = PlayedImages::default();
        images.put("imported");
        images.put("registry/pulled");
        for (image, policy, expected) in [
            ("imported", PullPolicy::Always, "take"),
            ("imported", PullPolicy::IfNotPresent, "take"),
            ("imported", PullPolicy::Never, "take"),
            ("registry/pulled", PullPolicy::Always, "pull"),
            ("registry/pulled", PullPolicy::IfNotPresent, "take"),
            ("registry/pulled", PullPolicy::Never, "take"),
            ("registry/gone", PullPolicy::Always, "pull"),
            ("registry/gone", PullPolicy::IfNotPresent, "pull"),
            ("registry/gone", PullPolicy::Never, "ErrImageNeverPull"),
            ("gone", PullPolicy::Always, "ErrImagePull"),
            ("gone", PullPolicy::IfNotPresent, "ErrImagePull"),
            ("gone", PullPolicy::Never, "ErrImageNeverPull"),
            ("BAD NAME", PullPolicy::Never, "InvalidImageName"),
        ] {
            let found = match step(&images, image, policy) {
                Ok(Step::Take(_)) => "take",
                Ok(Step::Pull) => "pull",
                Err(error) => {
                    assert!(error.message.contains(image), "{}", error.message);
                    error.reason
                }
            };
            assert_eq!(found, expected, "{image} {policy:?}");
        }
    }

    #[test]
    fn a_duration_reads_as_gos() {
        for (millis, text) in [
            (0, "0s"),
            (7, "7ms"),
            (1000, "1s"),
            (1234, "1.234s"),
            (1500, "1.5s"),
            (62_003, "1m2.003s"),
            (120_000, "2m0s"),
            (3_600_000, "1h0m0s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }
}
