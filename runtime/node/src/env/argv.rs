//! Puts a container's command and args together.

use k8s_openapi::api::core::v1::Container;

use super::{Braces, expand};

/// Returns argv of `container`: its command, the image's `entrypoint` or the image's name, then its args, with the words in braces
/// filled in and `$(VAR)` expanded from `env`.
pub(crate) fn argv(
    container: &Container,
    entrypoint: &[String],
    env: &[(String, String)],
    braces: Braces<'_>,
) -> Vec<String> {
    let lookup = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let given = |list: &Option<Vec<String>>| -> Vec<String> {
        list.iter().flatten().map(|text| expand(&braces.fill(text), lookup)).collect()
    };
    let mut argv = given(&container.command);
    if argv.is_empty() {
        argv.extend_from_slice(entrypoint);
    }
    if argv.is_empty() {
        argv.push(container.image.clone().unwrap_or_default());
    }
    argv.append(&mut given(&container.args));
    argv
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{job, pod_start};

    #[test]
    fn command_replaces_the_entrypoint_and_args_follow() {
        let strings =
            |list: &[&str]| Some(list.iter().map(ToString::to_string).collect::<Vec<_>>());
        let start = pod_start(job("report"));
        let env = [("WHO".to_owned(), "world".to_owned())];
        for (command, args, expected) in [
            (None, None, vec!["ubuntu"]),
            (None, strings(&["hi", "$(WHO)"]), vec!["ubuntu", "hi", "world"]),
            (strings(&["echo"]), None, vec!["echo"]),
            (strings(&["echo"]), strings(&["$$(WHO)", "$(NO)"]), vec!["echo", "$(WHO)", "$(NO)"]),
        ] {
            let container = Container {
                image: Some("ubuntu".into()),
                command: command.clone(),
                args: args.clone(),
                ..Container::default()
            };
            let made = argv(&container, &[], &env, Braces::of(&start));
            assert_eq!(made, expected, "{command:?} {args:?}");
        }
    }
}
