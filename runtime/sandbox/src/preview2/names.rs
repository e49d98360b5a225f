//! The resolver of components: it knows the names that a run was given, and nobody asks outside.

use wasmtime::Result;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView as _};

use crate::guest::Guest;
use crate::network::Outbound;

pub(super) struct HasNames;

impl HasData for HasNames {
    type Data<'a> = Names<'a>;
}

pub(super) struct Names<'a> {
    outbound: Outbound,
    inner: WasiSocketsCtxView<'a>,
}

pub(super) fn names(guest: &mut Guest) -> Names<'_> {
    Names { outbound: guest.outbound.clone(), inner: guest.wasi.sockets() }
}

impl Host for Names<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        // An address resolves to itself; whether it may be reached is decided when it is.
        let is_address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        let known = if is_address {
            name
        } else {
            self.outbound.address_of(&name).ok_or(ErrorCode::NameUnresolvable)?.to_string()
        };
        self.inner.resolve_addresses(network, known)
    }
}

impl HostResolveAddressStream for Names<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        self.inner.resolve_next_address(stream)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Resource<DynPollable>> {
        self.inner.subscribe(stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> Result<()> {
        HostResolveAddressStream::drop(&mut self.inner, stream)
    }
}

impl network::Host for Names<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        self.inner.convert_error_code(error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> Result<Option<ErrorCode>> {
        self.inner.network_error_code(error)
    }
}

impl network::HostNetwork for Names<'_> {
    fn drop(&mut self, network: Resource<Network>) -> Result<()> {
        network::HostNetwork::drop(&mut self.inner, network)
    }
}
