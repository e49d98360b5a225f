//! A bounded load: so many connections, each with one request at a time, for so long.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What every request sends, and must get back.
const BODY: &str = "what goes in comes out";
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(2);

/// A load on one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// The server.
    pub(crate) address: SocketAddr,
    /// The path.
    pub(crate) target: &'static str,
    /// Connections at once.
    pub(crate) connections: usize,
}

/// What a load came to.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Requests that were answered.
    pub(crate) requests: usize,
    /// How long each took, sorted.
    times: Vec<Duration>,
}

impl Load {
    /// Puts the load on the server.
    pub(crate) fn measure(&self) -> Measured {
        let times = std::thread::scope(|scope| {
            let clients: Vec<_> =
                (0..self.connections).map(|_| scope.spawn(|| self.client())).collect();
            let times = clients.into_iter().map(|client| client.join().expect("a client"));
            times.flatten().collect::<Vec<_>>()
        });
        let mut times = times;
        times.sort_unstable();
        Measured { requests: times.len(), times }
    }

    /// Sends one request after another; returns how long each took after the warm-up.
    fn client(&self) -> Vec<Duration> {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_nodelay(true).expect("no delay");
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n{BODY}",
            self.target,
            BODY.len()
        );
        let began = Instant::now();
        let mut times = Vec::new();
        let mut answer = Vec::new();
        while began.elapsed() < WARM_UP + MEASURED {
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).expect("a request");
            read_answer(&mut stream, &mut answer);
            if began.elapsed() > WARM_UP {
                times.push(sent.elapsed());
            }
        }
        times
    }
}

/// Reads an answer, whose body must be the request's.
fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    let mut piece = [0; 4096];
    while !answer.ends_with(BODY.as_bytes()) {
        let read = stream.read(&mut piece).expect("an answer");
        assert!(read > 0, "{}", String::from_utf8_lossy(answer));
        answer.extend_from_slice(&piece[..read]);
        let is_well = answer.len() < 12 || answer.starts_with(b"HTTP/1.1 200");
        assert!(is_well, "{}", String::from_utf8_lossy(answer));
    }
}

impl Measured {
    /// Returns requests a second.
    pub(crate) fn a_second(&self) -> f64 {
        let requests = u32::try_from(self.requests).unwrap_or(u32::MAX);
        f64::from(requests) / MEASURED.as_secs_f64()
    }

    /// Returns the time within which so many of a hundred were answered.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default()
    }
}
