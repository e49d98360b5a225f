//! Reads the rows of the CSV file `DATA` up to the day of `REPORT_DATE`, and writes a page about the last
//! of those days to the folder `REPORTS`; to stdout where that is unset.
//!
//! Without `DATA` it reports on a sample, so that the module can be tried without any volume.

mod data;
mod page;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

/// How many days the page tells of.
const DAYS: usize = 14;

const SAMPLE: &str = "date,amount\n2026-01-05,200.40\n2026-01-06,310\n2026-01-07,45.25\n";

fn main() -> ExitCode {
    match report() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report() -> Result<(), Box<dyn Error>> {
    let time = env::var("REPORT_DATE").map_err(|_| "REPORT_DATE is not set")?;
    let date = data::day_of(&time)
        .ok_or_else(|| format!("REPORT_DATE is \"{time}\"; it must begin as 2026-11-24"))?;
    let days = data::last_days(data::read(&rows()?)?, date, DAYS);
    let page = page::html(date, &days);
    let Ok(folder) = env::var("REPORTS") else {
        print!("{page}");
        return Ok(());
    };
    let path = PathBuf::from(folder).join(format!("report-{date}.html"));
    fs::write(&path, page)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    println!("{}: {} days", path.display(), days.len());
    Ok(())
}

fn rows() -> Result<String, String> {
    let Ok(path) = env::var("DATA") else { return Ok(SAMPLE.to_owned()) };
    fs::read_to_string(&path).map_err(|error| format!("{path} cannot be read: {error}"))
}
