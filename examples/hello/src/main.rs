//! Greets whom the arguments name, in the words of `GREETING`, and reads out the file of `NOTE_FILE`.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let greeting = env::var("GREETING").unwrap_or_else(|_| "Hello".to_owned());
    for line in greetings(&greeting, env::args().skip(1)) {
        println!("{line}");
    }
    let Ok(path) = env::var("NOTE_FILE") else { return ExitCode::SUCCESS };
    match fs::read_to_string(&path) {
        Ok(note) => {
            print!("{note}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {path} cannot be read: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns a line for each name; for no name one for the world.
fn greetings(greeting: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = names.map(|name| format!("{greeting}, {name}!")).collect();
    if lines.is_empty() {
        lines.push(format!("{greeting}, world!"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_greeted_and_otherwise_the_world() {
        let rows: [(&str, &[&str], &[&str]); 3] = [
            ("Hello", &[], &["Hello, world!"]),
            ("Moin", &["Ada"], &["Moin, Ada!"]),
            ("Hello", &["Ada", "Alan"], &["Hello, Ada!", "Hello, Alan!"]),
        ];
        for (greeting, names, lines) in rows {
            let names = names.iter().map(|&name| name.to_owned());
            assert_eq!(greetings(greeting, names), lines, "{greeting}");
        }
    }
}
