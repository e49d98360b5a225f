//! `-o custom-columns`: a table whose columns the user names.

use serde_json::Value;

use super::{FormatError, TabWriter};
use crate::jsonpath::{JsonPath, relaxed};

/// Columns, each with its heading and where its values are.
#[derive(Debug, Clone)]
pub(crate) struct CustomColumns(Vec<(String, JsonPath)>);

impl CustomColumns {
    /// Returns the columns of `HEADING:PATH,…`.
    pub(crate) fn parse(spec: &str) -> Result<Self, FormatError> {
        spec.split(',').map(column).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the columns of a file: headings on the first line, paths on the second.
    pub(crate) fn parse_file(text: &str) -> Result<Self, FormatError> {
        let words = |line: Option<&str>| -> Vec<String> {
            line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        let mut lines = text.lines();
        let (headings, paths) = (words(lines.next()), words(lines.next()));
        if headings.is_empty() || headings.len() != paths.len() {
            return Err(FormatError::Column { column: text.to_owned() });
        }
        let pairs = headings.iter().zip(&paths).map(|(h, p)| column(&format!("{h}:{p}")));
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the table of `objects`.
    pub(crate) fn format(&self, objects: &[Value], headings: Headings) -> String {
        let mut text = String::new();
        if headings == Headings::Shown {
            let names: Vec<&str> = self.0.iter().map(|(heading, _)| heading.as_str()).collect();
            text.push_str(&names.join("\t"));
            text.push('\n');
        }
        for object in objects {
            let cells: Vec<String> = self.0.iter().map(|(_, path)| cell(path, object)).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        TabWriter::TABLE.format(&text)
    }
}

/// Whether a table begins with its headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headings {
    /// It does.
    Shown,
    /// It does not.
    Hidden,
}

fn column(spec: &str) -> Result<(String, JsonPath), FormatError> {
    let fault = || FormatError::Column { column: spec.to_owned() };
    let (heading, path) = spec.split_once(':').ok_or_else(fault)?;
    if heading.is_empty() || path.is_empty() {
        return Err(fault());
    }
    let template = relaxed(path);
    let path = JsonPath::parse(&template)
        .map_err(|source| FormatError::JsonPath { template: path.to_owned(), source })?;
    Ok((heading.to_owned(), path))
}

fn cell(path: &JsonPath, object: &Value) -> String {
    let found = path.find(object).unwrap_or_default();
    if found.is_empty() {
        return "<none>".to_owned();
    }
    let texts: Vec<String> = found.iter().map(|value| crate::jsonpath::text_of(value)).collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_show_what_their_paths_find() {
        let columns = CustomColumns::parse("NAME:.metadata.name,PORTS:.ports[*],X:.none").unwrap();
        let objects = [
            json!({"metadata": {"name": "web"}, "ports": [80, 443]}),
            json!({"metadata": {"name": "a-long-name"}}),
        ];
        assert_eq!(
            columns.format(&objects, Headings::Shown),
            "NAME          PORTS    X\n\
             web           80,443   <none>\n\
             a-long-name   <none>   <none>\n"
        );
    }
}
