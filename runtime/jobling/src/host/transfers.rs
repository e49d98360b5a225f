//! Pulls and pushes that a person asks for, as the API tells them: how far they are ten times a second at
//! most, and what they came to.

use std::error::Error;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use futures::{FutureExt, TryFutureExt};
use jobling_core::api::{ApiError, Reason};
use jobling_images::ImportError;
use jobling_images::registry::{
    CredentialsError, DockerConfig, Fetched, Format, Keyring, Progress, PullError, PullRequest,
    Pulled, PushError, PushRequest, RegistryError, Stage, Transport,
};
use jobling_server::{PushFormat, Transfer, TransferOrder, TransferStep};
use tokio::sync::watch;

use super::Handle;
use super::error::sentence;
use super::images::{import_refused, told};

/// How long after one line of progress the next one comes.
const PAUSE: Duration = Duration::from_millis(100);

/// Brings an image from its registry.
pub(super) fn pull(host: &Handle, name: String, order: TransferOrder) -> Transfer {
    let begun = keyring(host, &order).map_err(|error| refused(&error)).and_then(|keyring| {
        let request = PullRequest { image: name, keyring, transport: transport(&order) };
        host.puller().pull(request).map_err(|error| pull_refused(&error))
    });
    match begun {
        Ok(flight) => {
            let progress = flight.progress();
            let end =
                flight.map_ok_or_else(|error| Err(pull_refused(&error)), |pulled| Ok(step(pulled)));
            follow(end.boxed(), progress)
        }
        Err(error) => stream::iter([Err(error)]).boxed(),
    }
}

/// Takes an image to a registry.
pub(super) fn push(host: &Handle, name: String, order: TransferOrder) -> Transfer {
    let keyring = match keyring(host, &order) {
        Ok(keyring) => keyring,
        Err(error) => return stream::iter([Err(refused(&error))]).boxed(),
    };
    let format = match order.format {
        PushFormat::Artifact => Format::Artifact,
        PushFormat::Runwasi => Format::Runwasi,
    };
    let transport = transport(&order);
    let request = PushRequest { image: name, remote: order.remote, format, keyring, transport };
    let (puller, (teller, progress)) = (host.puller().clone(), watch::channel(Progress::default()));
    let end = async move {
        let tell = |progress| {
            teller.send_replace(progress);
        };
        let pushed = puller.push(&request, tell).await.map_err(|error| push_refused(&error))?;
        let (name, digest) = (pushed.reference.familiar(), pushed.digest.to_string());
        Ok(TransferStep::Pushed { name, digest })
    };
    follow(end.boxed(), progress)
}

fn transport(order: &TransferOrder) -> Transport {
    if order.plain_http { Transport::PlainHttp } else { Transport::Secure }
}

/// Returns what the registry may be shown: what whoever asks brings, and then what this host has.
fn keyring(host: &Handle, order: &TransferOrder) -> Result<Keyring, CredentialsError> {
    let own = order
        .docker_config
        .as_ref()
        .map(|text| DockerConfig::parse("the docker configuration that was sent", text.as_bytes()));
    let own: Vec<DockerConfig> = own.transpose()?.into_iter().collect();
    Ok(Keyring::new(own).then(host.keyring()))
}

fn step(pulled: Pulled) -> TransferStep {
    let unchanged = pulled.fetched == Fetched::Unchanged;
    TransferStep::Pulled { image: told(&pulled.image), unchanged }
}

/// A transfer under way.
struct Follow {
    end: BoxFuture<'static, Result<TransferStep, ApiError>>,
    progress: watch::Receiver<Progress>,
}

/// Returns the steps of a transfer, the last of which is its `end`.
fn follow(
    end: BoxFuture<'static, Result<TransferStep, ApiError>>,
    progress: watch::Receiver<Progress>,
) -> Transfer {
    let steps = stream::unfold(Some(Follow { end, progress }), |follow| async {
        let mut follow = follow?;
        let changed = async {
            tokio::time::sleep(PAUSE).await;
            if follow.progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            *follow.progress.borrow_and_update()
        };
        tokio::select! {
            biased;
            end = &mut follow.end => Some((end, None)),
            progress = changed => Some((Ok(progress_step(progress)), Some(follow))),
        }
    });
    steps.boxed()
}

fn progress_step(progress: Progress) -> TransferStep {
    let stage = match progress.stage {
        Stage::Waiting => "waiting",
        Stage::Asking => "asking",
        Stage::Transferring => "transferring",
        Stage::Storing => "storing",
    };
    let (done_bytes, total_bytes) = (progress.done_bytes, progress.total_bytes);
    TransferStep::Progress { stage, done_bytes, total_bytes }
}

fn pull_refused(error: &PullError) -> ApiError {
    match error {
        PullError::Import(error) => import_refused(error),
        PullError::Registry(RegistryError::Missing { .. }) => {
            ApiError::new(Reason::NotFound, sentence(error))
        }
        PullError::NoRegistry { image } => {
            let hint = "write HOST/NAME, or give serve a --default-registry";
            ApiError::new(Reason::BadRequest, format!("{error}; {hint}: {image}"))
        }
        PullError::File(source) => {
            import_refused(&ImportError::File(std::io::Error::from(source.kind())))
        }
        PullError::Name(_)
        | PullError::Registry(_)
        | PullError::Credentials(_)
        | PullError::Manifest(_)
        | PullError::Layer(_)
        | PullError::TimedOut { .. }
        | PullError::Unpacking { .. } => refused(error),
    }
}

fn push_refused(error: &PushError) -> ApiError {
    match error {
        PushError::NotHere { .. } => ApiError::new(Reason::NotFound, sentence(error)),
        PushError::Name(_)
        | PushError::NoRegistry { .. }
        | PushError::NoTag { .. }
        | PushError::Image(_)
        | PushError::Pack(_)
        | PushError::Registry(_)
        | PushError::Credentials(_)
        | PushError::TimedOut { .. } => refused(error),
    }
}

/// The request cannot be carried out as it is, whoever is to blame.
fn refused(error: &dyn Error) -> ApiError {
    ApiError::new(Reason::BadRequest, sentence(error))
}
