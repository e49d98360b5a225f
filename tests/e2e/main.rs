//! The real binary end to end: the examples, the user's manifests, `kill -9`, hostile modules and bad
//! input. Each test starts programs and reads what they print, as a person would.

mod bad_input;
mod examples;
mod hostile;
mod kills;
mod kubectl_ask;
mod kubectl_create;
mod kubectl_triggers;
mod manifests;
mod outcome;
mod triggers;
