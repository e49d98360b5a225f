//! Brings one blob to the disk: as many bytes as its descriptor says and no more, of its digest and no other.
//! What breaks off goes on where it broke off.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sha2::{Digest as _, Sha256};

use super::failure::{PullError, RegistryError};
use super::manifest::Descriptor;
use super::partials::{Partial, Partials};
use super::progress::Teller;
use super::session::{Ask, Session, collect, piece};
use super::settings::{ATTEMPTS, CONFIG_BYTES, RETRY};
use crate::Digest;

/// What came of a blob so far.
struct Part {
    file: File,
    hash: Sha256,
    length: u64,
}

/// How an attempt failed.
enum Failure {
    /// The next one may go on.
    Cut(RegistryError),
    Final(PullError),
}

/// Returns a small blob's bytes.
pub(super) async fn small(
    session: &Session<'_>,
    blob: &Descriptor,
    what: &'static str,
) -> Result<Vec<u8>, PullError> {
    if blob.size > CONFIG_BYTES {
        return Err(RegistryError::TooLarge { what, most: CONFIG_BYTES }.into());
    }
    let ask = Ask::new(Method::GET, what, session.uri(&format!("blobs/{}", blob.digest))?);
    let response = session.ask(&ask).await?;
    let bytes = collect(response.into_body(), what, blob.size).await?;
    let found = Digest::of(&bytes);
    if found == blob.digest {
        return Ok(bytes.into());
    }
    Err(RegistryError::Digest { what, asked: blob.digest.clone(), found }.into())
}

/// Returns a blob as a file without a name, at its beginning.
pub(super) async fn fetch(
    session: &Session<'_>,
    blob: &Descriptor,
    what: &'static str,
    partials: &Partials,
    teller: &Teller,
) -> Result<File, PullError> {
    let partial = partials.take(&blob.digest).await;
    let resumed = part_of(&partial, blob).await?;
    let mut trusted = resumed.length == 0;
    let mut part = resumed;
    let mut pause = RETRY;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        if last.is_some() {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        match more(session, blob, what, &mut part, teller).await {
            Ok(()) if Digest::of_hash(part.hash.clone()) == blob.digest => {
                partial.discard();
                part.file.rewind()?;
                return Ok(part.file);
            }
            // What a power cut left of an earlier try may be no good.
            Ok(()) if !trusted => {
                trusted = true;
                part.clear()?;
            }
            Ok(()) => {
                partial.discard();
                let (asked, found) = (blob.digest.clone(), Digest::of_hash(part.hash));
                return Err(RegistryError::Digest { what, asked, found }.into());
            }
            Err(Failure::Cut(error)) => last = Some(error),
            Err(Failure::Final(error)) => {
                partial.discard();
                return Err(error);
            }
        }
    }
    let cut = || RegistryError::Cut { what, got: part.length, size: blob.size, source: None };
    Err(last.unwrap_or_else(cut).into())
}

/// Returns what an earlier try left, read once for its digest.
async fn part_of(partial: &Partial, blob: &Descriptor) -> Result<Part, PullError> {
    let mut part = Part { file: partial.open()?, hash: Sha256::new(), length: 0 };
    let size = blob.size;
    let read = move || -> io::Result<Part> {
        if part.file.metadata()?.len() > size {
            part.file.set_len(0)?;
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            let length = part.file.read(&mut buffer)?;
            if length == 0 {
                return Ok(part);
            }
            part.hash.update(&buffer[..length]);
            part.length += length as u64;
        }
    };
    let done = tokio::task::spawn_blocking(read).await;
    Ok(done.map_err(|error| PullError::Unpacking { why: error.to_string() })??)
}

/// Asks for what is missing, and takes what comes.
async fn more(
    session: &Session<'_>,
    blob: &Descriptor,
    what: &'static str,
    part: &mut Part,
    teller: &Teller,
) -> Result<(), Failure> {
    teller.bytes(part.length, blob.size);
    if part.length == blob.size {
        return Ok(());
    }
    let mut ask = Ask::new(Method::GET, what, session.uri(&format!("blobs/{}", blob.digest))?);
    if part.length > 0 {
        let range = HeaderValue::from_str(&format!("bytes={}-", part.length));
        ask = ask.header(RANGE, range.expect("digits"));
    }
    let response = session.send(&ask).await.map_err(Failure::of)?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT if begins_at(response.headers(), part.length) => {}
        // It does not know ranges, or has another idea of this one.
        StatusCode::OK => part.clear().map_err(Failure::disk)?,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            part.clear().map_err(Failure::disk)?;
            let error = session.malformed("range of a blob", "it begins elsewhere".to_owned());
            return Err(Failure::Cut(error));
        }
        _ => return Err(Failure::of(session.refusal(&ask, response).await)),
    }
    let mut body = response.into_body();
    while let Some(piece) = piece(&mut body).await {
        let piece = piece.map_err(|source| {
            let (got, size) = (part.length, blob.size);
            Failure::Cut(RegistryError::Cut { what, got, size, source: Some(source) })
        })?;
        if piece.len() as u64 > blob.size - part.length {
            return Err(Failure::of(RegistryError::TooLarge { what, most: blob.size }));
        }
        part.take(&piece).map_err(Failure::disk)?;
        teller.bytes(part.length, blob.size);
    }
    if part.length == blob.size {
        return Ok(());
    }
    let (got, size) = (part.length, blob.size);
    Err(Failure::Cut(RegistryError::Cut { what, got, size, source: None }))
}

impl Part {
    /// A piece is some kilobytes: writing it takes less than handing it to another thread.
    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.hash.update(piece);
        self.length += piece.len() as u64;
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.set_len(0)?;
        self.hash = Sha256::new();
        self.length = 0;
        Ok(())
    }
}

impl Failure {
    fn of(error: RegistryError) -> Self {
        match &error {
            RegistryError::Unreachable { .. }
            | RegistryError::TimedOut { .. }
            | RegistryError::Cut { .. } => Self::Cut(error),
            RegistryError::Status { status, .. } if status.is_server_error() => Self::Cut(error),
            RegistryError::Denied { .. }
            | RegistryError::Missing { .. }
            | RegistryError::Status { .. }
            | RegistryError::Redirected { .. }
            | RegistryError::TooLarge { .. }
            | RegistryError::Digest { .. }
            | RegistryError::Malformed { .. } => Self::Final(error.into()),
        }
    }

    fn disk(error: io::Error) -> Self {
        Self::Final(error.into())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::of(error)
    }
}

/// Returns whether the answer says that it begins at `length`.
fn begins_at(headers: &HeaderMap, length: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    first.is_some_and(|(first, _)| first.trim().parse() == Ok(length))
}
