//! Paths as templates give them: those within a volume, and those that a guest sees.

use std::cell::Cell;

use k8s_openapi::api::core::v1::VolumeMount;

use super::error::Why;
use crate::env::expand;

/// Returns `path` if it stays within what it is relative to, whatever lies there.
pub(super) fn inner(path: &str) -> Result<&str, Why> {
    let leaves = path.starts_with('/') || path.split('/').any(|part| part == "..");
    if leaves { Err(Why::Leaves(path.to_owned())) } else { Ok(path) }
}

/// Returns what a container mounts of a volume: its subPath, or its subPathExpr filled in from `env`;
/// empty for the whole volume.
pub(super) fn sub_path(mount: &VolumeMount, env: &[(String, String)]) -> Result<String, Why> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let path = match (given(&mount.sub_path_expr), given(&mount.sub_path)) {
        (Some(expression), _) => filled(&expression, env)?,
        (None, path) => path.unwrap_or_default(),
    };
    inner(&path)?;
    Ok(path)
}

/// Unlike in env and args, a variable that is missing is an error: the whole volume would be mounted.
fn filled(expression: &str, env: &[(String, String)]) -> Result<String, Why> {
    let missing = Cell::new(None);
    let path = expand(expression, |name| {
        let found = env.iter().find(|(known, _)| known == name);
        if found.is_none() {
            missing.set(Some(name.to_owned()));
        }
        found.map(|(_, value)| value.as_str())
    });
    match missing.into_inner() {
        Some(name) => Err(Why::NoVariable(name)),
        None => Ok(path),
    }
}

/// Returns a mountPath as guests see it: absolute, without `.`, `..` or a slash too many.
pub(super) fn guest(mount_path: &str) -> String {
    let mut parts = Vec::new();
    for part in mount_path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Returns the directory and the name of a file at a path that [`guest`] made; `None` for the root.
pub(super) fn parent(path: &str) -> Option<(&str, &str)> {
    let (directory, name) = path.rsplit_once('/')?;
    let directory = if directory.is_empty() { "/" } else { directory };
    (!name.is_empty()).then_some((directory, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_path_stays_within_its_volume() {
        let env = [("POD".to_owned(), "report-x".to_owned()), ("UP".to_owned(), "..".to_owned())];
        for (path, expression, outcome) in [
            (None, None, Ok("")),
            (Some("a/b"), None, Ok("a/b")),
            (Some("..a"), None, Ok("..a")),
            (Some(".."), None, Err("path \"..\" must be relative and must not contain \"..\"")),
            (
                Some("a/../b"),
                None,
                Err("path \"a/../b\" must be relative and must not contain \"..\""),
            ),
            (Some("/etc"), None, Err("path \"/etc\" must be relative and must not contain \"..\"")),
            (None, Some("logs/$(POD)"), Ok("logs/report-x")),
            (
                None,
                Some("$(UP)/x"),
                Err("path \"../x\" must be relative and must not contain \"..\""),
            ),
            (None, Some("$(NONE)"), Err("missing value for \"NONE\"")),
        ] {
            let mount = VolumeMount {
                sub_path: path.map(str::to_owned),
                sub_path_expr: expression.map(str::to_owned),
                ..VolumeMount::default()
            };
            let found = sub_path(&mount, &env).map_err(|why| why.to_string());
            assert_eq!(
                found.as_deref().map_err(String::as_str),
                outcome,
                "{path:?} {expression:?}"
            );
        }
    }

    #[test]
    fn a_mount_path_is_absolute_and_plain() {
        for (given, seen, parts) in [
            ("/data", "/data", Some(("/", "data"))),
            ("data/", "/data", Some(("/", "data"))),
            ("/etc//app/./x.conf", "/etc/app/x.conf", Some(("/etc/app", "x.conf"))),
            ("/a/../../b", "/b", Some(("/", "b"))),
            ("/", "/", None),
        ] {
            assert_eq!(guest(given), seen, "{given}");
            assert_eq!(parent(seen), parts, "{given}");
        }
    }
}
