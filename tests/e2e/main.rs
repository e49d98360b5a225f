//! The real binary end to end: the examples, the user's manifests, `kill -9`, hostile modules and bad
//! input. Each test starts programs and reads what they print, as a person would.

mod bad_input;
mod examples;
mod helm;
mod hostile;
mod hostile_registries;
mod images;
mod kills;
mod kube_rs;
mod kubectl_apply;
mod kubectl_ask;
mod kubectl_change;
mod kubectl_create;
mod kubectl_describe;
mod kubectl_get;
mod kubectl_manifests;
mod kubectl_run;
mod kubectl_server_side;
mod kubectl_top;
mod kubectl_triggers;
mod manifests;
mod outcome;
#[expect(dead_code, reason = "the tests of images use all of it")]
#[path = "../../runtime/images/tests/registry/played.rs"]
mod played;
mod python_client;
mod queues;
mod real_work;
mod reference;
mod secrets;
mod systemd;
mod tasks;
mod tokens;
mod triggers;
