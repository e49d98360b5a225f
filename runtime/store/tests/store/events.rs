//! Events are found by when they were last told.

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::Store;
use serde_json::{Value, json};

use crate::given::{commit, key, store, write_object};

fn event(name: &str, times: &Value) -> Object {
    let mut value = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"namespace": "default", "name": name, "resourceVersion": "1"},
        "involvedObject": {},
    });
    value["lastTimestamp"] = times["last"].clone();
    value["metadata"]["creationTimestamp"] = times["made"].clone();
    Object::from_value(Kind::Event, &value).unwrap()
}

#[test]
fn events_are_found_by_when_they_were_last_told_or_else_made() {
    let (mut writer, _readers, _disk) = store();
    assert_eq!(writer.recover().unwrap().oldest_event, None);
    let (early, late) = ("1970-01-01T00:00:17Z", "2040-01-01T00:00:00Z");
    let events = [
        ("told", json!({"last": "2026-11-23T09:00:00Z", "made": early})),
        ("told-later", json!({"last": "2026-11-23T09:30:00Z"})),
        ("made", json!({"made": "2026-11-23T08:59:59Z"})),
        ("long-ago", json!({"last": early})),
        ("ahead", json!({"last": late})),
        ("never", json!({})),
    ];
    let writes = events.iter().map(|(name, times)| write_object(event(name, times)));
    commit(&mut writer, 1, writes.collect());

    let nine = Timestamp::from_unix_seconds(1_795_424_400);
    let second = std::time::Duration::from_secs(1);
    let outside = |writer: &mut jobling_store::Writer, from, until, most| {
        let mut found = writer.events_outside(from, until, most).unwrap();
        found.sort();
        found
    };
    for (from, until, expected) in [
        (nine, nine, vec!["ahead", "long-ago", "made", "never", "told-later"]),
        (nine.minus(second), nine.plus(second * 1_800), vec!["ahead", "long-ago", "never"]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|name| key(Kind::Event, name)).collect();
        assert_eq!(outside(&mut writer, from, until, 100), expected, "{from} {until}");
    }
    assert_eq!(outside(&mut writer, nine, nine, 2).len(), 2);
    assert_eq!(writer.oldest_event(nine, nine.plus(second)).unwrap(), Some(nine));
    assert_eq!(writer.oldest_event(nine.plus(second), nine.plus(second)).unwrap(), None);
    // One that does not say when it was told is as old as any.
    assert!(writer.recover().unwrap().oldest_event.is_none_or(|oldest| oldest < nine));
}
