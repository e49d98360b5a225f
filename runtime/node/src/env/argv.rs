//! Puts a container's command and args together.

use k8s_openapi::api::core::v1::Container;

use super::{Braces, expand};
use crate::ports::LocalImage;

/// Returns argv of `container`: its command, the image's entrypoint or the image's name, then its args, with
/// the words in braces filled in and `$(VAR)` expanded from `env`. The image's own arguments stand where the
/// container has neither command nor args.
pub(crate) fn argv(
    container: &Container,
    image: &LocalImage,
    env: &[(String, String)],
    braces: Braces<'_>,
) -> Vec<String> {
    let lookup = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let given = |list: &Option<Vec<String>>| -> Vec<String> {
        list.iter().flatten().map(|text| expand(&braces.fill(text), lookup)).collect()
    };
    let (command, args) = (given(&container.command), given(&container.args));
    let bare = command.is_empty() && args.is_empty();
    let mut argv = if !command.is_empty() {
        command
    } else if !image.entrypoint.is_empty() || (bare && !image.cmd.is_empty()) {
        image.entrypoint.clone()
    } else {
        vec![container.image.clone().unwrap_or_default()]
    };
    argv.extend(if bare { image.cmd.clone() } else { args });
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
            let made = argv(&container, &LocalImage::default(), &env, Braces::of(&start));
            assert_eq!(made, expected, "{command:?} {args:?}");
        }
    }
    #[test]
    fn what_the_image_says_stands_where_the_container_says_nothing() {
        let words = |text: &str| -> Vec<String> {
            text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect()
        };
        for (entrypoint, cmd, command, args, expected) in [
            ("/a.wasm -v", "serve", "", "", "/a.wasm -v serve"),
            ("/a.wasm -v", "serve", "", "help", "/a.wasm -v help"),
            ("/a.wasm -v", "serve", "other", "", "other"),
            ("/a.wasm", "", "", "x", "/a.wasm x"),
            ("", "/a.wasm serve", "", "", "/a.wasm serve"),
            ("", "/a.wasm serve", "", "x", "tool x"),
        ] {
            let image = LocalImage {
                entrypoint: words(entrypoint),
                cmd: words(cmd),
                ..LocalImage::default()
            };
            let container = Container {
                image: Some("tool".into()),
                command: Some(words(command)),
                args: Some(words(args)),
                ..Container::default()
            };
            let start = pod_start(job("report"));
            let made = argv(&container, &image, &[], Braces::of(&start));
            assert_eq!(made.join(" "), expected, "{entrypoint} {cmd} {command} {args}");
        }
    }
}
