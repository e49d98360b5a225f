//! A client of the trigger endpoint: requests as they are on the wire, well made or not.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// So long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to the endpoint.
#[derive(Debug)]
pub struct EndpointConnection {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// The status code.
    pub status: u16,
    /// The headers; names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl EndpointConnection {
    /// Opens one.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).expect("the endpoint listens")
    }

    /// Opens one, if somebody listens.
    #[must_use]
    pub fn try_open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self { stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are. That the other side has closed is seen when its answer is read.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).ok();
    }

    /// Sends a request.
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: edge\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.send(bytes);
    }

    /// Reads the next answer; `None` where the other side has closed instead.
    ///
    /// # Panics
    /// Where what comes is no answer.
    pub fn answer(&mut self) -> Option<EndpointAnswer> {
        let status = self.line()?.split(' ').nth(1)?.parse().expect("a status");
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = EndpointAnswer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        answer.body.resize(length.unwrap_or(0), 0);
        self.stream.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }

    /// Reads the next answer, if some of it has come.
    ///
    /// # Panics
    /// Where what comes is none.
    pub fn try_answer(&mut self) -> Option<EndpointAnswer> {
        let socket = self.stream.get_ref();
        socket.set_nonblocking(true).expect("a socket");
        let has_come = socket.peek(&mut [0]).is_ok();
        socket.set_nonblocking(false).expect("a socket");
        if has_come { self.answer() } else { None }
    }

    /// Returns whether the other side closes the connection, with nothing more to say.
    #[must_use]
    pub fn is_closed(mut self) -> bool {
        self.stream.read(&mut [0]).map_or(true, |read| read == 0)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        // A reset is an end, too.
        (read.is_ok() && !line.is_empty()).then(|| line.trim_end().to_owned())
    }
}

impl EndpointAnswer {
    /// Returns the value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for EndpointAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {:?}", self.status, self.headers)?;
        f.write_str(&self.text())
    }
}

/// Sends one request on a connection of its own and returns the answer.
///
/// # Panics
/// Where there is none.
#[must_use]
#[track_caller]
pub fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> EndpointAnswer {
    let mut connection = EndpointConnection::open(address);
    connection.request(method, target, headers, body);
    connection.answer().expect("an answer")
}
