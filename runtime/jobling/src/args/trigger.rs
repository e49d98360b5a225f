//! `trigger`: a request to an HTTPTrigger.

use std::str::FromStr;

/// Send a request to an HTTPTrigger, as its clients do.
///
/// The path, the method and what the trigger asks of its clients (a token, a signature) are read from the
/// daemon; the request goes to the endpoint that `serve --trigger-listen` opened.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling trigger thumbnail --data @picture.png > small.png
  jobling trigger report --param name=ada --query year=2026
  jobling trigger report --async --idempotency-key 2026-11 -i
  cat event.json | jobling trigger webhook --data @- -H 'Content-Type: application/json'

Exit codes:
  0  the answer is a success (2xx); its body is on stdout
  1  it is none; what it says is on stderr")]
pub(crate) struct Trigger {
    /// The trigger: NAME or httptrigger/NAME.
    pub(crate) name: String,
    /// The body: the text itself, @FILE for a file's content, @- for the standard input.
    #[arg(short, long, value_name = "TEXT|@FILE")]
    pub(crate) data: Option<String>,
    /// The method. Default: the first of the trigger's.
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// What stands for {NAME} in the trigger's path. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<Pair>,
    /// A parameter of the query. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) query: Vec<Pair>,
    /// A header. May be repeated.
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<Header>,
    /// By what the trigger knows a repeat of this request.
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Do not wait for the end: the answer is where to look for it (`Prefer: respond-async`).
    #[arg(long = "async")]
    pub(crate) respond_async: bool,
    /// Print the status and the headers of the answer too.
    #[arg(short, long)]
    pub(crate) include: bool,
    /// The endpoint, such as `http://10.0.0.7:8080`, where the daemon's own address is not the one to use.
    #[arg(long, env = "JOBLING_TRIGGER_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// What is before the first `=`.
    pub(crate) name: String,
    /// What is after it.
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// `NAME: VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) http::HeaderName, pub(crate) http::HeaderValue);

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("it must be NAME: VALUE")?;
        let name = name.parse().map_err(|_| "its name is none of a header")?;
        let value = value.trim().parse().map_err(|_| "its value is none of a header")?;
        Ok(Self(name, value))
    }
}
