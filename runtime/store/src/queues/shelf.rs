//! What a person does with a whole queue: look, empty, bring back to life.

use jobling_core::Timestamp;
use jobling_core::queues::{
    Answer, Buried, Item, ItemId, Lease, QueueName, QueueNameError, QueueRow, Shelf,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

/// Returns the oldest items of a part.
pub(super) fn peek(
    connection: &Connection,
    queue: &QueueName,
    shelf: Shelf,
    most: u32,
) -> Result<Answer> {
    let mut statement = connection.prepare_cached(match shelf {
        Shelf::Live => {
            "SELECT items.id, attempts, body, buried_at, why FROM items
             JOIN queues ON queues.id = queue
             WHERE name = ?1 AND ready_at IS NOT NULL ORDER BY ready_at, items.id LIMIT ?2"
        }
        Shelf::Dead => {
            "SELECT items.id, attempts, body, buried_at, why FROM items
             JOIN queues ON queues.id = queue
             WHERE name = ?1 AND ready_at IS NULL ORDER BY items.id LIMIT ?2"
        }
    })?;
    let items = statement.query_map(params![queue.as_str(), most], item)?;
    Ok(Answer::Items(items.collect::<Result<_>>()?))
}

fn item(row: &Row<'_>) -> Result<(Item, Option<Buried>)> {
    let lease = Lease { item: ItemId(row.get(0)?), attempt: row.get(1)? };
    let buried_at: Option<i64> = row.get(3)?;
    let why: Option<String> = row.get(4)?;
    let buried = buried_at.map(|micros| Buried {
        at: Timestamp::from_unix_micros(micros),
        why: why.unwrap_or_default(),
    });
    Ok((Item { lease, body: row.get(2)? }, buried))
}

/// Removes every item of a part; a queue that holds nothing more is forgotten.
pub(super) fn purge(connection: &Connection, queue: &QueueName, shelf: Shelf) -> Result<Answer> {
    let Some(id) = number(connection, queue)? else { return Ok(Answer::Moved(0)) };
    let removed = connection.execute(
        match shelf {
            Shelf::Live => "DELETE FROM items WHERE queue = ?1 AND ready_at IS NOT NULL",
            Shelf::Dead => "DELETE FROM items WHERE queue = ?1 AND ready_at IS NULL",
        },
        [id],
    )?;
    connection.execute(
        "UPDATE queues SET (items, bytes) =
           (SELECT count(*), coalesce(sum(length(body)), 0) FROM items WHERE queue = ?1)
         WHERE id = ?1",
        [id],
    )?;
    connection.execute("DELETE FROM queues WHERE id = ?1 AND items = 0", [id])?;
    Ok(Answer::Moved(removed as u64))
}

/// Lets every dead letter wait again, as a new item: under its old number, a lease of its first life
/// would fit the first of its second.
pub(super) fn revive(connection: &Connection, queue: &QueueName) -> Result<Answer> {
    let Some(id) = number(connection, queue)? else { return Ok(Answer::Moved(0)) };
    connection.execute(
        "INSERT INTO items (queue, ready_at, body)
         SELECT queue, 0, body FROM items WHERE queue = ?1 AND ready_at IS NULL ORDER BY id",
        [id],
    )?;
    let revived =
        connection.execute("DELETE FROM items WHERE queue = ?1 AND ready_at IS NULL", [id])?;
    Ok(Answer::Moved(revived as u64))
}

/// Returns every queue and what it holds.
pub(super) fn list(connection: &Connection) -> Result<Answer> {
    let mut statement = connection.prepare_cached(
        "SELECT name, queues.bytes, count(ready_at) - count(holder), count(holder),
           count(buried_at)
         FROM queues LEFT JOIN items ON items.queue = queues.id
         GROUP BY queues.id ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| {
        let name: String = row.get(0)?;
        let queue = name.parse().map_err(|error: QueueNameError| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
        })?;
        let (waiting, leased, dead) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(QueueRow { queue, waiting, leased, dead, bytes: row.get(1)? })
    })?;
    Ok(Answer::Queues(rows.collect::<Result<_>>()?))
}

fn number(connection: &Connection, queue: &QueueName) -> Result<Option<i64>> {
    connection
        .query_row("SELECT id FROM queues WHERE name = ?1", [queue.as_str()], |row| row.get(0))
        .optional()
}
