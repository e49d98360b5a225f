//! `install`: shows the units by which systemd runs the daemon, asks, and writes them.

mod unit;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use unit::{Unit, units};

use crate::args::Install;
use crate::output::Output;
use crate::verbs::{Exit, Failure};

/// Shows the units, and writes them if the person wants it.
pub(crate) fn install(args: &Install, output: &mut Output) -> Result<Exit, Failure> {
    let program = match &args.program {
        Some(program) => std::path::absolute(program)?,
        None => std::env::current_exe()?,
    };
    let units = units(&program, args.listen).map_err(|error| Failure::Usage(error.to_string()))?;
    for unit in &units {
        output.print(&format!(
            "# {}\n{}\n",
            args.directory.join(unit.name).display(),
            unit.text
        ))?;
    }
    if args.dry_run {
        return Ok(Exit::Success);
    }
    if !args.yes && !wanted(output)? {
        output.note("Nothing was written.");
        return Ok(Exit::Failure);
    }
    for unit in &units {
        output.note(&write(unit, &args.directory)?);
    }
    output.note("Next: systemctl daemon-reload && systemctl enable --now jobling.socket jobling");
    Ok(Exit::Success)
}

/// Asks whether to write them. Nobody is asked who is not there.
fn wanted(output: &mut Output) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage("nobody is here to be asked; write them with --yes".to_owned()));
    }
    output.print("Write these files? [y/N] ")?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes a unit, and returns what was done.
fn write(unit: &Unit, directory: &Path) -> Result<String, Failure> {
    let path = directory.join(unit.name);
    let before = std::fs::read_to_string(&path).ok();
    if before.as_ref() == Some(&unit.text) {
        return Ok(format!("{} unchanged", path.display()));
    }
    let failed = |error: std::io::Error| {
        Failure::Refused(format!("error: {} cannot be written: {error}", path.display()))
    };
    std::fs::write(&path, &unit.text).map_err(failed)?;
    let done = if before.is_some() { "replaced" } else { "written" };
    Ok(format!("{} {done}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(directory: &Path) -> Install {
        Install {
            listen: None,
            program: Some("/usr/local/bin/jobling".into()),
            directory: directory.to_owned(),
            yes: false,
            dry_run: false,
        }
    }

    #[test]
    fn units_are_shown_and_written_where_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let (mut output, stdout, stderr) = Output::captured();
        let dry = Install { dry_run: true, ..args(folder.path()) };
        install(&dry, &mut output).unwrap();
        assert!(stdout.text().contains("ExecStart=/usr/local/bin/jobling serve"));
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "only shown");
        let sure = Install { yes: true, ..args(folder.path()) };
        install(&sure, &mut output).unwrap();
        let service = std::fs::read_to_string(folder.path().join("jobling.service")).unwrap();
        assert!(stdout.text().contains(&service), "what is written was shown");
        install(&sure, &mut output).unwrap();
        assert!(stderr.text().contains("jobling.service unchanged"), "{}", stderr.text());
    }
}
