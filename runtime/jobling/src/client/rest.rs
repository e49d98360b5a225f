//! One request to the API and its answer, as JSON.

use http::{Method, Request, header};
use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ClientError, StatusError, Target};

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Accept {
    /// Objects.
    #[default]
    Json,
    /// Rows of a table, as the server would print them.
    Table,
}

impl Accept {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Table => "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        }
    }
}

/// The part of a URL after the question mark.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Adds `key=value`.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.push((key, value.into()));
        self
    }

    /// Adds `key=value` where there is a value.
    pub(crate) fn with_some(self, key: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn append_to(&self, path: &str) -> String {
        let mut url = path.to_owned();
        for (at, (key, value)) in self.0.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(key);
            url.push('=');
            push_escaped(&mut url, value);
        }
        url
    }
}

fn push_escaped(url: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// A client of one server, and the namespace that is meant.
#[derive(Clone)]
pub(crate) struct Rest {
    client: Client,
    target: Target,
    namespace: String,
    given_namespace: Option<String>,
}

impl Rest {
    /// Returns the client of `target`, and the namespace that was given on the command line, if one was.
    pub(crate) const fn new(
        client: Client,
        target: Target,
        namespace: String,
        given_namespace: Option<String>,
    ) -> Self {
        Self { client, target, namespace, given_namespace }
    }

    /// Returns the namespace that the command line insists on.
    pub(crate) fn given_namespace(&self) -> Option<&str> {
        self.given_namespace.as_deref()
    }

    /// Returns the namespace that is meant where none is named.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the server.
    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the client itself.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Reads what is at `path`.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.get(path, &Query::default(), Accept::Json).await
    }

    /// Reads what is at `path`, in that form.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
        accept: Accept,
    ) -> Result<T, ClientError> {
        let request = Request::get(query.append_to(path))
            .header(header::ACCEPT, accept.media_type())
            .body(Vec::new())
            .map_err(|_| ClientError::Unreadable { what: path.to_owned() })?;
        self.client.request(request).await.map_err(|error| self.failure(error))
    }

    /// Reads the object at `path`; `None` where there is none.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, ClientError> {
        match self.read(path).await {
            Ok(object) => Ok(Some(object)),
            Err(ClientError::Status(status)) if status.is("NotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends `body` to `path`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &Query,
        content_type: &'static str,
        body: &Value,
    ) -> Result<Value, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(query.append_to(path))
            .header(header::ACCEPT, Accept::Json.media_type())
            .header(header::CONTENT_TYPE, content_type)
            .body(
                serde_json::to_vec(body)
                    .map_err(kube::Error::SerdeError)
                    .map_err(|e| self.failure(e))?,
            )
            .map_err(|_| ClientError::Unreadable { what: path.to_owned() })?;
        self.client.request(request).await.map_err(|error| self.failure(error))
    }

    /// Sends bytes to `path`.
    pub(crate) async fn upload(
        &self,
        path: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Value, ClientError> {
        let request = Request::put(path)
            .header(header::ACCEPT, Accept::Json.media_type())
            .header(header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(|_| ClientError::Unreadable { what: path.to_owned() })?;
        self.client.request(request).await.map_err(|error| self.failure(error))
    }

    /// Opens the answer of `path` as a stream of bytes, such as a log or a watch.
    pub(crate) async fn open(
        &self,
        path: &str,
        query: &Query,
        accept: Accept,
    ) -> Result<impl futures::AsyncBufRead + Send + Unpin + use<>, ClientError> {
        let request = Request::get(query.append_to(path))
            .header(header::ACCEPT, accept.media_type())
            .body(Vec::new())
            .map_err(|_| ClientError::Unreadable { what: path.to_owned() })?;
        let stream = self.client.request_stream(request).await;
        stream.map(Box::pin).map_err(|error| self.failure(error))
    }

    /// Posts `body` to `path` and opens the answer as a stream of bytes.
    pub(crate) async fn post_open(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<impl futures::AsyncBufRead + Send + Unpin + use<>, ClientError> {
        let request = Request::post(path)
            .header(header::ACCEPT, Accept::Json.media_type())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(|_| ClientError::Unreadable { what: path.to_owned() })?;
        let stream = self.client.request_stream(request).await;
        stream.map(Box::pin).map_err(|error| self.failure(error))
    }

    /// Returns a failure of the client library in words that say what to do.
    pub(crate) fn failure(&self, error: kube::Error) -> ClientError {
        if let kube::Error::Api(status) = error {
            return ClientError::Status(Box::new(StatusError::from(*status)));
        }
        ClientError::Unreachable { target: self.target.clone(), source: Box::new(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_escaped() {
        let query = Query::default().with("labelSelector", "app in (a,b)").with("watch", "1");
        assert_eq!(query.append_to("/api"), "/api?labelSelector=app%20in%20%28a%2Cb%29&watch=1");
    }
}
