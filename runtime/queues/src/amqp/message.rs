//! What a message says of its deliveries.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::AMQPValue;

/// The header with how often a message was delivered and not acknowledged.
pub(super) const ATTEMPTS: &str = "x-jobling-attempts";
/// The header of a dead letter with how often it was delivered: not the one that counts, since whoever works
/// through the dead letters delivers them anew.
const DELIVERIES: &str = "x-jobling-deliveries";
/// The header of a dead letter with why it is one.
const WHY: &str = "x-jobling-why";
/// On the disk once it is confirmed.
const PERSISTENT: u8 = 2;

/// Returns how often a message was delivered, by its header.
pub(super) fn attempts(properties: &BasicProperties) -> u32 {
    let header = properties.headers().as_ref().and_then(|headers| headers.inner().get(ATTEMPTS));
    match header {
        Some(AMQPValue::LongUInt(count)) => *count,
        // RabbitMQ itself gives numbers back as signed ones.
        Some(AMQPValue::LongLongInt(count)) => u32::try_from(*count).unwrap_or(0),
        Some(AMQPValue::LongInt(count)) => u32::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

/// Returns what a new message says.
pub(super) fn new() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(PERSISTENT)
}

/// Returns what a message says that was delivered so often.
pub(super) fn with_attempts(properties: BasicProperties, attempts: u32) -> BasicProperties {
    let count = AMQPValue::LongLongInt(attempts.into());
    with_header(properties, ATTEMPTS, count)
}

/// Returns what a dead letter says.
pub(super) fn dead(properties: BasicProperties, attempts: u32) -> BasicProperties {
    let why = format!("failed, or was abandoned, {attempts} times");
    let properties = with_header(properties, WHY, AMQPValue::LongString(why.into()));
    let count = AMQPValue::LongLongInt(attempts.into());
    with_attempts(with_header(properties, DELIVERIES, count), 0)
}

fn with_header(properties: BasicProperties, name: &str, value: AMQPValue) -> BasicProperties {
    let mut headers = properties.headers().clone().unwrap_or_default();
    headers.insert(name.into(), value);
    properties.with_headers(headers).with_delivery_mode(PERSISTENT)
}

/// Returns the milliseconds after which a queue for messages that wait lets them go: at least `delay`, and one
/// of few numbers, since each is a queue.
pub(super) fn step(delay: Duration) -> u32 {
    let wanted = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
    let steps = (2..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let step = steps.into_iter().find(|step| *step >= u64::from(wanted));
    // RabbitMQ takes no longer ones.
    step.and_then(|step| u32::try_from(step).ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;

    #[test]
    fn a_message_counts_its_deliveries_and_keeps_what_else_it_says() {
        let mut headers = FieldTable::default();
        headers.insert("tenant".into(), AMQPValue::LongString("a".into()));
        let properties = new().with_headers(headers);
        assert_eq!(attempts(&properties), 0);
        let again = with_attempts(properties, 3);
        assert_eq!(attempts(&again), 3);
        assert_eq!(attempts(&dead(again.clone(), 5)), 0, "a dead letter begins anew");
        assert!(again.headers().as_ref().is_some_and(|all| all.inner().contains_key("tenant")));
    }

    #[test]
    fn a_delay_is_rounded_up_to_one_of_few() {
        for (millis, expected) in [
            (1, 100),
            (100, 100),
            (101, 200),
            (700, 1000),
            (4_000, 5_000),
            (86_400_000, 100_000_000),
        ] {
            assert_eq!(step(Duration::from_millis(millis)), expected, "{millis}");
        }
        assert_eq!(step(Duration::MAX), u32::MAX);
    }
}
