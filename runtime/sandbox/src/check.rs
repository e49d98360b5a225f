//! Whether what a module imports is provided here: decided from its first sections by the linkers that
//! runs are linked with, without compiling any of its functions.

use wasmtime::Module;
use wasmtime::component::Component;

use crate::child::{Format, format_of};
use crate::engine::compiling_engine;
use crate::prepare::{PrepareError, component_error, import_error};

/// Bytes of the preamble.
const PREAMBLE: usize = 8;
// Sections, by the binary format's numbers.
const CUSTOM: u8 = 0;
const MODULE_TYPES: u8 = 1;
const MODULE_IMPORTS: u8 = 2;
const COMPONENT_CORE_MODULE: u8 = 1;

/// Refuses `bytes` where they import what runs are not provided with, or provided with otherwise.
///
/// Of a component only those imports are seen that stand before its first core module, as tools write
/// them; of what comes after, and of the functions themselves, [`Sandbox::prepare`](crate::Sandbox::prepare)
/// is the judge. Meant for whoever builds modules: it compiles what it sees in this process.
pub fn check_imports(bytes: &[u8]) -> Result<(), PrepareError> {
    let format = format_of(bytes).ok_or(PrepareError::NotWasm)?;
    let head = head(bytes, format)
        .ok_or_else(|| PrepareError::Invalid { message: "it ends inside a section".to_owned() })?;
    let invalid = |error: wasmtime::Error| PrepareError::Invalid { message: format!("{error:#}") };
    let engine = compiling_engine().map_err(invalid)?;
    match format {
        Format::Module => {
            let module = Module::from_binary(&engine, head).map_err(invalid)?;
            let linker = crate::preview1::linker(&engine).map_err(invalid)?;
            linker.instantiate_pre(&module).map(drop).map_err(|error| import_error(&error))
        }
        Format::Component => {
            let component = Component::from_binary(&engine, head).map_err(invalid)?;
            let linker = crate::preview2::linker(&engine).map_err(invalid)?;
            let linked = linker.instantiate_pre(&component);
            linked.map(drop).map_err(|error| component_error(&engine, &component, &error))
        }
    }
}

/// Returns the sections that hold the imports and their types: by themselves they are a module, or a
/// component, that imports the same and does nothing.
fn head(bytes: &[u8], format: Format) -> Option<&[u8]> {
    let mut end = PREAMBLE;
    while let Some(&id) = bytes.get(end) {
        let belongs = match format {
            Format::Module => matches!(id, CUSTOM | MODULE_TYPES | MODULE_IMPORTS),
            Format::Component => id != COMPONENT_CORE_MODULE,
        };
        if !belongs {
            break;
        }
        let (length, digits) = length(bytes.get(end + 1..)?)?;
        end = end.checked_add(1 + digits)?.checked_add(length)?;
    }
    bytes.get(..end)
}

/// Reads a section's length (LEB128, 32 bits), and how many bytes it is written in.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0u64;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(length).ok()?, place + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), PrepareError> {
        check_imports(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn what_runs_are_provided_with_passes_and_what_they_are_not_is_named() {
        let write = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (func (export "_start")))"#;
        assert_eq!(check(write), Ok(()));
        let unknown = r#"(module (import "env" "launch" (func)) (func (export "_start")))"#;
        let missing = |module: &str, name: &str| {
            Err(PrepareError::UnknownImport { module: module.to_owned(), name: name.to_owned() })
        };
        assert_eq!(check(unknown), missing("env", "launch"));
        let component = r#"(component
            (import "wasi:cli/environment@0.2.3" (instance
                (export "get-arguments" (func (result (list string))))))
            (core module (func (unreachable))))"#;
        assert_eq!(check(component), Ok(()));
        let rockets =
            r#"(component (import "acme:missiles/launch@1.0.0" (instance (export "go" (func)))))"#;
        assert_eq!(check(rockets), missing("acme:missiles/launch@1.0.0", ""));
    }

    #[test]
    fn an_import_of_another_type_is_refused() {
        let wrong = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func (param i64)))
            (func (export "_start")))"#;
        assert!(matches!(check(wrong), Err(PrepareError::Invalid { .. })));
    }

    #[test]
    fn what_breaks_off_is_refused_wherever_it_does() {
        let bytes = wat::parse_str(r#"(module (import "env" "launch" (func)))"#).unwrap();
        for end in 0..bytes.len() {
            let refused = check_imports(&bytes[..end]);
            // Between two sections a shorter module ends well, and imports nothing.
            assert_eq!(refused.is_ok(), [8, 14].contains(&end), "{end}: {refused:?}");
        }
    }
}
