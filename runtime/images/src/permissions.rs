//! What a module will ask its host for, read off its imports, and what a manifest must say to let it.

use serde::{Deserialize, Serialize};

use crate::{ImageKind, Summary};

/// Something that a module can only do where it is let.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Open files: it sees its volumes and nothing else.
    Files,
    /// Open connections: where `jobling.dev/allow-outbound` names them.
    Network,
    /// Send HTTP requests: likewise.
    Http,
    /// Speak to the host about its task: progress, work queues, secrets by handle.
    Task,
}

impl Permission {
    /// Returns what a module or component needs, in order. Clocks, random numbers, arguments and its own
    /// output need none.
    #[must_use]
    pub fn of(summary: &Summary) -> Vec<Self> {
        let needs = summary.imports.iter().filter_map(|import| match summary.kind {
            ImageKind::Module => of_preview1(import.name.strip_prefix("wasi_snapshot_preview1.")?),
            ImageKind::Component => of_interface(&import.name),
        });
        let mut needs: Vec<Self> = needs.collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// Returns what that means for a manifest.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Files => "opens files; it sees its volumeMounts alone",
            Self::Network => {
                "opens connections; the annotation jobling.dev/allow-outbound must name them"
            }
            Self::Http => {
                "sends HTTP requests; the annotation jobling.dev/allow-outbound must name their hosts"
            }
            Self::Task => "speaks to the host about its task",
        }
    }
}

fn of_preview1(function: &str) -> Option<Permission> {
    match function {
        name if name.starts_with("path_") => Some(Permission::Files),
        name if name.starts_with("sock_") => Some(Permission::Network),
        _ => None,
    }
}

fn of_interface(name: &str) -> Option<Permission> {
    let (package, _) = name.split_once('/')?;
    match package {
        "wasi:filesystem" => Some(Permission::Files),
        "wasi:sockets" => Some(Permission::Network),
        "wasi:http" => Some(Permission::Http),
        "jobling:task" => Some(Permission::Task),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Extern, Sort};

    #[test]
    fn imports_tell_what_a_module_needs() {
        use Permission::{Files, Http, Network, Task};
        let (module, component) = (ImageKind::Module, ImageKind::Component);
        for (kind, imports, expected) in [
            (
                module,
                vec!["wasi_snapshot_preview1.fd_write", "wasi_snapshot_preview1.random_get"],
                vec![],
            ),
            (
                module,
                vec!["wasi_snapshot_preview1.path_open", "wasi_snapshot_preview1.path_unlink_file"],
                vec![Files],
            ),
            (module, vec!["wasi_snapshot_preview1.sock_accept", "env.path_open"], vec![Network]),
            (component, vec!["wasi:cli/stdout@0.2.6", "wasi:clocks/wall-clock@0.2.6"], vec![]),
            (
                component,
                vec![
                    "wasi:http/types@0.2.0",
                    "wasi:sockets/tcp@0.2.0",
                    "wasi:filesystem/types@0.2.0",
                    "jobling:task/queue@0.1.0",
                ],
                vec![Files, Network, Http, Task],
            ),
        ] {
            let named = |name: &&str| Extern { name: (*name).to_owned(), sort: Sort::Func };
            let imports: Vec<Extern> = imports.iter().map(named).collect();
            let summary = Summary { kind, imports, exports: Vec::new() };
            assert_eq!(Permission::of(&summary), expected, "{summary:?}");
        }
    }
}
