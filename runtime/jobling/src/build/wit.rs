//! The world of tasks that are components: the author's own in `wit/`, else the one that suits most.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::builder::Site;
use super::error::BuildError;

/// The world's name.
pub(super) const WORLD: &str = "task";

/// Its files, by their place.
const FILES: [(&str, &str); 2] = [
    ("world.wit", include_str!("wit/world.wit")),
    ("deps/cli/cli.wit", include_str!("wit/cli.wit")),
];

/// Returns the directory that holds the world `task`.
pub(super) fn world(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let own = site.root.join("wit");
    if own.is_dir() {
        return Ok(own);
    }
    let directory = site.scratch.join("wit");
    for (name, text) in FILES {
        let path = directory.join(name);
        write(&path, text).map_err(|source| BuildError::File { path, source })?;
    }
    Ok(directory)
}

fn write(path: &std::path::Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}
