//! Finding events by when they were last told; one that does not say so, by when it was made.

use jobling_core::Timestamp;
use jobling_core::api::{Kind, ObjectKey};
use jobling_core::engine::StoreError;
use rusqlite::{Connection, params};

use crate::failure::store_error;
use crate::objects::rows;

/// When an event was last told: the index's own words. RFC 3339 in UTC, whole seconds: as text in order.
macro_rules! told {
    () => {
        "coalesce(json_extract(body, '$.lastTimestamp'),
                  json_extract(body, '$.metadata.creationTimestamp'), '')"
    };
}

/// Returns the keys of events that were last told before `from` or after `until`, at most `most`.
pub(crate) fn outside(
    connection: &Connection,
    from: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<ObjectKey>, StoreError> {
    let before = concat!(
        "SELECT namespace, name FROM objects INDEXED BY events_by_age WHERE kind = 'Event' AND ",
        told!(),
        " < ?1 LIMIT ?2"
    );
    let after = concat!(
        "SELECT namespace, name FROM objects INDEXED BY events_by_age WHERE kind = 'Event' AND ",
        told!(),
        " > ?1 LIMIT ?2"
    );
    let mut found = keys(connection, before, from, most)?;
    found.extend(keys(connection, after, until, most - found.len())?);
    Ok(found)
}

/// Returns when the event was last told that was told longest ago, of those from `from` until `until`; of all
/// without them.
pub(crate) fn oldest(
    connection: &Connection,
    between: Option<(Timestamp, Timestamp)>,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = concat!(
        "SELECT unixepoch(min(",
        told!(),
        ")) FROM objects INDEXED BY events_by_age WHERE kind = 'Event' AND ",
        told!(),
        " BETWEEN ?1 AND ?2"
    );
    let (from, until) = between.map_or((String::new(), "Z".to_owned()), |(from, until)| {
        (from.to_string(), until.to_string())
    });
    let seconds: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(params![from, until], |row| row.get(0)))
        .map_err(|error| store_error(&error))?;
    Ok(seconds.map(Timestamp::from_unix_seconds))
}

fn keys(
    connection: &Connection,
    sql: &str,
    bound: Timestamp,
    most: usize,
) -> Result<Vec<ObjectKey>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    rows(connection, sql, params![bound.to_string(), most], |row| {
        let key = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            Ok(ObjectKey::new(Kind::Event, row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        };
        key(row).map_err(|error| store_error(&error))
    })
}
