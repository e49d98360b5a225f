//! What some bytes are: a module, a component, or something else that a person took for one. Reads what
//! they declare and runs none of it.

use serde::{Deserialize, Serialize};
use wasmparser::{
    BinaryReaderError, ComponentExternalKind, ExternalKind, Parser, Payload, TypeRef,
};

/// What an image's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// Why some bytes can be no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// Something else than WebAssembly.
    #[error("it is no WebAssembly but {found}; {next_step}")]
    Foreign {
        /// What it looks like.
        found: &'static str,
        /// What to do.
        next_step: &'static str,
    },
    /// A kind of WebAssembly that this program does not know.
    #[error(
        "it is WebAssembly of version {version} and layer {layer}; build a module (version 1) or a component (version 13)"
    )]
    Version {
        /// The version in its preamble.
        version: u16,
        /// The layer in its preamble.
        layer: u16,
    },
    /// WebAssembly that breaks off or is not put together right.
    #[error("it is damaged WebAssembly: {why}, at byte {offset}")]
    Damaged {
        /// What is wrong.
        why: String,
        /// Where.
        offset: usize,
    },
}

/// What kind of thing is imported or exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// A function.
    Func,
    /// A table.
    Table,
    /// A linear memory.
    Memory,
    /// A global variable.
    Global,
    /// An exception's tag.
    Tag,
    /// A core module.
    Module,
    /// A component.
    Component,
    /// An instance: an interface, such as `wasi:cli/run@0.2.0`.
    Instance,
    /// A type.
    Type,
    /// A value.
    Value,
}

/// Something imported or exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extern {
    /// Its name; of a module's import the other module's and its own, such as
    /// `wasi_snapshot_preview1.fd_write`.
    pub name: String,
    /// What it is.
    pub sort: Sort,
}

/// What a module or component says of itself, in its own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What it is.
    pub kind: ImageKind,
    /// What it needs.
    pub imports: Vec<Extern>,
    /// What it gives.
    pub exports: Vec<Extern>,
}

impl ImageKind {
    /// Returns what `bytes` start as.
    ///
    /// # Errors
    /// Where that is no WebAssembly: with what it looks like, and what to do.
    pub fn of(bytes: &[u8]) -> Result<Self, ModuleError> {
        let Some(preamble) = bytes.strip_prefix(b"\0asm") else { return Err(foreign(bytes)) };
        match preamble {
            [1, 0, 0, 0, ..] => Ok(Self::Module),
            [13, 0, 1, 0, ..] => Ok(Self::Component),
            [a, b, c, d, ..] => {
                let (version, layer) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
                Err(ModuleError::Version { version, layer })
            }
            _ => {
                let why = "it ends inside its preamble".to_owned();
                Err(ModuleError::Damaged { why, offset: bytes.len() })
            }
        }
    }
}

impl Summary {
    /// Returns what `bytes` declare at their outermost level. All sections are walked through, so that
    /// a file that breaks off is found; what the functions do is not looked at.
    ///
    /// # Errors
    /// Where `bytes` are no WebAssembly, or damaged.
    pub fn of(bytes: &[u8]) -> Result<Self, ModuleError> {
        let kind = ImageKind::of(bytes)?;
        let mut summary = Self { kind, imports: Vec::new(), exports: Vec::new() };
        let mut depth = 0u32;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(damaged)?;
            if matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) {
                depth += 1;
            } else if let Payload::End(_) = payload {
                depth = depth.saturating_sub(1);
            } else if depth == 0 {
                summary.add(payload).map_err(damaged)?;
            }
        }
        Ok(summary)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other section imports or exports")]
    fn add(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let name = format!("{}.{}", import.module, import.name);
                    self.imports.push(Extern { name, sort: sort_of_type(import.ty) });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let sort = sort_of_kind(export.kind);
                    self.exports.push(Extern { name: export.name.to_owned(), sort });
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    let sort = sort_of_component(import.ty.kind());
                    self.imports.push(Extern { name: import.name.name.to_owned(), sort });
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    let sort = sort_of_component(export.kind);
                    self.exports.push(Extern { name: export.name.name.to_owned(), sort });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns what bytes without WebAssembly's first four look like.
fn foreign(bytes: &[u8]) -> ModuleError {
    const BUILD: &str = "build it for wasm32-wasip1 or wasm32-wasip2";
    let (found, next_step) = match bytes {
        [] => ("empty", "look at what should have written it"),
        [0x7f, b'E', b'L', b'F', ..] => ("a native Linux program", BUILD),
        [b'M', b'Z', ..] => ("a native Windows program", BUILD),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => ("a native macOS program", BUILD),
        [b'#', b'!', ..] => {
            ("a script", "import its interpreter, built for WASI, and pass the script")
        }
        [0x1f, 0x8b, ..] => ("a gzip archive", "unpack it first"),
        [b'P', b'K', 3, 4, ..] => ("a zip archive", "unpack it first"),
        _ if is_text_format(bytes) => {
            ("the text format", "turn it into a module with `wat2wasm` or `wasm-tools parse`")
        }
        _ => ("something else", "name a .wasm file"),
    };
    ModuleError::Foreign { found, next_step }
}

/// Returns whether the first thing after blanks and comments is `(module` or `(component`.
fn is_text_format(bytes: &[u8]) -> bool {
    let mut rest = bytes.trim_ascii_start();
    while rest.starts_with(b";;") {
        let end = rest.iter().position(|&letter| letter == b'\n').unwrap_or(rest.len());
        rest = rest[end..].trim_ascii_start();
    }
    let inner = rest.strip_prefix(b"(").map(<[u8]>::trim_ascii_start).unwrap_or_default();
    inner.starts_with(b"module") || inner.starts_with(b"component") || rest.starts_with(b"(;")
}

fn damaged(error: BinaryReaderError) -> ModuleError {
    ModuleError::Damaged { why: error.message().to_owned(), offset: error.offset() }
}

fn sort_of_type(ty: TypeRef) -> Sort {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => Sort::Func,
        TypeRef::Table(_) => Sort::Table,
        TypeRef::Memory(_) => Sort::Memory,
        TypeRef::Global(_) => Sort::Global,
        TypeRef::Tag(_) => Sort::Tag,
    }
}

