//! What a template finds in a value, and how it is printed.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Comparison, JsonPath, Node, Operand, Operator, Step, Test};

/// Why a template cannot be carried out on a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EvaluateError {
    /// Only lists have indexes.
    #[error("is not array or slice")]
    NotAList,
    /// The template holds text or `range` where only a path may be.
    #[error("expected a path such as {{.status.phase}}")]
    NotAPath,
}

impl JsonPath {
    /// Returns what the template prints for `value`. What is not there prints nothing, as in kubectl.
    pub(crate) fn print(&self, value: &Value) -> Result<String, EvaluateError> {
        let mut text = String::new();
        print_nodes(&self.0, value, &mut text)?;
        Ok(text)
    }

    /// Returns what the template's path finds in `value`.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Result<Vec<&'v Value>, EvaluateError> {
        match self.0.as_slice() {
            [Node::Path(steps)] => find(steps, value),
            _ => Err(EvaluateError::NotAPath),
        }
    }
}

fn print_nodes(nodes: &[Node], value: &Value, text: &mut String) -> Result<(), EvaluateError> {
    for node in nodes {
        match node {
            Node::Text(given) => text.push_str(given),
            Node::Path(steps) => {
                let found: Vec<String> = find(steps, value)?.into_iter().map(text_of).collect();
                text.push_str(&found.join(" "));
            }
            Node::Range(steps, inside) => {
                for item in find(steps, value)? {
                    print_nodes(inside, item, text)?;
                }
            }
        }
    }
    Ok(())
}

/// Returns a value as kubectl prints it: a string without quotes, anything larger as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn find<'v>(steps: &[Step], value: &'v Value) -> Result<Vec<&'v Value>, EvaluateError> {
    let mut found = vec![value];
    for step in steps {
        let mut next = Vec::new();
        if let Step::Union(paths) = step {
            // Each path of a union is followed for all values before the next one is.
            for path in paths {
                for value in &found {
                    next.extend(find(path, value)?);
                }
            }
        } else {
            for value in found {
                take(step, value, &mut next)?;
            }
        }
        found = next;
    }
    Ok(found)
}

fn take<'v>(step: &Step, value: &'v Value, next: &mut Vec<&'v Value>) -> Result<(), EvaluateError> {
    match step {
        Step::Field(name) => next.extend(value.get(name.as_str())),
        Step::Wildcard => next.extend(children(value)),
        Step::Descend => descend(value, next),
        Step::Index(index) => {
            let list = list(value)?;
            let at = if *index < 0 { index + length(list) } else { *index };
            next.extend(usize::try_from(at).ok().and_then(|at| list.get(at)));
        }
        Step::Slice { start, end, step } => {
            let list = list(value)?;
            let place =
                |at: i64| if at < 0 { at + length(list) } else { at }.clamp(0, length(list));
            let (start, end) = (place(start.unwrap_or(0)), place(end.unwrap_or(length(list))));
            let count = usize::try_from((end - start).max(0)).unwrap_or_default();
            let first = usize::try_from(start).unwrap_or_default();
            let stride = usize::try_from(*step).unwrap_or(1);
            next.extend(list.iter().skip(first).take(count).step_by(stride));
        }
        Step::Filter(comparison) => {
            for item in children(value) {
                if holds(comparison, item)? {
                    next.push(item);
                }
            }
        }
        Step::Union(paths) => {
            for path in paths {
                next.extend(find(path, value)?);
            }
        }
    }
    Ok(())
}

/// An absent list is an empty one.
fn list(value: &Value) -> Result<&[Value], EvaluateError> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(EvaluateError::NotAList)
        }
    }
}

fn length(list: &[Value]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, next: &mut Vec<&'v Value>) {
    next.push(value);
    for child in children(value) {
        descend(child, next);
    }
}

fn holds(comparison: &Comparison, item: &Value) -> Result<bool, EvaluateError> {
    let left = values(&comparison.left, item)?;
    match &comparison.test {
        Test::Exists => Ok(!left.is_empty()),
        Test::Compare(operator, right) => {
            let right = values(right, item)?;
            Ok(match (left.first(), right.first()) {
                (Some(left), Some(right)) => compare(*operator, left, right),
                _ => false,
            })
        }
    }
}

fn values<'v>(operand: &'v Operand, item: &'v Value) -> Result<Vec<&'v Value>, EvaluateError> {
    match operand {
        Operand::Path(steps) => find(steps, item),
        Operand::Literal(value) => Ok(vec![value]),
    }
}

fn compare(operator: Operator, left: &Value, right: &Value) -> bool {
    let order = order(left, right);
    match operator {
        Operator::Equal => left == right || order == Some(Ordering::Equal),
        Operator::NotEqual => left != right && order != Some(Ordering::Equal),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

/// Returns how two values of one kind compare; values of different kinds do not.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
