//! The migrations, in order, and how they are applied: each in a transaction with the note that it was.

use rusqlite::{Connection, OptionalExtension, params};

/// A step from one version of the schema to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Migration {
    pub version: u32,
    pub name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 3] = [
    Migration {
        version: 1,
        name: "create_users",
        sql: include_str!("../migrations/0001_create_users.sql"),
    },
    Migration {
        version: 2,
        name: "create_orders",
        sql: include_str!("../migrations/0002_create_orders.sql"),
    },
    Migration {
        version: 3,
        name: "add_users_name",
        sql: include_str!("../migrations/0003_add_users_name.sql"),
    },
];

/// Why a database cannot be migrated.
#[derive(Debug)]
pub enum MigrationError {
    /// It was migrated by a newer program.
    Newer { found: u32 },
    /// SQLite refused.
    Sql { version: u32, source: rusqlite::Error },
}

impl std::fmt::Display for MigrationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer { found } => {
                write!(f, "the database is at version {found}; this program knows {}", newest())
            }
            Self::Sql { version, source } => write!(f, "migration {version:04} failed: {source}"),
        }
    }
}

impl std::error::Error for MigrationError {}

/// Returns the version that this program brings a database to.
pub fn newest() -> u32 {
    MIGRATIONS[MIGRATIONS.len() - 1].version
}

/// Applies what the database lacks, and returns it. A failure leaves the version before it, whole.
pub fn apply(database: &mut Connection) -> Result<Vec<&'static Migration>, MigrationError> {
    let current = version(database).map_err(|source| MigrationError::Sql { version: 0, source })?;
    if current > newest() {
        return Err(MigrationError::Newer { found: current });
    }
    let missing = MIGRATIONS.iter().filter(|migration| migration.version > current);
    missing
        .map(|migration| match apply_one(database, migration) {
            Ok(()) => Ok(migration),
            Err(source) => Err(MigrationError::Sql { version: migration.version, source }),
        })
        .collect()
}

fn version(database: &Connection) -> rusqlite::Result<u32> {
    database.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             version INTEGER PRIMARY KEY,
             name    TEXT NOT NULL,
             applied TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
         )",
    )?;
    let newest = "SELECT version FROM schema_migrations ORDER BY version DESC LIMIT 1";
    Ok(database.query_row(newest, [], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn apply_one(database: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)",
        params![migration.version, migration.name],
    )?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_applied_once() {
        let mut database = Connection::open_in_memory().unwrap();
        let first = apply(&mut database).unwrap();
        assert_eq!(first.iter().map(|m| m.version).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(apply(&mut database).unwrap(), Vec::<&Migration>::new());
    }

    #[test]
    fn rows_that_are_there_are_kept_and_completed() {
        let mut database = Connection::open_in_memory().unwrap();
        version(&database).unwrap();
        apply_one(&mut database, &MIGRATIONS[0]).unwrap();
        database.execute("INSERT INTO users (email) VALUES ('ada@example.org')", []).unwrap();
        apply(&mut database).unwrap();
        let name: String =
            database.query_row("SELECT name FROM users", [], |row| row.get(0)).unwrap();
        assert_eq!(name, "ada");
    }

    #[test]
    fn a_failed_migration_leaves_the_version_before_it() {
        let mut database = Connection::open_in_memory().unwrap();
        database.execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
        let error = apply(&mut database).unwrap_err().to_string();
        assert!(error.starts_with("migration 0002 failed: table orders already exists"), "{error}");
        assert_eq!(version(&database).unwrap(), 1);
    }

    #[test]
    fn a_database_of_a_newer_program_is_left_alone() {
        let mut database = Connection::open_in_memory().unwrap();
        apply(&mut database).unwrap();
        database
            .execute("INSERT INTO schema_migrations (version, name) VALUES (9, 'later')", [])
            .unwrap();
        let error = apply(&mut database).unwrap_err().to_string();
        assert_eq!(error, "the database is at version 9; this program knows 3");
    }
}
