//! The life of an item in rows: pushed, delivered, acknowledged, given back, buried.

use jobling_core::Timestamp;
use jobling_core::queues::{
    Answer, Buried, Contents, Holder, Item, ItemId, Lease, LeaseState, QueueLimits, QueueName,
};
use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// Adds `bodies` where `limits` allow it.
pub(super) fn push(
    connection: &Connection,
    queue: &QueueName,
    bodies: &[Vec<u8>],
    limits: &QueueLimits,
) -> Result<Answer> {
    let bytes = bodies.iter().map(|body| body.len() as u64).sum();
    let more = Contents { items: bodies.len() as u64, bytes };
    let (id, held) = queue_of(connection, queue)?;
    if !limits.fit(held, more) {
        return Ok(Answer::Full(held));
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO items (queue, ready_at, body) VALUES (?1, 0, ?2)")?;
    for body in bodies {
        insert.execute(params![id, body])?;
    }
    connection
        .prepare_cached("UPDATE queues SET items = items + ?2, bytes = bytes + ?3 WHERE id = ?1")?
        .execute(params![id, more.items, more.bytes])?;
    Ok(Answer::Pushed)
}

/// Returns the queue's number and contents; it is made where there is none.
fn queue_of(connection: &Connection, queue: &QueueName) -> Result<(i64, Contents)> {
    connection
        .prepare_cached("INSERT INTO queues (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([queue.as_str()])?;
    connection
        .prepare_cached("SELECT id, items, bytes FROM queues WHERE name = ?1")?
        .query_row([queue.as_str()], |row| {
            Ok((row.get(0)?, Contents { items: row.get(1)?, bytes: row.get(2)? }))
        })
}

/// Delivers the oldest item that may be, and notes who has it until when.
pub(super) fn reserve(
    connection: &Connection,
    queue: &QueueName,
    holder: &Holder,
    until: Timestamp,
    now: Timestamp,
) -> Result<Answer> {
    let next = next(connection, queue)?;
    let Some((id, ready_at)) = next else { return Ok(Answer::Empty { next: None }) };
    if ready_at > now {
        return Ok(Answer::Empty { next: Some(ready_at) });
    }
    connection
        .prepare_cached(
            "UPDATE items SET ready_at = ?2, holder = ?3, attempts = attempts + 1 WHERE id = ?1
             RETURNING attempts, body",
        )?
        .query_row(params![id, until.unix_micros(), &*holder.0], |row| {
            let lease = Lease { item: ItemId(id), attempt: row.get(0)? };
            Ok(Answer::Delivered(Item { lease, body: row.get(1)? }))
        })
}

/// Returns the item that is the next to be delivered, and from when on.
fn next(connection: &Connection, queue: &QueueName) -> Result<Option<(u64, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT items.id, ready_at FROM items JOIN queues ON queues.id = queue
             WHERE name = ?1 AND ready_at IS NOT NULL ORDER BY ready_at, items.id LIMIT 1",
        )?
        .query_row([queue.as_str()], |row| {
            Ok((row.get(0)?, Timestamp::from_unix_micros(row.get(1)?)))
        })
        .optional()
}

/// Removes an item that is done.
pub(super) fn acknowledge(connection: &Connection, lease: Lease) -> Result<Answer> {
    let gone = connection
        .prepare_cached(
            "DELETE FROM items WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL
             RETURNING queue, length(body)",
        )?
        .query_row(params![lease.item.0, lease.attempt], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    let Some((queue, bytes)) = gone else { return Ok(Answer::Lease(LeaseState::Lost)) };
    connection
        .prepare_cached("UPDATE queues SET items = items - 1, bytes = bytes - ?2 WHERE id = ?1")?
        .execute(params![queue, bytes])?;
    Ok(Answer::Lease(LeaseState::Held))
}

/// Lets an item wait again.
pub(super) fn give_back(
    connection: &Connection,
    lease: Lease,
    not_before: Timestamp,
) -> Result<Answer> {
    let changed = connection
        .prepare_cached(
            "UPDATE items SET ready_at = ?3, holder = NULL
             WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL",
        )?
        .execute(params![lease.item.0, lease.attempt, not_before.unix_micros().max(0)])?;
    Ok(state(changed))
}

/// Moves an item to the dead letters.
pub(super) fn bury(connection: &Connection, lease: Lease, buried: &Buried) -> Result<Answer> {
    let changed = connection
        .prepare_cached(
            "UPDATE items SET ready_at = NULL, holder = NULL, buried_at = ?3, why = ?4
             WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL",
        )?
        .execute(params![lease.item.0, lease.attempt, buried.at.unix_micros(), buried.why])?;
    Ok(state(changed))
}

/// Moves the end of a lease.
pub(super) fn extend(connection: &Connection, lease: Lease, until: Timestamp) -> Result<Answer> {
    let changed = connection
        .prepare_cached(
            "UPDATE items SET ready_at = ?3
             WHERE id = ?1 AND attempts = ?2 AND holder IS NOT NULL",
        )?
        .execute(params![lease.item.0, lease.attempt, until.unix_micros().max(0)])?;
    Ok(state(changed))
}

/// Ends the leases of `holder`, or all; returns how many.
pub(super) fn release(connection: &Connection, holder: Option<&Holder>) -> Result<u64> {
    let ended = match holder {
        Some(holder) => connection
            .prepare_cached("UPDATE items SET ready_at = 0, holder = NULL WHERE holder = ?1")?
            .execute([&*holder.0])?,
        None => connection
            .execute("UPDATE items SET ready_at = 0, holder = NULL WHERE holder IS NOT NULL", [])?,
    };
    Ok(ended as u64)
}

fn state(changed: usize) -> Answer {
    Answer::Lease(if changed == 0 { LeaseState::Lost } else { LeaseState::Held })
}
