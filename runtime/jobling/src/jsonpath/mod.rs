//! Kubernetes' dialect of `JSONPath` (client-go `util/jsonpath`): templates with `{…}`, `range` and
//! quoted text. The crates for RFC 9535 have neither templates nor this dialect's escapes.

mod evaluate;
mod parse;

pub(crate) use evaluate::{EvaluateError, text_of};
pub(crate) use parse::ParseError;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath(Vec<Node>);

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Text as it is.
    Text(String),
    /// What a path finds, separated by spaces.
    Path(Vec<Step>),
    /// The parts inside, for each thing that a path finds.
    Range(Vec<Step>, Vec<Node>),
}

/// One step from values to values.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// The field of that name.
    Field(String),
    /// Every element or field.
    Wildcard,
    /// The value and all that is in it.
    Descend,
    /// The elements from `start` to before `end`, each `step`-th.
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    /// The element at that place; from the end if negative.
    Index(i64),
    /// What each of several paths finds.
    Union(Vec<Vec<Step>>),
    /// The elements for which a comparison holds.
    Filter(Comparison),
}

/// A test of an element.
#[derive(Debug, Clone, PartialEq)]
struct Comparison {
    left: Operand,
    test: Test,
}

/// What a value is tested for.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// That it is there.
    Exists,
    /// How it compares to another.
    Compare(Operator, Operand),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
enum Operand {
    /// A path from the element.
    Path(Vec<Step>),
    /// A value.
    Literal(serde_json::Value),
}

/// Returns a path as kubectl lets people shorten it (`RelaxedJSONPathExpression`): braces and the first
/// dot may be left out.
pub(crate) fn relaxed(path: &str) -> String {
    let inner = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    match inner.starts_with(['.', '[', '$', '@']) {
        true => format!("{{{inner}}}"),
        false => format!("{{.{inner}}}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pods() -> Value {
        json!({"kind": "List", "items": [
            {"metadata": {"name": "a", "labels": {"app.io/name": "web"}},
             "status": {"phase": "Running", "restarts": 3, "ok": true}},
            {"metadata": {"name": "b"}, "status": {"phase": "Failed", "restarts": 0, "ok": false}},
            {"metadata": {"name": "c"}, "status": {"phase": "Failed", "restarts": 10}}
        ]})
    }

    #[test]
    fn templates_print_as_in_kubectl() {
        for (template, printed) in [
            ("{.kind}", "List"),
            ("kind is {.kind}!", "kind is List!"),
            ("{.items[*].metadata.name}", "a b c"),
            ("{.items[0].metadata.name}", "a"),
            ("{.items[-1].metadata.name}", "c"),
            ("{.items[0:2].metadata.name}", "a b"),
            ("{.items[-2:].metadata.name}", "b c"),
            ("{.items[::2].metadata.name}", "a c"),
            ("{..name}", "a b c"),
            ("{.items[*]['metadata.name', 'status.phase']}", "a b c Running Failed Failed"),
            ("{.items[0].metadata.labels.app\\.io/name}", "web"),
            ("{.items[0].metadata.labels['app\\.io/name']}", "web"),
            ("{.items[?(@.status.phase==\"Failed\")].metadata.name}", "b c"),
            ("{.items[?(@.status.phase!='Failed')].metadata.name}", "a"),
            ("{.items[?(@.status.restarts>2)].metadata.name}", "a c"),
            ("{.items[?(@.status.restarts<=3)].metadata.name}", "a b"),
            ("{.items[?(@.status.ok==true)].metadata.name}", "a"),
            ("{.items[?(@.metadata.labels)].metadata.name}", "a"),
            (
                "{range .items[*]}{.metadata.name}={.status.phase}{\"\\n\"}{end}",
                "a=Running\nb=Failed\nc=Failed\n",
            ),
            ("{range .items[*]}[{@.metadata.name}{'\\t'}]{end}", "[a\t][b\t][c\t]"),
            ("{.items[0].status}", r#"{"ok":true,"phase":"Running","restarts":3}"#),
            ("{.items[0].status.*}", "true Running 3"),
            ("{.none.at.all}", ""),
            ("{$.kind}{@.kind}", "ListList"),
            ("{.items[7].metadata.name}", ""),
        ] {
            let path = JsonPath::parse(template).unwrap_or_else(|e| panic!("{template}: {e}"));
            assert_eq!(path.print(&pods()).as_deref(), Ok(printed), "{template}");
        }
    }

    #[test]
    fn a_template_that_is_none_is_refused() {
        for template in [
            "{.a",
            "{.items[}",
            "{.items[a]}",
            "{range .items[*]}x",
            "{end}",
            "{.a[?(@.b==)]}",
            "{'x}",
            "{.items[0:x]}",
        ] {
            assert!(JsonPath::parse(template).is_err(), "{template}");
        }
    }

    #[test]
    fn braces_and_the_first_dot_may_be_left_out() {
        for (given, path) in [
            ("metadata.name", "{.metadata.name}"),
            (".metadata.name", "{.metadata.name}"),
            ("{metadata.name}", "{.metadata.name}"),
            ("{.metadata.name}", "{.metadata.name}"),
        ] {
            assert_eq!(relaxed(given), path, "{given}");
        }
    }
}
