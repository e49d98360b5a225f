//! The borders between the crates, as ARCHITECTURE.md draws them: who may know whom.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each crate and the crates of this workspace that it may depend on.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("jobling-core", &[]),
    ("jobling-sandbox", &[]),
    ("jobling-images", &[]),
    ("jobling-sdk", &["jobling-sdk-macros"]),
    ("jobling-sdk-macros", &[]),
    ("jobling-store", &["jobling-core"]),
    ("jobling-queues", &["jobling-core"]),
    ("jobling-server", &["jobling-core"]),
    ("jobling-node", &["jobling-core", "jobling-sandbox", "jobling-images", "jobling-queues"]),
    (
        "jobling",
        &[
            "jobling-core",
            "jobling-store",
            "jobling-sandbox",
            "jobling-images",
            "jobling-queues",
            "jobling-node",
            "jobling-server",
        ],
    ),
];

/// Crates that would let time, threads or files into the pure room.
const NOT_IN_CORE: [&str; 6] = ["tokio", "rusqlite", "wasmtime", "hyper", "rustix", "tempfile"];

#[test]
fn a_crate_knows_only_the_crates_below_it() {
    let graph = direct_dependencies();
    for (name, allowed) in MAY_KNOW {
        let known: BTreeSet<&str> =
            graph[name].iter().map(String::as_str).filter(|d| d.starts_with("jobling")).collect();
        let allowed = allowed.iter().copied().collect();
        let beyond: Vec<_> = known.difference(&allowed).collect();
        assert!(beyond.is_empty(), "{name} must not depend on {beyond:?}");
    }
}

#[test]
fn core_has_no_clock_no_files_and_no_runtime() {
    let graph = direct_dependencies();
    for banned in NOT_IN_CORE {
        assert!(
            !graph["jobling-core"].contains(banned),
            "jobling-core must not depend on {banned}"
        );
    }
}

#[test]
fn wasmtime_and_sql_have_one_home_each() {
    let graph = direct_dependencies();
    for (library, home) in [("wasmtime", "jobling-sandbox"), ("rusqlite", "jobling-store")] {
        for (name, _) in MAY_KNOW.iter().filter(|(name, _)| *name != home) {
            assert!(!graph[*name].contains(library), "{name} must not depend on {library}");
        }
        assert!(graph[home].contains(library), "{home} is the home of {library}");
    }
}

/// Returns each workspace crate's direct normal dependencies.
fn direct_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata reads the workspace");
    metadata
        .packages
        .iter()
        .map(|package| {
            let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
            (package.name.to_string(), normal.map(|d| d.name.clone()).collect())
        })
        .collect()
}
