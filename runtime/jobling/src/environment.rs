//! What this process reads of its environment, in one place: directories that belong to the user.

use std::path::{Path, PathBuf};

use crate::build::Tools;

/// Returns the data directory of a daemon that is told of none: /var/lib/jobling for root, else
/// `$XDG_STATE_HOME/jobling` or `~/.local/state/jobling`.
pub(crate) fn default_data_directory() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/jobling");
    }
    user_directory("XDG_STATE_HOME", ".local/state").join("jobling")
}

/// Where systemd listens for a daemon that it runs: `jobling install` says so in the socket's unit.
pub(crate) const SYSTEM_SOCKET: &str = "/run/jobling/jobling.sock";

/// Returns the socket of a daemon that nobody names: the one in the default data directory, or the
/// system's where that one is not there.
pub(crate) fn default_socket() -> PathBuf {
    let own = default_data_directory().join("jobling.sock");
    let system = PathBuf::from(SYSTEM_SOCKET);
    if !own.exists() && system.exists() { system } else { own }
}

/// Returns what builds tasks on this machine.
pub(crate) fn tools() -> Tools {
    Tools {
        toolchain: toolchain_directory(),
        path: variable("PATH").unwrap_or_default().into(),
        wasi_sdk: variable("WASI_SDK_PATH").map(PathBuf::from),
        checkout: checkout(),
    }
}

/// Returns the source that this program was built in, or that it is called in.
fn checkout() -> Option<PathBuf> {
    let (program, directory) = (std::env::current_exe().ok(), std::env::current_dir().ok());
    let is_source = |path: &&Path| {
        path.join("sdk/Cargo.toml").is_file() && path.join("runtime/jobling/Cargo.toml").is_file()
    };
    let mut starts = [program, directory].into_iter().flatten();
    starts.find_map(|start| start.ancestors().find(is_source).map(Path::to_owned))
}

/// Returns where scripts/toolchain puts what builds tasks: `$JOBLING_TOOLCHAIN`, else
/// `$XDG_DATA_HOME/jobling/toolchain` or `~/.local/share/jobling/toolchain`.
fn toolchain_directory() -> PathBuf {
    match variable("JOBLING_TOOLCHAIN") {
        Some(directory) => PathBuf::from(directory),
        None => user_directory("XDG_DATA_HOME", ".local/share").join("jobling/toolchain"),
    }
}

/// Returns where compiled code of runs without a data directory is kept: `$XDG_CACHE_HOME/jobling` or
/// `~/.cache/jobling`; `None` where there is no such place.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let directory = user_directory("XDG_CACHE_HOME", ".cache").join("jobling");
    std::fs::create_dir_all(&directory).ok()?;
    Some(directory.join("code"))
}

/// Returns where docker keeps credentials: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
pub(crate) fn docker_config_file() -> PathBuf {
    let directory = variable("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")).join(".docker");
    directory.unwrap_or_else(home).join("config.json")
}

/// Returns an environment variable's value; one that is empty counts as unset.
#[expect(clippy::disallowed_methods, reason = "this file is the reader of the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn user_directory(name: &str, below_home: &str) -> PathBuf {
    match variable(name).map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(directory) => directory,
        None => std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")).join(below_home),
    }
}
