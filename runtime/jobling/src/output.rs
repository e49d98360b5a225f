//! The two streams that a command writes to, and what keeps a guest's bytes from steering a terminal.

use std::io::{self, IsTerminal, Write};

/// Whether bytes go to a person's terminal or somewhere that keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    /// A terminal, which would obey what it is sent.
    Terminal,
    /// A file or a pipe.
    Verbatim,
}

/// The standard streams of a command.
pub(crate) struct Output {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    stdout_sink: Sink,
    stderr_sink: Sink,
}

impl Output {
    /// Returns the process's own streams.
    pub(crate) fn of_process() -> Self {
        let sink = |terminal| if terminal { Sink::Terminal } else { Sink::Verbatim };
        Self {
            stdout_sink: sink(io::stdout().is_terminal()),
            stderr_sink: sink(io::stderr().is_terminal()),
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
        }
    }

    /// Writes `text` to stdout, and shows it at once.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())?;
        self.stdout.flush()
    }

    /// Writes a line to stdout.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.print(&format!("{text}\n"))
    }

    /// Writes a line to stderr. That nobody reads stderr is no reason to fail.
    pub(crate) fn note(&mut self, text: &str) {
        drop(writeln!(self.stderr, "{text}"));
    }

    /// Writes what a guest printed to stdout.
    pub(crate) fn guest(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(&for_sink(bytes, self.stdout_sink))?;
        self.stdout.flush()
    }

    /// Writes what a guest printed to stderr.
    pub(crate) fn guest_aside(&mut self, bytes: &[u8]) {
        drop(self.stderr.write_all(&for_sink(bytes, self.stderr_sink)));
    }

    /// Returns where stdout goes.
    pub(crate) const fn stdout_sink(&self) -> Sink {
        self.stdout_sink
    }

    /// Returns where stderr goes.
    pub(crate) const fn stderr_sink(&self) -> Sink {
        self.stderr_sink
    }
}

/// Returns `bytes` as they may go to `sink`: on a terminal, what could steer it is made visible.
pub(crate) fn for_sink(bytes: &[u8], sink: Sink) -> Vec<u8> {
    match sink {
        Sink::Verbatim => bytes.to_vec(),
        Sink::Terminal => visible(bytes).into_bytes(),
    }
}

/// Returns the text with every control character but newline and tab made visible, and bytes that are
/// no UTF-8 in hexadecimal. C1 controls and the marks that turn the direction of writing count too.
fn visible(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_visible(&mut shown, c);
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    // What a program for a terminal writes at the end of a line there is harmless, and ugly if shown.
    shown.replace("^M\n", "\n")
}

fn push_visible(shown: &mut String, c: char) {
    match c {
        '\n' | '\t' => shown.push(c),
        '\u{7f}' => shown.push_str("^?"),
        '\0'..='\u{1f}' => {
            shown.push('^');
            shown.push(char::from(b'@' + c as u8));
        }
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => shown.push_str(&format!("\\u{{{:x}}}", c as u32)),
        _ => shown.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_visible_on_a_terminal() {
        for (printed, shown) in [
            (&b"\x1b[31mred\x1b[0m\n"[..], "^[[31mred^[[0m\n"),
            (b"\x1b]0;title\x07", "^[]0;title^G"),
            (b"a\tb\r\nc\rd", "a\tb\nc^Md"),
            (b"\xc2\x9b31m", "\\u{9b}31m"),
            (b"\xff\xfe ok", "\\xff\\xfe ok"),
            ("\u{202e}gnp.exe".as_bytes(), "\\u{202e}gnp.exe"),
            ("grüße ☃".as_bytes(), "grüße ☃"),
        ] {
            let given = String::from_utf8_lossy(&for_sink(printed, Sink::Terminal)).into_owned();
            assert_eq!(given, shown, "{printed:?}");
        }
    }

    #[test]
    fn a_file_gets_every_byte() {
        let printed = b"\x1b[31m\x00\xff\r\n";
        assert_eq!(for_sink(printed, Sink::Verbatim), printed);
    }
}
