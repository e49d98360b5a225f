//! Whose a request is. Of several triggers that take a path, the one whose path says most; two that take
//! the very same are refused when the second is made ([`conflict`]).

use std::collections::{BTreeMap, BTreeSet};

use super::{Pattern, Rules};
use crate::api::HTTPTrigger;

/// Whose a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// This trigger's.
    Trigger {
        /// What the trigger was put in with.
        trigger: T,
        /// What the path has in the place of each name.
        segments: BTreeMap<String, String>,
    },
    /// The path is taken, with these methods alone.
    OtherMethod(BTreeSet<String>),
    /// Nobody's.
    Nobody,
}

#[derive(Debug, Clone)]
struct Route<T> {
    pattern: Pattern,
    methods: Vec<String>,
    trigger: T,
}

/// The paths of all triggers.
#[derive(Debug, Clone)]
pub struct Routes<T> {
    routes: Vec<Route<T>>,
}

impl<T: Clone + Ord> Routes<T> {
    /// Returns the routes of `triggers`, each with what it is to be known by. One whose path cannot be
    /// read has none.
    pub fn of<'a>(triggers: impl IntoIterator<Item = (T, &'a HTTPTrigger)>) -> Self {
        let route = |(trigger, of): (T, &HTTPTrigger)| {
            let pattern = Pattern::parse(&of.spec.path).ok()?;
            Some(Route { pattern, methods: Rules::of(&of.spec).methods, trigger })
        };
        let mut routes: Vec<Route<T>> = triggers.into_iter().filter_map(route).collect();
        let key = |route: &Route<T>| (route.pattern.precedence(), route.trigger.clone());
        routes.sort_by_key(key);
        Self { routes }
    }

    /// Returns whose a request with this method and path is; the path has its escapes and no query.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Found<T> {
        let mut others = BTreeSet::new();
        for route in &self.routes {
            let Some(segments) = route.pattern.matches(path) else { continue };
            if route.methods.iter().any(|taken| taken == method) {
                return Found::Trigger { trigger: route.trigger.clone(), segments };
            }
            others.extend(route.methods.iter().cloned());
        }
        if others.is_empty() { Found::Nobody } else { Found::OtherMethod(others) }
    }
}

/// Returns the method that both triggers take on the very same paths, if there is one.
#[must_use]
pub fn conflict(one: &HTTPTrigger, other: &HTTPTrigger) -> Option<String> {
    let (ours, theirs) =
        (Pattern::parse(&one.spec.path).ok()?, Pattern::parse(&other.spec.path).ok()?);
    if !ours.is_same(&theirs) {
        return None;
    }
    let taken = Rules::of(&other.spec).methods;
    Rules::of(&one.spec).methods.into_iter().find(|method| taken.contains(method))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trigger(path: &str, methods: &[&str]) -> HTTPTrigger {
        serde_json::from_value(json!({"spec": {"path": path, "methods": methods}})).unwrap()
    }

    #[test]
    fn a_request_is_that_triggers_whose_path_says_most() {
        let all = [
            trigger("/users/{id}", &["GET", "PUT"]),
            trigger("/users/me", &["GET"]),
            trigger("/{kind}/me", &["GET"]),
            trigger("/", &["POST"]),
        ];
        let routes = Routes::of(all.iter().enumerate());
        let found = |method, path| match routes.find(method, path) {
            Found::Trigger { trigger, .. } => Ok(trigger),
            Found::OtherMethod(allowed) => Err(allowed.into_iter().collect::<Vec<_>>().join(", ")),
            Found::Nobody => Err("nobody".to_owned()),
        };
        for (method, path, whose) in [
            ("GET", "/users/me", Ok(1)),
            ("GET", "/users/7", Ok(0)),
            ("PUT", "/users/me", Ok(0)),
            ("GET", "/groups/me", Ok(2)),
            ("POST", "/", Ok(3)),
            ("GET", "/", Err("POST".to_owned())),
            ("DELETE", "/users/me", Err("GET, PUT".to_owned())),
            ("GET", "/groups", Err("nobody".to_owned())),
        ] {
            assert_eq!(found(method, path), whose, "{method} {path}");
        }
    }

    #[test]
    fn two_triggers_conflict_where_they_take_the_very_same() {
        for (one, other, method) in [
            (("/a", ["GET"]), ("/a", ["GET"]), Some("GET")),
            (("/a", ["GET"]), ("/a", ["PUT"]), None),
            (("/a/{x}", ["GET"]), ("/a/{y}", ["GET"]), Some("GET")),
            (("/a/{x}", ["GET"]), ("/a/b", ["GET"]), None),
        ] {
            let (a, b) = (trigger(one.0, &one.1), trigger(other.0, &other.1));
            assert_eq!(conflict(&a, &b).as_deref(), method, "{one:?} and {other:?}");
        }
    }
}
