//! Expands `$(VAR)` as `third_party/forked/golang/expansion` does; knows nothing of where values come from.

/// Returns `text` with each `$(NAME)` replaced by what `lookup` says of it. `$$` is one dollar sign, so
/// `$$(NAME)` stays literal; a name that `lookup` does not know, and an open bracket without its end, stay
/// as they are.
pub(crate) fn expand<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            match lookup(name) {
                Some(value) => out.push_str(value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the reference's own `expand_test.go`, in our words.
    #[test]
    fn references_expand_and_everything_else_stays() {
        for (text, expanded) in [
            ("$(A)", "a"),
            ("x-$(A)-$(B)", "x-a-b"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$a"),
            ("$$$$(A)", "$$(A)"),
            ("$(UNKNOWN)", "$(UNKNOWN)"),
            ("$(A", "$(A"),
            ("$A", "$A"),
            ("100$", "100$"),
            ("$()", "$()"),
            ("$(EMPTY)", ""),
            ("$($(A))", "$($(A))"),
        ] {
            let lookup = |name: &str| match name {
                "A" => Some("a"),
                "B" => Some("b"),
                "EMPTY" => Some(""),
                _ => None,
            };
            assert_eq!(expand(text, lookup), expanded, "{text:?}");
        }
    }
}
