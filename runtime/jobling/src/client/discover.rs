//! What a word such as `jobs` or `deploy` means on the server at hand. The kinds that jobling serves are
//! known without asking.

use jobling_core::api::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIResource, APIResourceList};

use super::{ClientError, Resource, Rest};

/// Finds resources by their names.
pub(crate) struct Resolver<'a> {
    rest: &'a Rest,
}

impl<'a> Resolver<'a> {
    /// Returns a resolver that asks the server of `rest` for what is not known here.
    pub(crate) const fn new(rest: &'a Rest) -> Self {
        Self { rest }
    }

    /// Returns the resource that `word` names: plural, singular, short, with or without a group.
    pub(crate) async fn word(&self, word: &str) -> Result<Resource, ClientError> {
        if let Some(kind) = Kind::of_word(word) {
            return Ok(kind.into());
        }
        let lower = word.to_ascii_lowercase();
        let (name, group) = match lower.split_once('.') {
            Some((name, group)) => (name, Some(group)),
            None => (lower.as_str(), None),
        };
        self.find(|resource, entry| {
            let short = entry.short_names.iter().flatten().any(|short| short == name);
            let named = resource.plural == name || resource.singular == name || short;
            named && group.is_none_or(|group| group == resource.group)
        })
        .await?
        .ok_or_else(|| ClientError::UnknownKind { word: word.to_owned(), nearest: nearest(&lower) })
    }

    async fn find(
        &self,
        wanted: impl Fn(&Resource, &APIResource) -> bool,
    ) -> Result<Option<Resource>, ClientError> {
        for (group, version, path) in self.groups().await? {
            let list: APIResourceList = self.rest.read(&path).await?;
            for entry in list.resources.iter().filter(|entry| !entry.name.contains('/')) {
                let resource = resource(&group, &version, entry);
                if wanted(&resource, entry) {
                    return Ok(Some(resource));
                }
            }
        }
        Ok(None)
    }

    /// Returns each group's preferred version with its path; the core group first.
    async fn groups(&self) -> Result<Vec<(String, String, String)>, ClientError> {
        let client = self.rest.client();
        let listed = client.list_api_groups().await.map_err(|error| self.rest.failure(error))?;
        let mut groups = vec![(String::new(), "v1".to_owned(), "/api/v1".to_owned())];
        for group in listed.groups {
            let versions = group.preferred_version.into_iter().chain(group.versions);
            if let Some(version) = versions.into_iter().next() {
                let path = format!("/apis/{}", version.group_version);
                groups.push((group.name, version.version, path));
            }
        }
        Ok(groups)
    }
}

fn resource(group: &str, version: &str, entry: &APIResource) -> Resource {
    let singular = match entry.singular_name.as_str() {
        "" => entry.kind.to_lowercase(),
        name => name.to_owned(),
    };
    Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: entry.kind.clone(),
        plural: entry.name.clone(),
        singular,
        namespaced: entry.namespaced,
    }
}

/// Returns the served kind whose name is nearest to a word that is none.
fn nearest(word: &str) -> Option<&'static str> {
    let close = |kind: &Kind| strsim::damerau_levenshtein(word, kind.plural());
    Kind::ALL.into_iter().min_by_key(close).filter(|kind| close(kind) <= 2).map(Kind::plural)
}
