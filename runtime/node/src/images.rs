//! Which image a container gets, and what is said while there is none.

use crate::ports::{ImageError, Images, LocalImage, PullPolicy};

/// Why a container has no image yet, as kubelet words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoImage {
    /// The waiting reason of the first failure.
    pub(crate) reason: &'static str,
    /// A sentence that names the image and the remedy.
    pub(crate) message: String,
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

/// Returns the image of that name, asking for a pull as far as `policy` lets it.
pub(crate) async fn resolve(
    images: &dyn Images,
    image: &str,
    policy: PullPolicy,
) -> Result<LocalImage, NoImage> {
    let here = images.local(image).map_err(|error| no_image(image, policy, error))?;
    match (policy, here) {
        (PullPolicy::Never | PullPolicy::IfNotPresent, Some(found)) => Ok(found),
        (PullPolicy::Never, None) => {
            let error = ImageError::NotHere { image: image.to_owned() };
            Err(no_image(image, policy, error))
        }
        (PullPolicy::Always | PullPolicy::IfNotPresent, _) => {
            images.pull(image).await.map_err(|error| no_image(image, policy, error))
        }
    }
}

fn no_image(image: &str, policy: PullPolicy, error: ImageError) -> NoImage {
    let reason = match (&error, policy) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PlayedImages;

    #[tokio::test]
    async fn the_policy_decides_what_is_said_of_a_missing_image() {
        let images = PlayedImages::default();
        images.put("here");
        for (image, policy, reason) in [
            ("here", PullPolicy::Always, None),
            ("here", PullPolicy::IfNotPresent, None),
            ("here", PullPolicy::Never, None),
            ("gone", PullPolicy::Always, Some("ErrImagePull")),
            ("gone", PullPolicy::IfNotPresent, Some("ErrImagePull")),
            ("gone", PullPolicy::Never, Some("ErrImageNeverPull")),
            ("BAD NAME", PullPolicy::Never, Some("InvalidImageName")),
        ] {
            let outcome = resolve(&images, image, policy).await;
            let told = outcome.as_ref().err().map(|error| error.reason);
            assert_eq!(told, reason, "{image} {policy:?}");
            if let Err(error) = outcome.as_ref().map(|_| ()).map_err(Clone::clone) {
                assert!(error.message.contains(image), "{}", error.message);
            }
        }
    }
}
