//! WASI preview 2 for components: wasmtime-wasi's own, with the file system and the resolver wrapped;
//! besides, `jobling:task`.

mod files;
mod names;
mod stream;

use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi::p2;
use wasmtime_wasi::p2::bindings::{filesystem, sockets};

use crate::guest::Guest;

/// Returns the linker for all components; it is made once and never cloned.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    crate::handler::add_to_linker(&mut linker)?;
    linker.allow_shadowing(true);
    filesystem::types::add_to_linker::<Guest, files::HasFiles>(&mut linker, files::files)?;
    filesystem::preopens::add_to_linker::<Guest, files::HasFiles>(&mut linker, files::files)?;
    sockets::ip_name_lookup::add_to_linker::<Guest, names::HasNames>(&mut linker, names::names)?;
    linker.allow_shadowing(false);
    crate::task::add_to_components(&mut linker)?;
    Ok(linker)
}
