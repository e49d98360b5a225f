//! Removes the files below `FOLDER` (`/data` unless set) that were last changed more than `MAX_AGE_DAYS`
//! ago, and folders that are empty then. `SUFFIX` narrows it to files whose names end so; with
//! `DRY_RUN=true` nothing is removed. The argument `sample` makes some old files instead, for trying.

mod sweep;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use sweep::{Found, Rule};

const DAY: Duration = Duration::from_secs(86_400);

fn main() -> ExitCode {
    let folder = PathBuf::from(env::var("FOLDER").unwrap_or_else(|_| "/data".to_owned()));
    let done = match env::args().nth(1).as_deref() {
        None => clean_up(&folder),
        Some("sample") => make_sample(&folder),
        Some(other) => Err(format!("\"{other}\" is no argument of this task; sample is").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn clean_up(folder: &Path) -> Result<(), Box<dyn Error>> {
    let days = env::var("MAX_AGE_DAYS").map_err(|_| "MAX_AGE_DAYS is not set")?;
    let rule = Rule {
        max_age: sweep::days(&days)?,
        suffix: env::var("SUFFIX").unwrap_or_default(),
        now: SystemTime::now(),
    };
    let is_rehearsal = env::var("DRY_RUN").is_ok_and(|value| value == "true");
    let found = sweep::find(folder)?;
    let old: Vec<&Found> = found.iter().filter(|file| rule.is_old(file)).collect();
    for file in &old {
        let path = file.path.display();
        if is_rehearsal {
            println!("would remove {path}");
        } else {
            fs::remove_file(&file.path)?;
            println!("removed {path}");
        }
    }
    if !is_rehearsal {
        sweep::remove_empty(folder)?;
    }
    let bytes: u64 = old.iter().map(|file| file.bytes).sum();
    println!("{} of {} files, {bytes} bytes", old.len(), found.len());
    Ok(())
}

/// Makes files of 1, 40 and 400 days.
fn make_sample(folder: &Path) -> Result<(), Box<dyn Error>> {
    for (name, days) in [("new.txt", 1), ("old.txt", 40), ("2025/older.txt", 400)] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, format!("{days} days old\n"))?;
        fs::File::options()
            .write(true)
            .open(&path)?
            .set_modified(SystemTime::now() - DAY * days)?;
    }
    Ok(())
}
