//! Where `serve` and `run` get images from.

use std::path::PathBuf;

/// Where images come from, and how much of them is kept.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Images")]
pub(crate) struct Registries {
    /// A registry (HOST or HOST:PORT) that is spoken to without TLS. May be repeated. One on this host may
    /// do without as it is.
    #[arg(long, env = "JOBLING_INSECURE_REGISTRY", value_name = "HOST", value_delimiter = ',')]
    #[arg(hide_env_values = true)]
    pub(crate) insecure_registry: Vec<String>,
    /// Certificates in PEM that registries may have, besides those that the system trusts.
    #[arg(long, env = "JOBLING_REGISTRY_CA", value_name = "FILE", hide_env_values = true)]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Where images are pulled from whose name has no registry, such as docker.io. Default: nowhere; they
    /// are imported.
    #[arg(long, env = "JOBLING_DEFAULT_REGISTRY", value_name = "HOST", hide_env_values = true)]
    pub(crate) default_registry: Option<String>,
    /// Docker's configuration with credentials for pods without imagePullSecrets. Default: config.json in
    /// `$DOCKER_CONFIG`, else in ~/.docker.
    #[arg(long, env = "JOBLING_DOCKER_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub(crate) docker_config: Option<PathBuf>,
    /// Disk that images may take; past it, pulled ones go that were not used for longest. Default: 4Gi.
    #[arg(long, env = "JOBLING_IMAGE_STORAGE", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) image_storage: Option<String>,
}
