//! The rules of the house that no compiler keeps: licences, sizes, headers, and words that must not be
//! on main.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// Licences that a dependency may be used under.
const LICENCES: [&str; 9] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
];

/// A file is read at a sitting: its lines before the tests.
const MAX_LINES: usize = 400;

#[test]
fn every_dependency_may_be_used() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked", "--filter-platform", "host-tuple"].map(str::to_owned))
        .exec()
        .expect("cargo metadata reads the workspace");
    let used: BTreeSet<_> =
        metadata.resolve.iter().flat_map(|graph| &graph.nodes).map(|node| &node.id).collect();
    for package in metadata.packages.iter().filter(|package| used.contains(&package.id)) {
        let licence = package.license.as_deref().unwrap_or("none");
        assert!(is_allowed(licence), "{} {} has {licence}", package.name, package.version);
    }
}

#[test]
fn a_licence_is_allowed_where_each_part_has_an_allowed_alternative() {
    let rows = [
        ("MIT", true),
        ("Unlicense/MIT", true),
        ("GPL-3.0 OR MIT", true),
        ("(Apache-2.0 OR MIT) AND BSD-3-Clause", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("none", false),
    ];
    for (licence, allowed) in rows {
        assert_eq!(is_allowed(licence), allowed, "{licence}");
    }
}

#[test]
fn every_file_says_what_it_is_and_is_read_at_a_sitting() {
    for (path, text) in sources() {
        let path = path.display();
        assert!(text.starts_with("//! "), "{path} begins with what it decides or does");
        let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        assert!(lines <= MAX_LINES, "{path} has {lines} lines before its tests");
    }
}

#[test]
fn nothing_unfinished_is_on_main() {
    let words = ["TO\x44O", "FIX\x4dE", "#[ig\x6eore", "#[should_\x70anic", "unimpl\x65mented!("];
    for (path, text) in sources() {
        for word in words {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn every_script_stops_at_its_first_error() {
    for folder in ["scripts", ".ci"] {
        for entry in fs::read_dir(root().join(folder)).expect(folder) {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a script");
            let careful = text.contains("set -euo pipefail") || text.contains("\nexec ");
            assert!(text.starts_with("#!/") && careful, "{}", path.display());
        }
    }
}

fn is_allowed(licence: &str) -> bool {
    licence.replace('/', " OR ").split(" AND ").all(|part| {
        let alternatives = part.trim_matches(['(', ')']).split(" OR ");
        alternatives.map(str::trim).any(|name| LICENCES.contains(&name))
    })
}

/// Returns the project's Rust files and their text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["runtime", "sdk", "tests", "benches", "examples"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50, "the project has more files than {}", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            found.push((path, text));
        }
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
