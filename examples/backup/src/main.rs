//! Packs the folder `SOURCE` into an archive in `BACKUPS` (`/backups` unless set), named after
//! `BACKUP_TIME`, and keeps the newest `KEEP` archives.
//!
//! Without `SOURCE`, what is packed is `BACKUPS` itself, less the archives in it.

mod archive;
mod rotation;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many archives are kept where `KEEP` does not say.
const KEEP: usize = 7;

fn main() -> ExitCode {
    match back_up() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn back_up() -> Result<(), Box<dyn Error>> {
    let backups = PathBuf::from(env::var("BACKUPS").unwrap_or_else(|_| "/backups".to_owned()));
    let source = env::var("SOURCE").map_or_else(|_| backups.clone(), PathBuf::from);
    let keep = match env::var("KEEP") {
        Ok(text) => rotation::keep(&text)?,
        Err(_) => KEEP,
    };
    let name = rotation::name_of(&time()?)?;
    let files = archive::files_below(&source, |path| is_archive(path, &backups))?;
    let bytes = write(&backups, &name, &source, &files)?;
    println!("{}: {} files, {bytes} bytes", backups.join(&name).display(), files.len());
    for old in rotation::surplus(&names_in(&backups)?, keep) {
        fs::remove_file(backups.join(&old))?;
        println!("removed {old}");
    }
    Ok(())
}

/// Returns when this run was scheduled; the present second where nobody says.
fn time() -> Result<String, Box<dyn Error>> {
    match env::var("BACKUP_TIME") {
        Ok(time) => Ok(time),
        Err(_) => {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            Ok(rotation::rfc3339(seconds))
        }
    }
}

/// An archive of an earlier run is not packed into the next one.
fn is_archive(path: &Path, backups: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.parent() == Some(backups) && (rotation::is_archive(name) || rotation::is_partial(name))
}

/// Writes the archive under another name, and gives it its own once it is whole.
fn write(
    backups: &Path,
    name: &str,
    source: &Path,
    files: &[PathBuf],
) -> Result<u64, Box<dyn Error>> {
    fs::create_dir_all(backups)?;
    let partial = backups.join(rotation::partial(name));
    let file = fs::File::create(&partial)
        .map_err(|error| format!("{} cannot be written: {error}", partial.display()))?;
    archive::pack(file, source, files)?;
    fs::rename(&partial, backups.join(name))?;
    Ok(fs::metadata(backups.join(name))?.len())
}

fn names_in(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}
