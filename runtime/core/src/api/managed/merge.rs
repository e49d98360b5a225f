//! What an object becomes by a configuration that is applied to it.

use serde_json::{Map, Value};

use super::element::Element;
use super::read::{Part, parts};
use super::shape::{self, Shape};

/// Returns `live` with everything that `config` sets.
pub(super) fn merge(live: &Value, config: &Value, shape: Shape) -> Value {
    match (live, config, shape) {
        (Value::Object(live), Value::Object(config), Shape::Granular(place)) => {
            let mut merged: Map<String, Value> = live.clone();
            for (name, config) in config {
                let value = match live.get(name) {
                    Some(live) => merge(live, config, shape::field(place, name)),
                    None => config.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Object(live), Value::Null, Shape::Granular(_)) if !live.is_empty() => {
            Value::Object(live.clone())
        }
        (Value::Array(_), Value::Array(_), Shape::Set | Shape::Keyed(..)) => {
            Value::Array(merge_items(parts(Some(live), shape), parts(Some(config), shape)))
        }
        (Value::Array(live), Value::Null, Shape::Set | Shape::Keyed(..)) if !live.is_empty() => {
            Value::Array(live.clone())
        }
        (_, config, _) => config.clone(),
    }
}

/// The items of both, in the configuration's order where both have an item; what only the object has
/// stays behind the item that it was behind: structured-merge-diff's `mergingWalker.visitListItems`.
fn merge_items(live: Vec<Part<'_>>, config: Vec<Part<'_>>) -> Vec<Value> {
    let find = |list: &[Part<'_>], element: &Element| {
        list.iter().position(|part| part.element == *element)
    };
    let mut shared = config.iter().filter(|part| find(&live, &part.element).is_some());
    let mut next_shared = shared.next().map(|part| &part.element);
    let mut taken: Vec<&Element> = Vec::new();
    let mut merged = Vec::new();
    let take = |part: &Part<'_>| match find(&live, &part.element) {
        Some(at) => merge(live[at].value, part.value, part.shape),
        None => part.value.clone(),
    };
    let (mut l, mut c) = (0, 0);
    while l < live.len() || c < config.len() {
        if let (Some(here), Some(there)) = (live.get(l), config.get(c)) {
            if here.element == there.element {
                taken.push(&there.element);
                merged.push(take(there));
                (l, c) = (l + 1, c + 1);
                next_shared = shared.next().map(|part| &part.element);
                continue;
            }
            let is_shared = find(&config, &here.element).is_some();
            if is_shared && next_shared.is_some_and(|next| *next != here.element) {
                l += 1;
                continue;
            }
        }
        if let Some(here) = live.get(l) {
            if find(&config, &here.element).is_none() {
                merged.push(here.value.clone());
                l += 1;
                continue;
            }
            if taken.contains(&&here.element) {
                l += 1;
            }
        }
        if let Some(there) = config.get(c) {
            taken.push(&there.element);
            merged.push(take(there));
            c += 1;
            if next_shared == Some(&there.element) {
                next_shared = shared.next().map(|part| &part.element);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::Kind;
    use crate::api::managed::shape::root;

    fn env(names: &str, value: &str) -> Value {
        let items: Vec<Value> =
            names.chars().map(|name| json!({"name": name.to_string(), "value": value})).collect();
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "env": items}]}}}})
    }

    fn names(value: &Value) -> String {
        let items = &value["spec"]["template"]["spec"]["containers"][0]["env"];
        items.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
    }

    #[test]
    fn items_come_in_the_order_of_the_configuration_and_others_stay_in_theirs() {
        for (live, config, merged) in [
            ("", "ab", "ab"),
            ("ab", "", "ab"),
            ("abc", "b", "abc"),
            ("ab", "ba", "ba"),
            ("axb", "ab", "axb"),
            ("axb", "ba", "xba"),
            ("ax", "ba", "bax"),
            ("xy", "ab", "xyab"),
            ("abc", "cba", "cba"),
        ] {
            let given = merge(&env(live, "1"), &env(config, "2"), root(Kind::Job));
            assert_eq!(names(&given), merged, "{live} and {config}");
        }
    }

    #[test]
    fn a_configuration_that_leaves_a_map_null_leaves_it_as_it_is() {
        let live = json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["a/b"]}});
        let config = json!({"metadata": {"labels": null, "finalizers": null}});
        assert_eq!(merge(&live, &config, root(Kind::Job)), live);
    }

    proptest! {
        /// Whatever the orders: nothing is lost, nothing is there twice, the configuration's order holds.
        #[test]
        fn a_merge_has_every_item_once(live in "[a-h]{0,8}", config in "[a-h]{0,8}") {
            let unique = |text: &str| {
                let mut seen = String::new();
                for c in text.chars() {
                    if !seen.contains(c) {
                        seen.push(c);
                    }
                }
                seen
            };
            let (live, config) = (unique(&live), unique(&config));
            let merged = names(&merge(&env(&live, "1"), &env(&config, "2"), root(Kind::Job)));
            let of_config: String = merged.chars().filter(|c| config.contains(*c)).collect();
            prop_assert_eq!(of_config, config.clone());
            let mut expected: Vec<char> = (live + &config).chars().collect();
            let mut given: Vec<char> = merged.chars().collect();
            expected.sort_unstable();
            expected.dedup();
            given.sort_unstable();
            prop_assert_eq!(given, expected);
        }
    }
}
