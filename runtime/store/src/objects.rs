//! Reading what is stored of every kind but Jobs and pods: whole, as it was written.

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{ListScope, Listing, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::failure::{corrupt, store_error};
use crate::vault::Vault;

/// Returns the object of that key.
pub(crate) fn get(
    connection: &Connection,
    vault: &Vault,
    key: &ObjectKey,
) -> Result<Option<Object>, StoreError> {
    let body = "SELECT body FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3";
    connection
        .prepare_cached(body)
        .and_then(|mut statement| {
            statement
                .query_row(params![key.kind.name(), key.namespace, key.name], |row| {
                    Ok(parse(vault, row, key))
                })
                .optional()
        })
        .map_err(|error| store_error(&error))?
        .transpose()
}

/// Returns a page of the objects of `kind`, by namespace and name.
pub(crate) fn list(
    connection: &Connection,
    vault: &Vault,
    kind: Kind,
    scope: &ListScope,
) -> Result<Listing, StoreError> {
    let page = "SELECT body, namespace, name FROM objects
        WHERE kind = ?1 AND (?2 IS NULL OR namespace = ?2) AND (namespace, name) > (?3, ?4)
        ORDER BY namespace, name LIMIT ?5";
    let after = Start::of(scope);
    let items = rows(
        connection,
        page,
        params![kind.name(), scope.namespace, after.namespace, after.name, after.rows],
        |row| parse(vault, row, &key(row, kind).map_err(|error| store_error(&error))?),
    )?;
    Ok(paged(revision(connection)?, items, scope))
}

/// Returns every object of `kinds`, of all namespaces.
pub(crate) fn all(
    connection: &Connection,
    vault: &Vault,
    kinds: &[Kind],
) -> Result<Vec<Object>, StoreError> {
    let mut objects = Vec::new();
    for &kind in kinds {
        objects.extend(list(connection, vault, kind, &ListScope::default())?.items);
    }
    Ok(objects)
}

/// Returns the keys of the objects in `namespace`.
pub(crate) fn keys(connection: &Connection, namespace: &str) -> Result<Vec<ObjectKey>, StoreError> {
    let mut keys = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_namespaced()) {
        let names = "SELECT name FROM objects WHERE kind = ?1 AND namespace = ?2 ORDER BY name";
        keys.extend(rows(connection, names, params![kind.name(), namespace], |row| {
            let name: String = row.get(0).map_err(|error| store_error(&error))?;
            Ok(ObjectKey::new(kind, namespace, name))
        })?);
    }
    Ok(keys)
}

/// Returns the newest revision, as of the connection's transaction.
pub(crate) fn revision(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .prepare_cached("SELECT revision FROM meta")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(|error| store_error(&error))
}

/// Where a page starts, as the queries take it.
pub(crate) struct Start {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// One more than the page has, to see whether there is another; negative for no limit.
    pub(crate) rows: i64,
}

impl Start {
    pub(crate) fn of(scope: &ListScope) -> Self {
        let (namespace, name) = scope.after.clone().unwrap_or_default();
        let rows = scope
            .limit
            .map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
        Self { namespace, name, rows }
    }
}

/// Returns the page that `items`, read with one more than the limit, make.
pub(crate) fn paged(revision: u64, mut items: Vec<Object>, scope: &ListScope) -> Listing {
    let more = scope.limit.is_some_and(|limit| items.len() > limit);
    if let Some(limit) = scope.limit {
        items.truncate(limit);
    }
    let last = items.last().map(Object::key).map(|key| (key.namespace, key.name));
    Listing { revision, items, next: if more { last } else { None } }
}

/// Runs a query and returns what `read` makes of each row.
pub(crate) fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let sqlite = |error: rusqlite::Error| store_error(&error);
    let mut statement = connection.prepare_cached(sql).map_err(sqlite)?;
    let mut found = statement.query(params).map_err(sqlite)?;
    let mut items = Vec::new();
    while let Some(row) = found.next().map_err(sqlite)? {
        items.push(read(row)?);
    }
    Ok(items)
}

/// Returns the text of a column, unparsed.
pub(crate) fn text<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row [u8], StoreError> {
    row.get_ref(column)
        .map_err(|error| store_error(&error))?
        .as_bytes()
        .map_err(|error| corrupt(format!("column {column}"), error))
}

fn key(row: &Row<'_>, kind: Kind) -> rusqlite::Result<ObjectKey> {
    Ok(ObjectKey::new(kind, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
}

/// Returns the object of a row whose first column is its text.
fn parse(vault: &Vault, row: &Row<'_>, key: &ObjectKey) -> Result<Object, StoreError> {
    let body = vault.open(key, text(row, 0)?)?;
    Object::from_json(key.kind, &body)
        .map_err(|error| corrupt(format!("{} {}", key.kind, key.name), error))
}
