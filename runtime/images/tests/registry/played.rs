//! A registry that is played, honest or not: it answers paths as a test tells it, and remembers what it was
//! asked. Made of threads and sockets alone, so that it can break every rule of HTTP.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a path is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With these bytes, or the range of them that is asked for.
    Whole { media: &'static str, bytes: Vec<u8> },
    /// Likewise, but each connection breaks off after so many bytes.
    Breaking { bytes: Vec<u8>, after: usize },
    /// With these bytes, and a digest that they do not have.
    Lying { media: &'static str, bytes: Vec<u8>, digest: String },
    /// With zeros that never end.
    Endless { media: &'static str },
    /// With a status, a header and a body.
    Other { status: &'static str, header: String, body: &'static str },
    /// With one answer to those who show this `Authorization`, and with another to all others.
    Guarded { authorization: String, inside: Box<Answer>, outside: Box<Answer> },
}

/// A running one; it stops when it is dropped.
pub(crate) struct Played {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<Asked>>,
    stopped: AtomicBool,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) authorization: Option<String>,
}

impl Played {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if serving.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&serving);
                // A client that goes away early is no failure.
                std::thread::spawn(move || connection.and_then(|c| state.serve(&c)).ok());
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    /// Returns `HOST:PORT`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Has `path` answered so from now on.
    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.state.answers.lock().expect("no panic").insert(path.to_owned(), answer);
    }

    /// Returns what was asked of `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.state.asked.lock().expect("no panic");
        asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it has served");
        }
    }
}

impl State {
    fn serve(&self, connection: &TcpStream) -> io::Result<()> {
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut reader = BufReader::new(connection);
        // Whoever tries TLS first begins with another byte.
        if !reader.fill_buf()?.first().is_some_and(u8::is_ascii_uppercase) {
            return Ok(());
        }
        let mut head = Vec::new();
        for line in reader.by_ref().take(64 << 10).lines() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let first = head.first().cloned().unwrap_or_default();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let header = |name: &str| {
            head.iter().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let asked = Asked { path, range: header("range"), authorization: header("authorization") };
        self.asked.lock().expect("no panic").push(asked.clone());
        let answer = self.answers.lock().expect("no panic").get(&asked.path).cloned();
        let nothing = Answer::Other { status: "404 Not Found", header: String::new(), body: "" };
        write(connection, &answer.unwrap_or(nothing), &asked)
    }
}

fn write(mut to: &TcpStream, answer: &Answer, asked: &Asked) -> io::Result<()> {
    match answer {
        Answer::Whole { media, bytes } => ranged(to, media, bytes, bytes.len(), asked),
        Answer::Breaking { bytes, after } => {
            ranged(to, "application/octet-stream", bytes, *after, asked)
        }
        Answer::Lying { media, bytes, digest } => {
            let length = bytes.len();
            write!(to, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {media}\r\n")?;
            write!(to, "Docker-Content-Digest: {digest}\r\nContent-Length: {length}\r\n\r\n")?;
            to.write_all(bytes)
        }
        Answer::Endless { media } => {
            write!(to, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {media}\r\n\r\n")?;
            let zeros = vec![0; 64 << 10];
            // It ends when the client does.
            loop {
                to.write_all(&zeros)?;
            }
        }
        Answer::Other { status, header, body } => {
            let length = body.len();
            write!(to, "HTTP/1.1 {status}\r\nConnection: close\r\n{header}")?;
            write!(to, "Content-Length: {length}\r\n\r\n{body}")
        }
        Answer::Guarded { authorization, inside, outside } => {
            let shown = asked.authorization.as_ref() == Some(authorization);
            write(to, if shown { inside } else { outside }, asked)
        }
    }
}

fn ranged(
    mut to: &TcpStream,
    media: &str,
    bytes: &[u8],
    most: usize,
    asked: &Asked,
) -> io::Result<()> {
    let range =
        asked.range.as_ref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let first: usize = range.and_then(|first| first.parse().ok()).unwrap_or(0).min(bytes.len());
    let (rest, last) = (&bytes[first..], bytes.len().saturating_sub(1));
    match range {
        Some(_) => {
            write!(to, "HTTP/1.1 206 Partial Content\r\n")?;
            write!(to, "Content-Range: bytes {first}-{last}/{}\r\n", bytes.len())?;
        }
        None => write!(to, "HTTP/1.1 200 OK\r\n")?,
    }
    write!(
        to,
        "Connection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        rest.len()
    )?;
    to.write_all(&rest[..rest.len().min(most)])
}
