//! The two streams that a command writes to, and what keeps a guest's bytes from steering a terminal.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};

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
            stdout: Box::new(BufWriter::new(io::stdout())),
            stderr: Box::new(io::stderr()),
        }
    }

    /// Returns streams that keep what is written, as files would, and what they keep.
    #[cfg(test)]
    pub(crate) fn captured() -> (Self, Captured, Captured) {
        let (stdout, stderr) = (Captured::default(), Captured::default());
        let output = Self {
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            stdout_sink: Sink::Verbatim,
            stderr_sink: Sink::Verbatim,
        };
        (output, stdout, stderr)
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

    /// Writes a line to stderr, after what stdout has taken. That nobody reads stderr is no reason to fail.
    pub(crate) fn note(&mut self, text: &str) {
        drop(self.stdout.flush());
        drop(writeln!(self.stderr, "{text}"));
    }

    /// Writes what a guest printed to stdout, and shows it at once.
    pub(crate) fn guest(&mut self, text: &mut GuestText, bytes: &[u8]) -> io::Result<()> {
        self.guest_in_passing(text, bytes)?;
        self.stdout.flush()
    }

    /// Writes what a guest printed to stdout; it is shown with what follows, at the latest by
    /// [`show`](Self::show).
    pub(crate) fn guest_in_passing(
        &mut self,
        text: &mut GuestText,
        bytes: &[u8],
    ) -> io::Result<()> {
        let shown = text.take(bytes, self.stdout_sink);
        self.stdout.write_all(&shown)
    }

    /// Shows what stdout has taken.
    pub(crate) fn show(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Writes what is left of what a guest printed to stdout.
    pub(crate) fn guest_end(&mut self, text: &mut GuestText) -> io::Result<()> {
        let shown = text.finish(self.stdout_sink);
        self.stdout.write_all(&shown)?;
        self.stdout.flush()
    }

    /// Writes what a guest printed to stderr.
    pub(crate) fn guest_aside(&mut self, text: &mut GuestText, bytes: &[u8]) {
        let shown = text.take(bytes, self.stderr_sink);
        drop(self.stderr.write_all(&shown));
    }

    /// Writes what is left of what a guest printed to stderr.
    pub(crate) fn guest_aside_end(&mut self, text: &mut GuestText) {
        let shown = text.finish(self.stderr_sink);
        drop(self.stderr.write_all(&shown));
    }

    /// Returns where stderr goes.
    pub(crate) const fn stderr_sink(&self) -> Sink {
        self.stderr_sink
    }
}

/// What was written to a stream.
#[cfg(test)]
#[derive(Debug, Clone, Default)]
pub(crate) struct Captured(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[cfg(test)]
impl Captured {
    /// Returns it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[cfg(test)]
impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much of an unfinished line is held back; a longer one is broken.
const MAX_LINE: usize = 64 * 1024;

/// What one guest prints, on its way to a person: raw, or in whole lines with a prefix.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuestText {
    prefix: String,
    whole_lines: bool,
    held: Vec<u8>,
}

impl GuestText {
    /// Returns one that goes as it comes; by lines if there is a prefix for each.
    pub(crate) fn new(prefix: String) -> Self {
        Self { whole_lines: !prefix.is_empty(), prefix, held: Vec::new() }
    }

    /// Returns one that goes by whole lines, so that several do not mix.
    pub(crate) fn lines(prefix: String) -> Self {
        Self { prefix, whole_lines: true, held: Vec::new() }
    }

    /// Returns whether something is held back.
    pub(crate) const fn has_more(&self) -> bool {
        !self.held.is_empty()
    }

    /// Returns what can be shown of what was held back and `bytes`.
    fn take(&mut self, bytes: &[u8], sink: Sink) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let end = match self.whole_lines {
            true => self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1),
            false => whole_characters(&self.held, sink),
        };
        if end == 0 && self.held.len() > MAX_LINE {
            self.held.push(b'\n');
            return self.finish(sink);
        }
        let ready: Vec<u8> = self.held.drain(..end).collect();
        self.show(&ready, sink)
    }

    /// Returns what was held back; a line that goes by lines is ended.
    fn finish(&mut self, sink: Sink) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.held);
        if self.whole_lines && !rest.is_empty() && !rest.ends_with(b"\n") {
            rest.push(b'\n');
        }
        self.show(&rest, sink)
    }

    fn show(&self, bytes: &[u8], sink: Sink) -> Vec<u8> {
        if self.prefix.is_empty() {
            return for_sink(bytes, sink);
        }
        let mut shown = Vec::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            shown.extend_from_slice(self.prefix.as_bytes());
            shown.extend(for_sink(line, sink));
        }
        shown
    }
}

/// Returns how many bytes can be shown before a character that has not come whole; a file takes any.
fn whole_characters(bytes: &[u8], sink: Sink) -> usize {
    if sink == Sink::Verbatim {
        return bytes.len();
    }
    let tail = bytes.len().saturating_sub(3);
    let open = (tail..bytes.len()).find(|at| {
        let rest = &bytes[*at..];
        std::str::from_utf8(rest).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
    });
    open.unwrap_or(bytes.len())
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
            write!(shown, "\\x{byte:02x}").expect("a String takes any text");
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
        | '\u{2066}'..='\u{2069}' => {
            write!(shown, "\\u{{{:x}}}", u32::from(c)).expect("a String takes any text");
        }
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

    #[test]
    fn a_character_that_comes_in_parts_is_shown_whole() {
        let mut text = GuestText::new(String::new());
        let snowman = "☃".as_bytes();
        assert_eq!(text.take(&[b'a', snowman[0]], Sink::Terminal), b"a");
        assert_eq!(text.take(&snowman[1..], Sink::Terminal), snowman);
        assert_eq!(text.take(&snowman[..2], Sink::Terminal), b"");
        assert_eq!(text.finish(Sink::Terminal), b"\\xe2\\x98");
    }

    #[test]
    fn lines_get_their_prefix_and_do_not_mix() {
        let mut text = GuestText::new("[a] ".to_owned());
        assert_eq!(text.take(b"one\ntw", Sink::Verbatim), b"[a] one\n");
        assert_eq!(text.take(b"o\n", Sink::Verbatim), b"[a] two\n");
        assert_eq!(text.take(b"rest", Sink::Verbatim), b"");
        assert_eq!(text.finish(Sink::Verbatim), b"[a] rest\n");
    }
}
