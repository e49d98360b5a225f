//! What a module will need of its manifest, told from what it imports.

use jobling_images::Summary;

/// What imports mean: the beginning of their names, and what the manifest has to give.
const MEANINGS: [(&str, &str); 7] = [
    ("wasi_snapshot_preview1.path_", "files: a volume for each directory that it uses"),
    ("wasi:filesystem/", "files: a volume for each directory that it uses"),
    (
        "wasi_snapshot_preview1.sock_",
        "network: nothing that a module can be given; build a component",
    ),
    ("wasi:sockets/tcp", "network: the annotation jobling.dev/allow-outbound"),
    ("wasi:sockets/udp", "network: the annotation jobling.dev/allow-outbound"),
    ("wasi:http/outgoing-handler", "network: the annotation jobling.dev/allow-outbound"),
    ("jobling:task/", "the host's interface for tasks: QUEUE_URL, where it takes from a queue"),
];

/// Returns what the manifest has to give, in words, each once; nothing for a module that computes and
/// prints.
pub(crate) fn needs(summary: &Summary) -> Vec<&'static str> {
    let mut needs = Vec::new();
    for (prefix, need) in MEANINGS {
        let imports_it = summary.imports.iter().any(|import| import.name.starts_with(prefix));
        if imports_it && !needs.contains(&need) {
            needs.push(need);
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use jobling_images::{Extern, ImageKind, Sort};

    use super::*;

    #[test]
    fn each_need_is_told_once_and_a_module_that_prints_has_none() {
        for (imports, expected) in [
            (vec!["wasi_snapshot_preview1.fd_write"], 0),
            (vec!["wasi_snapshot_preview1.path_open", "wasi_snapshot_preview1.path_rename"], 1),
            (vec!["wasi:filesystem/types@0.2.3", "wasi:sockets/tcp@0.2.3"], 2),
        ] {
            let import = |name: &str| Extern { name: name.to_owned(), sort: Sort::Func };
            let imports: Vec<Extern> = imports.into_iter().map(import).collect();
            let summary = Summary { kind: ImageKind::Module, imports, exports: Vec::new() };
            assert_eq!(needs(&summary).len(), expected, "{summary:?}");
        }
    }
}
