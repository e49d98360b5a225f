//! The shape of the database and how an older one becomes today's. Reads and writes no object.

use rusqlite::{Connection, TransactionBehavior};

use crate::failure::OpenError;

/// `jobl`, in the header of every database of ours (`PRAGMA application_id`).
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"jobl");

/// The text that makes each version out of the one before it; the first makes version 1 out of nothing.
pub(crate) const MIGRATIONS: &[&str] =
    &[include_str!("schema/v1.sql"), include_str!("schema/v2.sql"), include_str!("schema/v3.sql")];

/// Brings the database to the newest version of `migrations`, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let newest = u32::try_from(migrations.len()).expect("a handful of versions");
    let found = version(connection)?;
    if found > newest {
        return Err(OpenError::Newer { found, newest });
    }
    for version in found..newest {
        let index = usize::try_from(version).expect("an index of the list");
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(migrations[index])?;
        step.pragma_update(None, "application_id", APPLICATION_ID)?;
        step.pragma_update(None, "user_version", version + 1)?;
        step.commit()?;
        tracing::info!(version = version + 1, "database migrated");
    }
    Ok(())
}

/// Returns the version of the database's shape; 0 of an empty one.
fn version(connection: &Connection) -> Result<u32, OpenError> {
    let owner: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (owner, tables) {
        (APPLICATION_ID, _) => Ok(version),
        (0, 0) => Ok(0),
        _ => Err(OpenError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_gets_the_newest_version() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        assert_eq!(version(&connection).unwrap() as usize, MIGRATIONS.len());
    }

    #[test]
    fn an_older_database_is_migrated_and_keeps_what_it_holds() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
        connection.execute("UPDATE meta SET revision = 7", []).unwrap();

        let next = [MIGRATIONS[0], "ALTER TABLE meta ADD COLUMN colour TEXT DEFAULT 'red'"];
        migrate(&mut connection, &next).unwrap();

        let row: (u32, String) = connection
            .query_row("SELECT revision, colour FROM meta", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (7, "red".to_owned()));
        assert_eq!(version(&connection).unwrap(), 2);
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = [MIGRATIONS[0], "CREATE TABLE half (id INTEGER); SELECT no_such_thing()"];
        migrate(&mut connection, &broken).unwrap_err();
        assert_eq!(version(&connection).unwrap(), 1);
        let half: u32 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(half, 0);
    }

    #[test]
    fn a_newer_database_is_refused_with_both_versions_and_the_remedy() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[MIGRATIONS[0], ""]).unwrap();
        let refusal = migrate(&mut connection, &MIGRATIONS[..1]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the database has version 2 and this program knows versions up to 1; \
             start the newer program that wrote it, or restore a backup from before it"
        );
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
        assert!(matches!(migrate(&mut connection, MIGRATIONS), Err(OpenError::Foreign)));
    }
}
