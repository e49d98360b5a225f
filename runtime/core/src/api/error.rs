//! What the API answers when it cannot do what was asked, in `metav1.Status`'s terms.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};

use super::{Kind, ObjectKey};

/// `metav1.StatusReason`: the kind of failure, each with its HTTP code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// 400: the request itself cannot be read.
    BadRequest,
    /// 401: no or a wrong token.
    Unauthorized,
    /// 403: the token's role does not allow it, or this host never does it.
    Forbidden,
    /// 404: no such object.
    NotFound,
    /// 405: this resource does not have the verb.
    MethodNotAllowed,
    /// 406: none of the accepted media types is served.
    NotAcceptable,
    /// 409: an object of that name exists.
    AlreadyExists,
    /// 409: the object has changed, or is in a state that refuses this.
    Conflict,
    /// 410: the resourceVersion is older than the kept feed.
    Expired,
    /// 413: the body is over the limit.
    RequestEntityTooLarge,
    /// 415: the body's media type is not taken.
    UnsupportedMediaType,
    /// 422: fields are wrong; `causes` names every one.
    Invalid,
    /// 429: a bound is reached; try again later.
    TooManyRequests,
    /// 500: a fault of this program.
    InternalError,
    /// 503: the daemon is starting or stopping.
    ServiceUnavailable,
    /// 504: it took longer than the time limit.
    Timeout,
    /// 507: the disk is full or failing; nothing was changed.
    InsufficientStorage,
}

impl Reason {
    /// Returns the HTTP status code.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
            Self::InsufficientStorage => 507,
        }
    }

    /// Returns the word in `status.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Expired => "Expired",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::Invalid => "Invalid",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalError => "InternalError",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Timeout => "Timeout",
            Self::InsufficientStorage => "InsufficientStorage",
        }
    }
}

/// The group of a request's options.
const META: &str = "meta.k8s.io";

/// One wrong field, as `details.causes` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `metav1.CauseType`, such as `FieldValueInvalid`.
    pub reason: &'static str,
    /// The path, such as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What is wrong, such as `Invalid value: -1: must be greater than or equal to 0`.
    pub message: String,
}

/// A refusal, as the API gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The kind of failure.
    pub reason: Reason,
    /// A sentence for a person.
    pub message: String,
    /// What it is about.
    pub key: Option<ObjectKey>,
    /// The request's own options, such as `PatchOptions`, where those are what is wrong.
    pub options: Option<&'static str>,
    /// Every wrong field, for [`Reason::Invalid`].
    pub causes: Vec<Cause>,
    /// When to try again, in seconds.
    pub retry_after_seconds: Option<u32>,
}

impl ApiError {
    /// Returns a refusal that is about no object in particular.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            key: None,
            options: None,
            causes: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Returns the refusal for an object that does not exist.
    #[must_use]
    pub fn not_found(key: ObjectKey) -> Self {
        let message = format!("{} \"{}\" not found", qualified(key.kind), key.name);
        Self { key: Some(key), ..Self::new(Reason::NotFound, message) }
    }

    /// Returns the refusal for a name that is taken.
    #[must_use]
    pub fn already_exists(key: ObjectKey) -> Self {
        let message = format!("{} \"{}\" already exists", qualified(key.kind), key.name);
        Self { key: Some(key), ..Self::new(Reason::AlreadyExists, message) }
    }

    /// Returns the refusal of what this host never does.
    #[must_use]
    pub fn forbidden(key: ObjectKey, why: &str) -> Self {
        let message = format!("{} \"{}\" is forbidden: {why}", qualified(key.kind), key.name);
        Self { key: Some(key), ..Self::new(Reason::Forbidden, message) }
    }

    /// Returns the refusal for an object that has changed or refuses the change now.
    #[must_use]
    pub fn conflict(key: ObjectKey, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": {why}",
            qualified(key.kind),
            key.name
        );
        Self { key: Some(key), ..Self::new(Reason::Conflict, message) }
    }

    /// Returns the refusal for an object with wrong fields: all of them at once.
    #[must_use]
    pub fn invalid(key: ObjectKey, causes: Vec<Cause>) -> Self {
        let fields = said_once(&causes);
        let kind = match key.kind.group() {
            "" => key.kind.name().to_owned(),
            group => format!("{}.{group}", key.kind.name()),
        };
        let message = format!("{kind} \"{}\" is invalid: {fields}", key.name);
        Self { key: Some(key), causes, ..Self::new(Reason::Invalid, message) }
    }

    /// Returns the refusal of a request whose own options, such as `PatchOptions`, are wrong.
    #[must_use]
    pub fn invalid_options(options: &'static str, causes: Vec<Cause>) -> Self {
        let message = format!("{options}.{META} \"\" is invalid: {}", said_once(&causes));
        Self { options: Some(options), causes, ..Self::new(Reason::Invalid, message) }
    }

    /// Returns the refusal as the API writes it.
    #[must_use]
    pub fn to_status(&self) -> Status {
        let causes = self.causes.iter().map(|cause| StatusCause {
            reason: Some(cause.reason.to_owned()),
            field: Some(cause.field.clone()),
            message: Some(cause.message.clone()),
        });
        let details = StatusDetails {
            name: self.key.as_ref().map(|key| key.name.clone()).filter(|name| !name.is_empty()),
            group: match (&self.key, self.options) {
                (Some(key), _) => {
                    Some(key.kind.group().to_owned()).filter(|group| !group.is_empty())
                }
                (None, Some(_)) => Some(META.to_owned()),
                (None, None) => None,
            },
            kind: match &self.key {
                Some(key) => Some(self.kind_word(key)),
                None => self.options.map(str::to_owned),
            },
            causes: (!self.causes.is_empty()).then(|| causes.collect()),
            retry_after_seconds: self.retry_after_seconds.map(u32::cast_signed),
            ..StatusDetails::default()
        };
        Status {
            code: Some(i32::from(self.reason.code())),
            status: Some("Failure".to_owned()),
            reason: Some(self.reason.as_str().to_owned()),
            message: Some(self.message.clone()),
            details: Some(details).filter(|details| *details != StatusDetails::default()),
            ..Status::default()
        }
    }

    /// `details.kind` is the Kind where fields are wrong and the resource elsewhere, as apimachinery's
    /// `errors.NewInvalid` and `errors.NewNotFound` have it.
    fn kind_word(&self, key: &ObjectKey) -> String {
        let invalid = self.reason == Reason::Invalid;
        (if invalid { key.kind.name() } else { key.kind.plural() }).to_owned()
    }
}

/// Returns what is wrong in one sentence, each said once as apimachinery's `ToAggregate` does, though the
/// causes keep every one.
fn said_once(causes: &[Cause]) -> String {
    let mut list: Vec<String> = Vec::new();
    for cause in causes {
        let said = format!("{}: {}", cause.field, cause.message);
        if !list.contains(&said) {
            list.push(said);
        }
    }
    match list.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// Returns `jobs.batch` or `pods`.
fn qualified(kind: Kind) -> String {
    match kind.group() {
        "" => kind.plural().to_owned(),
        group => format!("{}.{group}", kind.plural()),
    }
}
