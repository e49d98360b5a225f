//! Where records of the `log` crate go: a line each on stderr, as text or as JSON.

use std::io::{self, Write};
use std::sync::OnceLock;

#[cfg(feature = "kv")]
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};

use crate::Task;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `INFO message key=value`
    Text,
    /// `{"level":"INFO","message":"…","key":"value"}`
    Json,
}

struct Logger(Form);

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Sends records to stderr from `LOG_LEVEL` on (info, where it is unset or no level), as JSON where
/// `LOG_FORMAT` is json. A logger that is there already stays.
pub(crate) fn set_up(task: &Task) {
    let level = task.var::<LevelFilter>("LOG_LEVEL").unwrap_or(LevelFilter::Info);
    let is_json = task.var::<String>("LOG_FORMAT").is_ok_and(|form| form == "json");
    let form = if is_json { Form::Json } else { Form::Text };
    if log::set_logger(LOGGER.get_or_init(|| Logger(form))).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // A log that nobody reads is no reason to fail.
            drop(io::stderr().write_all(line(self.0, record).as_bytes()));
        }
    }

    fn flush(&self) {}
}

fn line(form: Form, record: &Record<'_>) -> String {
    let mut line = Line { form, text: String::new() };
    let message = record.args().to_string();
    match form {
        Form::Text => {
            line.text.push_str(record.level().as_str());
            line.text.push(' ');
            line.text.push_str(&message.replace('\n', "\\n"));
        }
        Form::Json => {
            line.text.push('{');
            line.pair("level", record.level().as_str());
            line.pair("message", &message);
        }
    }
    // A value that cannot be shown is left out; `Line` itself refuses none.
    #[cfg(feature = "kv")]
    drop(record.key_values().visit(&mut line));
    line.text.push_str(if form == Form::Json { "}\n" } else { "\n" });
    line.text
}

struct Line {
    form: Form,
    text: String,
}

impl Line {
    fn pair(&mut self, key: &str, value: &str) {
        match self.form {
            Form::Text => {
                let quoted = value.is_empty() || value.contains([' ', '"', '=', '\n']);
                let value = if quoted { format!("{value:?}") } else { value.to_owned() };
                self.text.push_str(&format!(" {key}={value}"));
            }
            Form::Json => {
                if self.text.len() > 1 {
                    self.text.push(',');
                }
                json_string(&mut self.text, key);
                self.text.push(':');
                json_string(&mut self.text, value);
            }
        }
    }
}

#[cfg(feature = "kv")]
impl<'kvs> VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.pair(key.as_str(), &value.to_string());
        Ok(())
    }
}

/// Appends `value` as a string of JSON (RFC 8259, section 7).
fn json_string(text: &mut String, value: &str) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            control if control < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "kv")]
    #[test]
    fn a_record_is_one_line_with_its_values() {
        for (form, expected) in [
            (Form::Text, "WARN row\\nskipped row=7 why=\"no key\"\n"),
            (
                Form::Json,
                "{\"level\":\"WARN\",\"message\":\"row\\nskipped\",\"row\":\"7\",\"why\":\"no key\"}\n",
            ),
        ] {
            let values = [("row", "7"), ("why", "no key")];
            let record = Record::builder()
                .level(log::Level::Warn)
                .args(format_args!("row\nskipped"))
                .key_values(&values)
                .build();
            assert_eq!(line(form, &record), expected, "{form:?}");
        }
    }

    #[test]
    fn a_record_is_one_line_and_json_is_well_formed() {
        for (form, expected) in [
            (Form::Text, "WARN row\\n\"7\" skipped\n"),
            (Form::Json, "{\"level\":\"WARN\",\"message\":\"row\\n\\\"7\\\" skipped\"}\n"),
        ] {
            let mut record = Record::builder();
            let record = record.level(log::Level::Warn);
            let told = line(form, &record.args(format_args!("row\n\"7\" skipped")).build());
            assert_eq!(told, expected, "{form:?}");
        }
    }
}
