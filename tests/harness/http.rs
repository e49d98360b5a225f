//! A client of the daemon's API that is nobody's library: requests as they are on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

/// A connection to the daemon's socket, kept open from request to request.
#[derive(Debug)]
pub struct Connection(BufReader<UnixStream>);

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Returns the body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}\n{}", self.body))
    }

    /// Returns every value of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Connection {
    /// Connects to a socket.
    pub(crate) fn open(socket: &Path) -> Self {
        Self(BufReader::new(UnixStream::connect(socket).expect("the daemon listens")))
    }

    /// Sends `METHOD /path` with a body of that type and reads the answer to its end.
    ///
    /// # Panics
    /// Where the daemon does not speak HTTP.
    pub fn send(&mut self, line: &str, content_type: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: jobling\r\nUser-Agent: tests/1\r\nContent-Type: {content_type}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).expect("the daemon reads");
        let status = self.line();
        let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let headers = self.headers();
        let body = self.body(&headers);
        Answer { code: code.unwrap_or_else(|| panic!("{status:?} is no status")), headers, body }
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { return headers };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn body(&mut self, headers: &[(String, String)]) -> String {
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, length)| length.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the whole body");
        String::from_utf8(body).expect("UTF-8")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }
}
