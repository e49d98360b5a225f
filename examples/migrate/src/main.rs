//! Brings the SQLite database of `DATABASE_URL` to the newest schema, or rehearses that in memory where
//! the variable is unset.

mod migrations;

use std::env;
use std::process::ExitCode;

use rusqlite::Connection;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let path = match env::var("DATABASE_URL") {
        Ok(url) => path_of(&url)?.to_owned(),
        Err(_) => {
            println!("DATABASE_URL is not set: this is a rehearsal in memory");
            ":memory:".to_owned()
        }
    };
    let mut database = Connection::open(&path)?;
    let applied = migrations::apply(&mut database)?;
    for migration in &applied {
        println!("applied {:04} {}", migration.version, migration.name);
    }
    println!("{path} is at version {}, {} applied", migrations::newest(), applied.len());
    Ok(())
}

/// Returns the path in `sqlite:PATH`, as SQLAlchemy and Django write it: `sqlite:///relative.db`,
/// `sqlite:////absolute.db`, `sqlite::memory:`.
fn path_of(url: &str) -> Result<&str, String> {
    let rest = url.strip_prefix("sqlite:").filter(|rest| !rest.is_empty());
    let rest = rest.ok_or_else(|| {
        format!("DATABASE_URL is \"{}\"; it must be as sqlite:////data/app.db", scheme_of(url))
    })?;
    Ok(rest.strip_prefix("///").unwrap_or(rest))
}

/// Returns a URL without what may be secret in it.
fn scheme_of(url: &str) -> String {
    url.split_once("://").map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme}://…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_path() {
        let rows = [
            ("sqlite:////data/app.db", "/data/app.db"),
            ("sqlite:///app.db", "app.db"),
            ("sqlite:/data/app.db", "/data/app.db"),
            ("sqlite::memory:", ":memory:"),
        ];
        for (url, path) in rows {
            assert_eq!(path_of(url).unwrap(), path, "{url}");
        }
    }

    #[test]
    fn a_url_of_another_database_is_refused_without_its_password() {
        let error = path_of("postgres://admin:secret@host/db").unwrap_err();
        assert_eq!(error, "DATABASE_URL is \"postgres://…\"; it must be as sqlite:////data/app.db");
    }
}
