//! Which objects the words of a command name: `KIND[,KIND] [NAME…]` or `KIND/NAME…`.

use super::Failure;
use crate::client::{Resolver, Resource, Rest};

/// Objects of one kind that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The kind.
    pub(super) resource: Resource,
    /// Their names; empty for every object, or those of a selector.
    pub(super) names: Vec<String>,
    /// The namespace that a manifest gave them.
    pub(super) own_namespace: Option<String>,
}

impl Target {
    /// Returns the namespace of these objects.
    pub(super) fn namespace<'a>(&'a self, rest: &'a Rest) -> &'a str {
        self.own_namespace.as_deref().unwrap_or_else(|| rest.namespace())
    }
}

/// The words of a command, before the kinds are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    /// Kinds, and names that go for each of them.
    Kinds { kinds: Vec<String>, names: Vec<String> },
    /// Pairs of kind and name.
    Pairs(Vec<(String, String)>),
}

/// Returns the objects that `words` name.
pub(super) async fn targets(
    words: &[String],
    resolver: &Resolver<'_>,
) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    match split(words)? {
        Words::Kinds { kinds, names } => {
            for kind in kinds {
                let resource = resolver.word(&kind).await?;
                targets.push(Target { resource, names: names.clone(), own_namespace: None });
            }
        }
        Words::Pairs(pairs) => {
            for (kind, name) in pairs {
                let resource = resolver.word(&kind).await?;
                let same = targets.iter_mut().find(|target| target.resource == resource);
                if let Some(target) = same {
                    target.names.push(name);
                } else {
                    targets.push(Target { resource, names: vec![name], own_namespace: None });
                }
            }
        }
    }
    Ok(targets)
}

fn split(words: &[String]) -> Result<Words, Failure> {
    let [first, names @ ..] = words else {
        return Err(Failure::Usage(
            "You must specify the type of resource, such as: jobs, or job/NAME".to_owned(),
        ));
    };
    if words.iter().any(|word| word.contains('/')) {
        return words.iter().map(|word| pair(word)).collect::<Result<_, _>>().map(Words::Pairs);
    }
    let kinds: Vec<String> = first
        .split(',')
        .filter(|kind| !kind.is_empty())
        .flat_map(|kind| match kind {
            "all" => vec!["pods".to_owned(), "cronjobs".to_owned(), "jobs".to_owned()],
            kind => vec![kind.to_owned()],
        })
        .collect();
    if kinds.is_empty() {
        return Err(Failure::Usage(
            "arguments in resource/name form must have a resource".to_owned(),
        ));
    }
    Ok(Words::Kinds { kinds, names: names.to_vec() })
}

fn pair(word: &str) -> Result<(String, String), Failure> {
    match word.split_once('/') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((kind.to_owned(), name.to_owned()))
        }
        Some(_) => Err(Failure::Usage(
            "arguments in resource/name form may not have more than one slash".to_owned(),
        )),
        None => Err(Failure::Usage(
            "there is no need to specify a resource type as a separate argument when passing \
             arguments in resource/name form (e.g. 'jobling get resource/<resource_name>' instead \
             of 'jobling get resource resource/<resource_name>'"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_kinds_with_names_or_pairs() {
        let kinds =
            |kinds: &str, names: &str| Words::Kinds { kinds: words(kinds), names: words(names) };
        for (given, meant) in [
            ("jobs", kinds("jobs", "")),
            ("jobs,pods", kinds("jobs pods", "")),
            ("job a b", kinds("job", "a b")),
            ("all", kinds("pods cronjobs jobs", "")),
            (
                "job/a pod/b",
                Words::Pairs(vec![("job".into(), "a".into()), ("pod".into(), "b".into())]),
            ),
        ] {
            assert_eq!(split(&words(given)).unwrap(), meant, "{given}");
        }
        for given in ["", "job a/b", "job/", "/a", "job/a/b", "job/a b", ","] {
            assert!(split(&words(given)).is_err(), "{given:?}");
        }
    }
}
