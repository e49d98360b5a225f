//! Label selectors, as text (`a=b,c!=d,e in (f,g),!h`) and as `metav1.LabelSelector`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1;

use crate::api::Object;
use crate::api::validate::{is_label_value, is_qualified_name};

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The label is there, with one of the values.
    In,
    /// The label is not there, or with none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The label is a whole number above the value.
    GreaterThan,
    /// The label is a whole number below the value.
    LessThan,
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
}

/// Conditions that must all hold; without any, everything is selected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector(Vec<Requirement>);

/// Why a text is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelSelectorError {
    /// Something else was expected.
    #[error("unable to parse requirement: found '{found}', expected: {expected}")]
    Unexpected {
        /// What stands there; empty at the end.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// The key is no label's name.
    #[error("unable to parse requirement: key: Invalid value: \"{0}\": it must be a label's name")]
    Key(String),
    /// The value is no label's value.
    #[error(
        "unable to parse requirement: values: Invalid value: \"{0}\": it must be a label's value"
    )]
    Value(String),
    /// The value of a comparison is no number.
    #[error(
        "unable to parse requirement: values: Invalid value: \"{0}\": for 'Gt', 'Lt' operators, \
         the value must be an integer"
    )]
    Number(String),
    /// `matchExpressions` has an operator that is not known.
    #[error("\"{0}\" is not a valid label selector operator")]
    Operator(String),
}

impl LabelSelector {
    /// Returns the selector of an object's `metav1.LabelSelector`.
    ///
    /// # Errors
    /// Where an operator, a key or a value is none.
    pub fn of_meta(selector: &v1::LabelSelector) -> Result<Self, LabelSelectorError> {
        let labels = selector
            .match_labels
            .iter()
            .flatten()
            .map(|(key, value)| Requirement::new(key, Operator::In, [value.clone()].into()));
        let expressions = selector.match_expressions.iter().flatten().map(|expression| {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(LabelSelectorError::Operator(other.to_owned())),
            };
            let values = expression.values.iter().flatten().cloned().collect();
            Requirement::new(&expression.key, operator, values)
        });
        labels.chain(expressions).collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether all conditions hold for `labels`.
    #[must_use]
    pub fn matches_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// Returns whether `object` is selected.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        match &object.metadata().labels {
            Some(labels) => self.matches_labels(labels),
            None => self.matches_labels(&BTreeMap::new()),
        }
    }

    /// Returns the one value that the label `key` must have, for a look-up by it.
    #[must_use]
    pub fn required(&self, key: &str) -> Option<&str> {
        let mut of_key = self.0.iter().filter(|requirement| requirement.key == key);
        of_key.find_map(|requirement| match requirement.operator {
            Operator::In if requirement.values.len() == 1 => {
                requirement.values.first().map(String::as_str)
            }
            Operator::In
            | Operator::NotIn
            | Operator::Exists
            | Operator::DoesNotExist
            | Operator::GreaterThan
            | Operator::LessThan => None,
        })
    }

    /// Returns whether everything is selected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Requirement {
    fn new(
        key: &str,
        operator: Operator,
        values: BTreeSet<String>,
    ) -> Result<Self, LabelSelectorError> {
        if !is_qualified_name(key) {
            return Err(LabelSelectorError::Key(key.to_owned()));
        }
        if let Some(value) = values.iter().find(|value| !is_label_value(value)) {
            return Err(LabelSelectorError::Value(value.clone()));
        }
        let compares = matches!(operator, Operator::GreaterThan | Operator::LessThan);
        if let Some(value) = values.iter().find(|value| compares && value.parse::<i64>().is_err()) {
            return Err(LabelSelectorError::Number(value.clone()));
        }
        Ok(Self { key: key.to_owned(), operator, values })
    }

    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => self.compares(value, |label, bound| label > bound),
            Operator::LessThan => self.compares(value, |label, bound| label < bound),
        }
    }

    fn compares(&self, value: Option<&String>, holds: fn(i64, i64) -> bool) -> bool {
        let number = |text: &String| text.parse::<i64>().ok();
        match (value.and_then(number), self.values.first().and_then(number)) {
            (Some(label), Some(bound)) => holds(label, bound),
            (None, _) | (_, None) => false,
        }
    }
}

impl FromStr for LabelSelector {
    type Err = LabelSelectorError;

    fn from_str(text: &str) -> Result<Self, LabelSelectorError> {
        let mut tokens = Tokens { rest: text };
        let mut requirements = Vec::new();
        if tokens.peek() == "" {
            return Ok(Self(requirements));
        }
        loop {
            requirements.push(requirement(&mut tokens)?);
            match tokens.next() {
                "" => return Ok(Self(requirements)),
                "," => {}
                found => return Err(unexpected(found, "',' or 'end of string'")),
            }
        }
    }
}

