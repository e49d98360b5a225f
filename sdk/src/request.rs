//! The HTTP request that triggered a Job, as a pod is told of it: by the variables of CGI (RFC 3875), and
//! its body on the standard input.

use std::io;
use std::sync::Arc;

use crate::host::Host;

/// The request that triggered this Job.
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let task = Host::new()
///     .var("REQUEST_METHOD", "POST")
///     .var("PATH_INFO", "/reports")
///     .var("QUERY_STRING", "year=2026&name=J%C3%BCrgen+K")
///     .var("HTTP_X_ORIGIN", "shop")
///     .input("42 rows")
///     .task();
/// let request = task.request().expect("a request");
/// assert_eq!((request.method(), request.path().as_str()), ("POST", "/reports"));
/// assert_eq!(request.query("name").as_deref(), Some("Jürgen K"));
/// assert_eq!(request.header("X-Origin").as_deref(), Some("shop"));
/// assert_eq!(request.body()?, b"42 rows");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Request {
    method: String,
    host: Arc<dyn Host>,
}

impl Request {
    /// Returns the request, if `host` tells of one.
    pub(crate) fn of(host: &Arc<dyn Host>) -> Option<Self> {
        let method = host.variable("REQUEST_METHOD")?.into_string().ok()?;
        Some(Self { method, host: Arc::clone(host) })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.host.variable(name)?.into_string().ok()
    }

    /// Returns its method, such as `POST`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("REQUEST_METHOD", "PUT").task();
    /// assert_eq!(task.request().unwrap().method(), "PUT");
    /// ```
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns its path, decoded; empty where it has none.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("REQUEST_METHOD", "PUT").var("PATH_INFO", "/a").task();
    /// assert_eq!(task.request().unwrap().path(), "/a");
    /// ```
    #[must_use]
    pub fn path(&self) -> String {
        self.variable("PATH_INFO").unwrap_or_default()
    }

    /// Returns the first value of a parameter of its query, decoded.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("REQUEST_METHOD", "GET").var("QUERY_STRING", "a=1&b=%2F").task();
    /// assert_eq!(task.request().unwrap().query("b").as_deref(), Some("/"));
    /// assert_eq!(task.request().unwrap().query("c"), None);
    /// ```
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.variable("QUERY_STRING")?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key) == name).then(|| decoded(value))
        })
    }

    /// Returns a header by its name, in any case; `Content-Type` and `Content-Length` too.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().var("REQUEST_METHOD", "PUT").var("CONTENT_TYPE", "text/csv");
    /// assert_eq!(host.task().request().unwrap().header("content-type").as_deref(), Some("text/csv"));
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_uppercase().replace('-', "_");
        match name.as_str() {
            "CONTENT_TYPE" | "CONTENT_LENGTH" => self.variable(&name),
            _ => self.variable(&format!("HTTP_{name}")),
        }
    }

    /// Reads its body, which can be read once.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("REQUEST_METHOD", "PUT").input("x").task();
    /// assert_eq!(task.request().unwrap().body()?, b"x");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn body(&self) -> io::Result<Vec<u8>> {
        self.host.read_input()
    }
}

/// Returns `text` with `+` and `%XX` decoded; a broken escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = if let [b'%', high, low, ..] = rest {
            hexadecimal(*high).zip(hexadecimal(*low))
        } else {
            None
        };
        match escape {
            Some((high, low)) => bytes.push(high * 16 + low),
            None => bytes.push(if *first == b'+' { b' ' } else { *first }),
        }
        rest = if escape.is_some() { &rest[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_stay() {
        let rows = [("a+b", "a b"), ("%41", "A"), ("%4", "%4"), ("%zz", "%zz"), ("%C3%BC", "ü")];
        for (text, expected) in rows {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
