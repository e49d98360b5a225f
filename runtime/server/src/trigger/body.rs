//! Reads a request's body: up to a size, within a time, and within what all bodies may take together.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;

/// What room is counted in.
const UNIT: u64 = 1 << 10;
/// When somebody may come again for whose body there was no room.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The room for all bodies together.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// A body and the room that it takes.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    pub(super) room: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes >> 10)))
    }

    /// Reads `body`, of at most `limit` bytes, within `time`.
    pub(super) async fn read<B>(&self, body: B, limit: u64, time: Duration) -> Result<Read, Refusal>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let told = body.size_hint();
        if told.lower() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        let units = told.upper().unwrap_or(limit).min(limit).div_ceil(UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let reading = async {
            let room = Arc::clone(&self.0).acquire_many_owned(units).await;
            let room = room.map_err(|_| Refusal::Busy { retry_after: RETRY_AFTER })?;
            let bytes = collect(body, limit).await?;
            Ok(Read { bytes, room })
        };
        let late = Refusal::Late { seconds: time.as_secs() };
        tokio::time::timeout(time, reading).await.unwrap_or(Err(late))
    }
}

async fn collect<B>(body: B, limit: u64) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let body = std::pin::pin!(body);
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge { limit }),
        Err(error) => Err(Refusal::Broken { why: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{Full, StreamBody};
    use std::convert::Infallible;

    const SECOND: Duration = Duration::from_secs(1);

    /// A body whose size nobody tells.
    fn untold(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Send {
        let frames: Vec<Result<_, Infallible>> =
            pieces.iter().map(|piece| Ok(http_body::Frame::data(Bytes::from(*piece)))).collect();
        StreamBody::new(futures::stream::iter(frames))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let room = Room::new(4096);
        for (limit, taken) in [(4, false), (5, true)] {
            let told = room.read(Full::new(Bytes::from("12345")), limit, SECOND).await;
            let untold = room.read(untold(&["123", "45"]), limit, SECOND).await;
            for read in [told, untold] {
                let read = read.map(|read| read.bytes);
                let expected =
                    if taken { Ok(Bytes::from("12345")) } else { Err(Refusal::TooLarge { limit }) };
                assert_eq!(read, expected, "limit {limit}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = StreamBody::new(futures::stream::pending::<Result<_, Infallible>>());
        let read = Room::new(4096).read(never, 10, SECOND).await;
        assert_eq!(read.map(|read| read.bytes), Err(Refusal::Late { seconds: 1 }));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_room() {
        let room = Room::new(4096);
        let body = || Full::new(Bytes::from(vec![1; 3000]));
        let held = room.read(body(), 4096, SECOND).await.unwrap();
        assert!(room.read(body(), 4096, SECOND).await.is_err(), "there is no room");
        drop(held);
        assert!(room.read(body(), 4096, SECOND).await.is_ok(), "there is room again");
    }
}
