//! Why a request came to nothing, in kubectl's words where the server answered and with the next step
//! where it did not.

use super::Target;

/// A refusal by the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StatusError {
    /// `metav1.StatusReason`, such as `NotFound`.
    pub(crate) reason: String,
    /// A sentence.
    pub(crate) message: String,
    /// The name of what it is about.
    pub(crate) name: String,
    /// The kind, or the resource, of what it is about.
    pub(crate) kind: String,
    /// The HTTP code.
    pub(crate) code: u16,
    /// Every wrong field: path and message.
    pub(crate) causes: Vec<(String, String)>,
}

impl StatusError {
    /// Returns whether this is the refusal for `reason`.
    pub(crate) fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }

    /// Returns the refusal in a `metav1.Status`, such as a watch delivers.
    pub(crate) fn of_value(value: &serde_json::Value) -> Self {
        serde_json::from_value::<kube::core::Status>(value.clone())
            .map(Self::from)
            .unwrap_or_default()
    }
}

impl From<kube::core::Status> for StatusError {
    fn from(status: kube::core::Status) -> Self {
        let cause = |cause: kube::core::response::StatusCause| (cause.field, cause.message);
        let (name, kind, causes) = match status.details {
            Some(details) => (details.name, details.kind, details.causes),
            None => Default::default(),
        };
        Self {
            reason: status.reason,
            message: status.message,
            name,
            kind,
            code: status.code,
            causes: causes.into_iter().map(cause).collect(),
        }
    }
}

/// As kubectl prints it (`cmdutil.StandardErrorMessage`).
impl std::fmt::Display for StatusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is("Invalid") && !self.causes.is_empty() {
            write!(f, "The {} \"{}\" is invalid: ", self.kind, self.name)?;
            return match self.causes.as_slice() {
                [(field, message)] => write!(f, "{field}: {message}"),
                many => many.iter().try_for_each(|(field, m)| write!(f, "\n* {field}: {m}")),
            };
        }
        match self.reason.as_str() {
            "" => write!(f, "Error from server: {}", self.message),
            reason => write!(f, "Error from server ({reason}): {}", self.message),
        }
    }
}

impl std::error::Error for StatusError {}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The server refused it.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The server did not answer, or not in the API's form.
    #[error("{}", unreachable(.target, .source))]
    Unreachable {
        /// Which server.
        target: Target,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The stream broke off.
    #[error("the server at {target} broke off its answer: {source}")]
    BrokenOff {
        /// Which server.
        target: Target,
        /// Why.
        source: std::io::Error,
    },
    /// The server does not have the kind.
    #[error(
        "the server doesn't have a resource type \"{word}\"{}",
        .nearest.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default()
    )]
    UnknownKind {
        /// What was asked for.
        word: String,
        /// What may be meant.
        nearest: Option<&'static str>,
    },
    /// What was asked for makes no URL.
    #[error("\"{what}\" is no name of an object")]
    Unreadable {
        /// What was asked for.
        what: String,
    },
}

fn unreachable(target: &Target, error: &kube::Error) -> String {
    let why = innermost(error);
    match target {
        Target::Socket(path) if !path.exists() => {
            format!("no daemon listens on {}; start it with: jobling serve", path.display())
        }
        Target::Socket(path) if why.contains("refused") => format!(
            "no daemon listens on {} any more; start it with: jobling serve",
            path.display()
        ),
        Target::Socket(path) => {
            format!("the daemon on {} cannot be reached: {why}", path.display())
        }
        Target::Url(url) => format!("the server {url} cannot be reached: {why}"),
    }
}

/// Returns the last cause, which says most: the others are the layers through which it came.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_kubectl_prints_it() {
        let not_found = StatusError {
            reason: "NotFound".into(),
            message: "jobs.batch \"x\" not found".into(),
            ..StatusError::default()
        };
        assert_eq!(
            not_found.to_string(),
            "Error from server (NotFound): jobs.batch \"x\" not found"
        );
        let invalid = |causes: &[(&str, &str)]| StatusError {
            reason: "Invalid".into(),
            name: "x".into(),
            kind: "Job".into(),
            causes: causes.iter().map(|(f, m)| ((*f).to_owned(), (*m).to_owned())).collect(),
            ..StatusError::default()
        };
        assert_eq!(
            invalid(&[("spec.template", "field is immutable")]).to_string(),
            "The Job \"x\" is invalid: spec.template: field is immutable"
        );
        assert_eq!(
            invalid(&[("a", "one"), ("b", "two")]).to_string(),
            "The Job \"x\" is invalid: \n* a: one\n* b: two"
        );
    }
}
