//! What commands print, as a person sees them at a terminal one after the other, with everything that
//! differs from run to run made alike.

use std::fmt::Write;

use crate::{Daemon, Output};

/// Runs each line of `commands` and returns all of them with what they printed, and with their exit code
/// where that is not 0. A line may begin with `NAME=VALUE`; single quotes keep words together.
#[must_use]
pub fn transcript(daemon: &Daemon, commands: &str) -> String {
    let mut text = String::new();
    for line in commands.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let output = daemon.run(&words(line));
        write_command(&mut text, line, &output);
    }
    redacted(&text, daemon.directory())
}

fn write_command(text: &mut String, line: &str, output: &Output) {
    writeln!(text, "$ {line}").expect("a text takes more");
    for part in [&output.stdout, &output.stderr] {
        text.push_str(part);
        if !part.is_empty() && !part.ends_with('\n') {
            text.push('\n');
        }
    }
    if output.code != 0 {
        writeln!(text, "[exit {}]", output.code).expect("a text takes more");
    }
}

/// Splits a line as a shell does that knows single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Replaces ages, times, uids, revisions, generated names, digests and directories by words, and the space
/// between columns, whose width follows from them, by two blanks.
#[must_use]
pub fn redacted(text: &str, directory: &str) -> String {
    let text = text.replace(directory, "DIR");
    let lines = text.lines().map(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
        let line = columns.collect::<Vec<_>>().join("  ");
        format!("{indent}{}", words_redacted(&date_redacted(&line)))
    });
    lines.map(|line| line + "\n").collect()
}

/// A date such as `Thu, 26 Nov 2026 05:56:50 +0000` is six words.
fn date_redacted(line: &str) -> String {
    const DAYS: [&str; 7] = ["Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "];
    let length = "Thu, 26 Nov 2026 05:56:50 +0000".len();
    match DAYS.iter().find_map(|day| line.find(day)) {
        Some(at) if line.len() >= at + length => {
            format!("{}TIME{}", &line[..at], &line[at + length..])
        }
        _ => line.to_owned(),
    }
}

fn words_redacted(line: &str) -> String {
    let mut out = String::new();
    for word in line.split_inclusive(|c: char| " \",()[]{}=/".contains(c)) {
        let end = word.trim_end_matches(|c: char| " \",()[]{}=/".contains(c)).len();
        let (word, rest) = word.split_at(end);
        out.push_str(&word_redacted(word));
        out.push_str(rest);
    }
    out
}

fn word_redacted(word: &str) -> String {
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    if is_age(word) {
        return "AGE".to_owned();
    }
    if word.len() == 36 && word.matches('-').count() == 4 && is_hex(&word.replace('-', "")) {
        return "UID".to_owned();
    }
    if let Some((side @ ("LIVE" | "MERGED"), _)) = word.split_once('-') {
        return side.to_owned();
    }
    let is_moment = |c: char| c.is_ascii_digit() || "-:.".contains(c);
    if word.len() >= 10 && word.starts_with("20") && word.chars().all(is_moment) {
        return "DATE".to_owned();
    }
    if word.len() >= 15 && word.as_bytes()[2] == b':' && word.chars().all(is_moment) {
        return "TIME".to_owned();
    }
    if word.len() >= 20 && word.as_bytes()[10] == b'T' && word.ends_with('Z') {
        return "TIME".to_owned();
    }
    if let Some(digest) = word.strip_prefix("sha256:")
        && is_hex(digest)
    {
        return "sha256:DIGEST".to_owned();
    }
    if word.len() > 32 && is_hex(word) {
        return "HEX".to_owned();
    }
    if let Some(port) = word.strip_prefix("127.0.0.1:")
        && port.parse::<u16>().is_ok()
    {
        return "127.0.0.1:PORT".to_owned();
    }
    match word.rsplit_once('-') {
        Some((name, suffix)) if is_generated(suffix) => format!("{name}-xxxxx"),
        _ => word.to_owned(),
    }
}

/// `5s`, `2m10s`, `3d4h`.
fn is_age(word: &str) -> bool {
    let mut rest = word;
    let mut parts = 0;
    while let Some(at) = rest.find(|c: char| !c.is_ascii_digit()) {
        if at == 0 || !"smhd".contains(&rest[at..=at]) {
            return false;
        }
        rest = &rest[at + 1..];
        parts += 1;
    }
    parts > 0 && rest.is_empty()
}

/// Five of the letters that Kubernetes makes names whole with.
fn is_generated(suffix: &str) -> bool {
    suffix.len() == 5 && suffix.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
}
