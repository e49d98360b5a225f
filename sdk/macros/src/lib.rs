//! The attribute `task`: reads no more of a function than its name, and needs no parser for that.

use proc_macro::{TokenStream, TokenTree};

/// Makes `fn main(task: Task) -> …` the program: see `jobling_sdk::task`.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let refusal = refusal(&arguments, &function);
    if let Some(why) = refusal {
        return format!("::core::compile_error!({why:?});").parse().expect("a macro call is Rust");
    }
    // In a test the function keeps its parameter, so that tests call it; the harness has its own main.
    let mut program = tokens("#[cfg(test)]");
    program.extend(function.clone());
    program.extend(tokens("#[cfg(not(test))] fn main() -> ::std::process::ExitCode"));
    let mut body = function;
    body.extend(tokens("::jobling_sdk::start(main)"));
    program.extend([TokenTree::from(proc_macro::Group::new(proc_macro::Delimiter::Brace, body))]);
    program
}

/// Returns what is wrong with the use of the attribute.
fn refusal(arguments: &TokenStream, function: &TokenStream) -> Option<&'static str> {
    if !arguments.is_empty() {
        return Some("#[jobling_sdk::task] takes no arguments");
    }
    let words: Vec<String> = function.clone().into_iter().map(|token| token.to_string()).collect();
    let at = words.iter().position(|word| word == "fn")?;
    if at > 0 && words[at - 1] == "async" {
        return Some("#[jobling_sdk::task] needs a plain fn: a WASI module has one thread");
    }
    (words.get(at + 1).map(String::as_str) != Some("main"))
        .then_some("#[jobling_sdk::task] belongs on `fn main(task: Task)`")
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("these words are Rust")
}
