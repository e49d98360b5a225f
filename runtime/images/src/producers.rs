//! Who made a module: the `producers` sections of it and of the modules inside
//! (WebAssembly/tool-conventions, `ProducersSection.md`).

use serde::{Deserialize, Serialize};
use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

/// The most that are told: the section is what its author wrote into it.
const MOST: usize = 32;
/// The most letters of a name or version.
const LETTERS: usize = 100;

/// A language or tool that had a part in a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// Its part: `language`, `processed-by` or `sdk`.
    pub part: String,
    /// Its name, such as `Rust`.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
}

impl Producer {
    /// Returns those that `bytes` name, each once, in their order. What cannot be read is passed over.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Vec<Self> {
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let Ok(payload) = payload else { break };
            if let Payload::CustomSection(section) = payload
                && let KnownCustom::Producers(producers) = section.as_known()
            {
                add(&mut found, producers);
            }
            if found.len() >= MOST {
                break;
            }
        }
        found.truncate(MOST);
        found
    }
}

fn add(found: &mut Vec<Producer>, producers: ProducersSectionReader<'_>) {
    for field in producers {
        let Ok(field) = field else { return };
        for value in field.values {
            let Ok(value) = value else { return };
            let producer = Producer {
                part: plain(field.name),
                name: plain(value.name),
                version: plain(value.version),
            };
            if !found.contains(&producer) && found.len() < MOST {
                found.push(producer);
            }
        }
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_and_those_inside_a_component_tell_who_made_them() {
        let inner = r#"(module (@producers (language "Rust" "") (processed-by "rustc" "1.95.0")))"#;
        let outer = r#"(component (core module (@producers (language "C11" "")))
            (core module (@producers (language "C11" "") (processed-by "clang" "19"))))"#;
        for (text, expected) in [
            (inner, vec!["language Rust ", "processed-by rustc 1.95.0"]),
            (outer, vec!["language C11 ", "processed-by clang 19"]),
            ("(module)", vec![]),
        ] {
            let found = Producer::of(&wat::parse_str(text).unwrap());
            let told: Vec<String> = found
                .iter()
                .map(|one| format!("{} {} {}", one.part, one.name, one.version))
                .collect();
            assert_eq!(told, expected, "{text}");
        }
        assert_eq!(Producer::of(b"no module"), []);
    }
}
