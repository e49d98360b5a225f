//! Takes out of a module, and of the modules in a component, what no run needs: debugging information,
//! and the names of functions unless a trap's backtrace should have them.

/// Whether the names of functions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Names {
    /// They go.
    #[default]
    Stripped,
    /// They stay, for backtraces.
    Kept,
}

const PREAMBLE: usize = 8;
/// The fifth byte and those after it, in a component's preamble.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];
// Sections, by the binary formats' numbers.
const CUSTOM: u8 = 0;
const COMPONENT_CORE_MODULE: u8 = 1;
const COMPONENT_COMPONENT: u8 = 4;

/// Returns `wasm` without the custom sections that no run needs; `None` where it breaks off.
pub(super) fn strip(wasm: &[u8], names: Names) -> Option<Vec<u8>> {
    let preamble = wasm.get(..PREAMBLE)?;
    let is_component = preamble[4..] == COMPONENT;
    let mut kept = preamble.to_vec();
    let mut rest = &wasm[PREAMBLE..];
    while let Some((&id, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        let (body, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        rest = after;
        if id == CUSTOM && !is_needed(name_of(body)?, names) {
            continue;
        }
        let holds_wasm = matches!(id, COMPONENT_CORE_MODULE | COMPONENT_COMPONENT);
        let inner = if is_component && holds_wasm { Some(strip(body, names)?) } else { None };
        let body = inner.as_deref().unwrap_or(body);
        kept.push(id);
        push_number(&mut kept, body.len());
        kept.extend_from_slice(body);
    }
    Some(kept)
}

/// Returns whether a custom section stays. Those with a meaning for tools do: who made the module, which
/// features it needs, which interface it was written for.
fn is_needed(section: &[u8], names: Names) -> bool {
    let is_debugging = section.starts_with(b".debug_")
        || section.starts_with(b"reloc.")
        || matches!(section, b"linking" | b"sourceMappingURL" | b"external_debug_info");
    let is_names = matches!(section, b"name" | b"component-name");
    !is_debugging && (!is_names || names == Names::Kept)
}

/// Returns the name of a custom section.
fn name_of(body: &[u8]) -> Option<&[u8]> {
    let (length, rest) = number(body)?;
    rest.get(..usize::try_from(length).ok()?)
}

/// Reads a number (LEB128, 32 bits), and returns what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module
        (@custom ".debug_info" "long and of no use to a run")
        (@custom "producers" "\00")
        (func $named (export "_start")))"#;

    fn stripped(text: &str, names: Names) -> (usize, String) {
        let wasm = wat::parse_str(text).unwrap();
        let stripped = strip(&wasm, names).unwrap();
        (wasm.len() - stripped.len(), String::from_utf8_lossy(&stripped).into_owned())
    }

    #[test]
    fn debugging_information_goes_and_who_made_it_stays() {
        let (saved, text) = stripped(MODULE, Names::Stripped);
        assert!(saved > 40 && !text.contains(".debug_info") && !text.contains("named"), "{text}");
        assert!(text.contains("producers") && text.contains("_start"), "{text}");
        let (_, text) = stripped(MODULE, Names::Kept);
        assert!(text.contains("named") && !text.contains(".debug_info"), "{text}");
    }

    #[test]
    fn the_modules_of_a_component_are_stripped_too() {
        let component = format!("(component (core module $inner {}", &MODULE["(module".len()..]);
        let (saved, text) = stripped(&(component + ")"), Names::Stripped);
        assert!(saved > 40 && !text.contains(".debug_info") && !text.contains("named"), "{text}");
    }

    #[test]
    fn what_breaks_off_is_not_stripped() {
        let wasm = wat::parse_str(MODULE).unwrap();
        assert_eq!(strip(&wasm[..wasm.len() - 1], Names::Stripped), None);
        assert_eq!(strip(&wasm[..4], Names::Stripped), None);
    }
}
