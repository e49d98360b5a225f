//! How a change is to be made, as the query says: `metav1.CreateOptions` and its kin, judged as
//! apimachinery's `meta/v1/validation` judges them.

use jobling_core::api::{ApiError, Cause};
use jobling_core::engine::{DryRun, FieldValidation, WriteOptions};

use crate::route::Query;

/// The bytes that the name of a manager may have.
const MANAGER_BYTES: usize = 128;

/// Whose options are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Options {
    /// A create's.
    Create,
    /// An update's.
    Update,
    /// A patch's.
    Patch,
    /// A server-side apply's: a patch that must name its manager.
    Apply,
    /// A deletion's.
    Delete,
}

impl Options {
    const fn kind(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Patch | Self::Apply => "PatchOptions",
            Self::Delete => "DeleteOptions",
        }
    }
}

/// Returns how a change is to be made that `agent`, the client's program, asks for.
///
/// # Errors
/// `Invalid` with everything that is wrong.
pub(crate) fn read(query: &Query, of: Options, agent: &str) -> Result<WriteOptions, ApiError> {
    let mut causes = Vec::new();
    let mut dry_run = DryRun::None;
    for value in query.all("dryRun").filter(|value| !value.is_empty()) {
        dry_run = DryRun::All;
        if value != "All" {
            causes.push(unsupported("dryRun", value, "\"All\""));
        }
    }
    let field_validation = match query.get("fieldValidation") {
        None | Some("Warn") => FieldValidation::Warn,
        Some("Ignore") => FieldValidation::Ignore,
        Some("Strict") => FieldValidation::Strict,
        Some(other) => {
            causes.push(unsupported("fieldValidation", other, "\"Ignore\", \"Strict\", \"Warn\""));
            FieldValidation::Warn
        }
    };
    let manager = query.get("fieldManager");
    causes.extend(check_manager(manager, of));
    if of == Options::Patch && query.is_set("force")? {
        let why = "Forbidden: may not be specified for non-apply patch";
        causes.push(cause("FieldValueForbidden", "force", why.to_owned()));
    }
    if !causes.is_empty() {
        return Err(ApiError::invalid_options(of.kind(), causes));
    }
    let field_manager = Some(manager.map_or_else(|| program(agent), str::to_owned));
    Ok(WriteOptions { dry_run, field_validation, field_manager, subresource: None })
}

fn check_manager(manager: Option<&str>, of: Options) -> Vec<Cause> {
    let field = "fieldManager";
    let mut causes = Vec::new();
    match manager {
        None if of == Options::Apply => {
            let why = "Required value: is required for apply patch";
            causes.push(cause("FieldValueRequired", field, why.to_owned()));
        }
        None => {}
        Some(name) => {
            if name.len() > MANAGER_BYTES {
                let why = format!("Too long: may not be more than {MANAGER_BYTES} bytes");
                causes.push(cause("FieldValueTooLong", field, why));
            }
            if name.chars().any(char::is_control) {
                let why =
                    format!("Invalid value: {name:?}: should only contain printable characters");
                causes.push(cause("FieldValueInvalid", field, why));
            }
        }
    }
    causes
}

/// Returns the name of a program without its version, as apiserver's `prefixFromUserAgent`.
fn program(agent: &str) -> String {
    let name = agent.split('/').next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    name[..name.floor_char_boundary(MANAGER_BYTES)].to_owned()
}

fn unsupported(field: &str, given: &str, rule: &str) -> Cause {
    let message = format!("Unsupported value: {given:?}: supported values: {rule}");
    cause("FieldValueNotSupported", field, message)
}

fn cause(reason: &'static str, field: &str, message: String) -> Cause {
    Cause { reason, field: field.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_judged_as_the_api_server_judges_them() {
        let long = format!("fieldManager={}", "m".repeat(129));
        for (of, query, message) in [
            (
                Options::Apply,
                "",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required \
                 for apply patch",
            ),
            (
                Options::Patch,
                "force=true",
                "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified \
                 for non-apply patch",
            ),
            (
                Options::Create,
                "dryRun=Some&fieldValidation=Loose",
                "CreateOptions.meta.k8s.io \"\" is invalid: [dryRun: Unsupported value: \"Some\": \
                 supported values: \"All\", fieldValidation: Unsupported value: \"Loose\": \
                 supported values: \"Ignore\", \"Strict\", \"Warn\"]",
            ),
            (
                Options::Update,
                &long,
                "UpdateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more \
                 than 128 bytes",
            ),
        ] {
            let error = read(&Query::parse(query), of, "").unwrap_err();
            assert_eq!(error.message, message, "{query}");
        }
    }

    #[test]
    fn a_change_is_its_managers_or_else_its_programs() {
        for (query, agent, manager) in [
            ("fieldManager=me", "kubectl/v1.37.1 (linux/amd64)", "me"),
            ("", "kubectl/v1.37.1 (linux/amd64)", "kubectl"),
            ("", "", ""),
        ] {
            let options = read(&Query::parse(query), Options::Update, agent).unwrap();
            assert_eq!(options.field_manager.as_deref(), Some(manager), "{query} {agent}");
        }
    }
}
