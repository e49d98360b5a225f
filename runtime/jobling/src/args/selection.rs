//! Which of the objects of a kind are meant, where they are not named.

/// Which of the objects of a kind are meant, where they are not named.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Filter {
    /// Only objects with these labels, such as `app=web,tier!=db` or `env in (a,b)`.
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Only objects with these fields, such as `status.phase=Running`.
    #[arg(long, value_name = "FIELDS")]
    pub(crate) field_selector: Option<String>,
    /// In every namespace.
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
}
