//! What `-o` asks for.

use super::CustomColumns;
use crate::jsonpath::{JsonPath, ParseError};

/// A form of output.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    /// The server's table; with every column if `wide`.
    Table,
    /// The server's table with every column.
    Wide,
    /// `job.batch/NAME`.
    Name,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// A template.
    JsonPath(JsonPath),
    /// Columns of the user's own.
    Columns(CustomColumns),
}

/// Why `-o` cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// There is no such form.
    #[error(
        "unable to match a printer suitable for the output format \"{given}\", allowed formats are: \
         custom-columns,custom-columns-file,json,jsonpath,jsonpath-file,name,wide,yaml"
    )]
    Unknown {
        /// What was given.
        given: String,
    },
    /// The form needs a template.
    #[error("{form} format specified but no {form} given; write -o {form}=…")]
    NoTemplate {
        /// Which form.
        form: &'static str,
    },
    /// The template is none.
    #[error("error parsing jsonpath {template}, {source}")]
    JsonPath {
        /// What was given.
        template: String,
        /// Why.
        source: ParseError,
    },
    /// A column is none.
    #[error("unexpected custom-columns spec: {column}, expected <header>:<json-path-expr>")]
    Column {
        /// What was given.
        column: String,
    },
    /// The template's file cannot be read.
    #[error("error reading {form} template {path}: {why}")]
    File {
        /// Which form.
        form: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl Format {
    /// Returns what the value of `-o` asks for.
    pub(crate) fn parse(given: &str) -> Result<Self, FormatError> {
        let (form, template) = match given.split_once('=') {
            Some((form, template)) => (form, Some(template)),
            None => (given, None),
        };
        match (form, template) {
            ("wide", None) => Ok(Self::Wide),
            ("name", None) => Ok(Self::Name),
            ("json", None) => Ok(Self::Json),
            ("yaml", None) => Ok(Self::Yaml),
            ("jsonpath" | "jsonpath-as-json", Some(template)) => json_path(template),
            ("jsonpath-file", Some(path)) => json_path(&read("jsonpath-file", path)?),
            ("custom-columns", Some(spec)) => CustomColumns::parse(spec).map(Self::Columns),
            ("custom-columns-file", Some(path)) => {
                CustomColumns::parse_file(&read("custom-columns-file", path)?).map(Self::Columns)
            }
            ("jsonpath", None) => Err(FormatError::NoTemplate { form: "jsonpath" }),
            ("custom-columns", None) => Err(FormatError::NoTemplate { form: "custom-columns" }),
            _ => Err(FormatError::Unknown { given: given.to_owned() }),
        }
    }
}

fn json_path(template: &str) -> Result<Format, FormatError> {
    JsonPath::parse(template)
        .map(Format::JsonPath)
        .map_err(|source| FormatError::JsonPath { template: template.to_owned(), source })
}

fn read(form: &'static str, path: &str) -> Result<String, FormatError> {
    std::fs::read_to_string(path).map_err(|error| FormatError::File {
        form,
        path: path.to_owned(),
        why: error.to_string(),
    })
}