fn unexpected(found: &str, expected: &'static str) -> LabelSelectorError {
    LabelSelectorError::Unexpected { found: found.to_owned(), expected }
}

fn requirement(tokens: &mut Tokens<'_>) -> Result<Requirement, LabelSelectorError> {
    if tokens.peek() == "!" {
        tokens.next();
        let key = word(tokens, "identifier")?;
        return Requirement::new(key, Operator::DoesNotExist, BTreeSet::new());
    }
    let key = word(tokens, "!, identifier")?;
    let operator = match tokens.peek() {
        "" | "," => return Requirement::new(key, Operator::Exists, BTreeSet::new()),
        "=" | "==" | "in" => Operator::In,
        "!=" | "notin" => Operator::NotIn,
        ">" => Operator::GreaterThan,
        "<" => Operator::LessThan,
        found => return Err(unexpected(found, "in, notin, =, ==, !=, gt, lt")),
    };
    let values = match tokens.next() {
        "in" | "notin" => set(tokens)?,
        _ => [value(tokens).to_owned()].into(),
    };
    Requirement::new(key, operator, values)
}

fn word<'t>(
    tokens: &mut Tokens<'t>,
    expected: &'static str,
) -> Result<&'t str, LabelSelectorError> {
    match tokens.next() {
        found @ ("" | "," | "(" | ")" | "!" | "=" | "==" | "!=" | ">" | "<") => {
            Err(unexpected(found, expected))
        }
        word => Ok(word),
    }
}

/// A value may be empty: `a=` asks for an empty label.
fn value<'t>(tokens: &mut Tokens<'t>) -> &'t str {
    match tokens.peek() {
        "" | "," | ")" => "",
        _ => tokens.next(),
    }
}

fn set(tokens: &mut Tokens<'_>) -> Result<BTreeSet<String>, LabelSelectorError> {
    match tokens.next() {
        "(" => {}
        found => return Err(unexpected(found, "'('")),
    }
    let mut values = BTreeSet::new();
    loop {
        values.insert(value(tokens).to_owned());
        match tokens.next() {
            ")" => return Ok(values),
            "," => {}
            found => return Err(unexpected(found, "',' or ')'")),
        }
    }
}

/// The words and signs of a selector; an empty one is the end.
struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    const SIGNS: [char; 7] = ['=', '!', '(', ')', ',', '>', '<'];

    fn split(&self) -> (&'t str, &'t str) {
        let rest = self.rest.trim_start();
        let end = match rest {
            _ if rest.starts_with("==") || rest.starts_with("!=") => 2,
            _ if rest.starts_with(Self::SIGNS) => 1,
            _ => rest
                .find(|c: char| c.is_whitespace() || Self::SIGNS.contains(&c))
                .unwrap_or(rest.len()),
        };
        rest.split_at(end)
    }

    fn peek(&self) -> &'t str {
        self.split().0
    }

    fn next(&mut self) -> &'t str {
        let (token, rest) = self.split();
        self.rest = rest;
        token
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let values = self.values.iter().cloned().collect::<Vec<_>>().join(",");
        match self.operator {
            Operator::In if self.values.len() == 1 => write!(f, "{key}={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn if self.values.len() == 1 => write!(f, "{key}!={values}"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_selector_selects_what_all_its_conditions_hold_for() {
        for (selector, of, selected) in [
            ("", "", true),
            ("a=b", "a=b,c=d", true),
            ("a==b", "a=b", true),
            ("a=b", "a=c", false),
            ("a!=b", "", true),
            ("a!=b", "a=b", false),
            ("a", "a=b", true),
            ("!a", "a=b", false),
            ("! a", "c=d", true),
            ("a in (b, c)", "a=c", true),
            ("a notin (b,c)", "a=c", false),
            ("a notin (b,c)", "", true),
            ("a=b,c in (d),!e", "a=b,c=d", true),
            ("a=", "a=", true),
            ("n>4", "n=5", true),
            ("n<4", "n=5", false),
            ("n<4", "n=x", false),
            ("example.com/team=infra", "example.com/team=infra", true),
        ] {
            let parsed: LabelSelector = selector.parse().unwrap();
            assert_eq!(parsed.matches_labels(&labels(of)), selected, "{selector} on {of}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a in b", "a in (b", "a b", "=b", "a=b=c", "a,,b", "!", "_a=b", "a>x", "a=b c"]
        {
            assert!(text.parse::<LabelSelector>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z!=(), <>/.é-]{0,40}") {
            let _answer = text.parse::<LabelSelector>();
        }

        #[test]
        fn a_selector_written_out_reads_back(text in "(!?[a-c]|[a-c]!?=[a-c]|[a-c] (not)?in \\([a-c],[a-c]\\))(,[a-c]=d)?") {
            let read: LabelSelector = text.parse().unwrap();
            prop_assert_eq!(&read.to_string().parse::<LabelSelector>().unwrap(), &read);
        }
    }
}