fn sort_of_kind(kind: ExternalKind) -> Sort {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => Sort::Func,
        ExternalKind::Table => Sort::Table,
        ExternalKind::Memory => Sort::Memory,
        ExternalKind::Global => Sort::Global,
        ExternalKind::Tag => Sort::Tag,
    }
}

fn sort_of_component(kind: ComponentExternalKind) -> Sort {
    match kind {
        ComponentExternalKind::Module => Sort::Module,
        ComponentExternalKind::Func => Sort::Func,
        ComponentExternalKind::Value => Sort::Value,
        ComponentExternalKind::Type => Sort::Type,
        ComponentExternalKind::Instance => Sort::Instance,
        ComponentExternalKind::Component => Sort::Component,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_tells_what_it_imports_and_exports() {
        let bytes = wat::parse_str(
            r#"(module
                (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
                (import "env" "memory" (memory 1))
                (func (export "_start"))
                (global (export "answer") i32 (i32.const 42)))"#,
        )
        .unwrap();
        let summary = Summary::of(&bytes).unwrap();
        assert_eq!(summary.kind, ImageKind::Module);
        assert_eq!(
            summary.imports,
            [
                named("wasi_snapshot_preview1.fd_write", Sort::Func),
                named("env.memory", Sort::Memory)
            ]
        );
        assert_eq!(summary.exports, [named("_start", Sort::Func), named("answer", Sort::Global)]);
    }

    #[test]
    fn a_component_tells_its_own_imports_and_exports_and_not_those_inside() {
        let bytes = wat::parse_str(
            r#"(component
                (import "wasi:cli/environment@0.2.3" (instance))
                (core module $inner (func (export "hidden")))
                (instance $run)
                (export "wasi:cli/run@0.2.3" (instance $run)))"#,
        )
        .unwrap();
        let summary = Summary::of(&bytes).unwrap();
        assert_eq!(summary.kind, ImageKind::Component);
        assert_eq!(summary.imports, [named("wasi:cli/environment@0.2.3", Sort::Instance)]);
        assert_eq!(summary.exports, [named("wasi:cli/run@0.2.3", Sort::Instance)]);
    }

    #[test]
    fn a_module_that_breaks_off_is_damaged_wherever_it_does() {
        let bytes = wat::parse_str("(module (func (export \"_start\") (nop)))").unwrap();
        // Between two sections a shorter module ends well.
        let broken = (4..bytes.len())
            .filter(|&end| matches!(Summary::of(&bytes[..end]), Err(ModuleError::Damaged { .. })));
        assert!(broken.count() > bytes.len() / 2);
        assert!(matches!(Summary::of(&bytes[..7]), Err(ModuleError::Damaged { offset: 7, .. })));
    }

    #[test]
    fn what_is_no_webassembly_is_named_with_what_to_do() {
        let cases: [(&[u8], &str); 11] = [
            (b"", "it is no WebAssembly but empty; look at what should have written it"),
            (b"\x7fELF\x02", "but a native Linux program; build it for wasm32-wasip1"),
            (b"MZ\x90", "but a native Windows program"),
            (b"#!/bin/sh", "but a script"),
            (b"\x1f\x8b\x08", "but a gzip archive; unpack it first"),
            (b"PK\x03\x04", "but a zip archive"),
            (b"(module)", "but the text format; turn it into a module with `wat2wasm`"),
            (b" ;; a comment\n;; two\n ( component)", "but the text format"),
            (b"\xffjunk", "but something else; name a .wasm file"),
            (b"\0asm\x02\0\0\0", "of version 2 and layer 0; build a module (version 1)"),
            (b"\0asm\x0e\0\x01\0", "of version 14 and layer 1"),
        ];
        for (bytes, part) in cases {
            let message = ImageKind::of(bytes).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    fn named(name: &str, sort: Sort) -> Extern {
        Extern { name: name.to_owned(), sort }
    }
}
