//! One run: a store of its own, started, metered, ended, and dropped.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::Semaphore;
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::engine::{HOSTCALL_BYTES, MAX_MEMORIES_PER_MODULE, engine};
use crate::exit::{Ending, Exit, ending_of};
use crate::guest::{Files, Guest};
use crate::handler::{self, Http};
use crate::limiter::Limiter;
use crate::meter::Meter;
use crate::network::Outbound;
use crate::output::{CountedOutput, OutputBudget};
use crate::prepare::{PrepareError, Preparer};
use crate::prepared::{Prepared, Start};
use crate::settings::{SandboxError, Settings};
use crate::spec::{Access, Limits, Mount, RunSpec};
use crate::stop::Stopper;
use crate::task::TaskState;
use crate::throttle::Throttle;

/// Units of fuel after which a guest gives way to others: 0.05 to 1.6 ms.
const YIELD_UNITS: u64 = 1_000_000;
/// Random bytes that one call gets at most.
const RANDOM_BYTES: u64 = 64 << 10;
/// Why a component that answers requests is not run for anything else.
const NO_REQUEST: &str = "the component answers requests (wasi:http/incoming-handler) and has no \
                          wasi:cli/run: only a request to an HTTPTrigger can run it";
/// Host objects beyond its open files that a guest may hold: streams, pollables, sockets.
const OTHER_RESOURCES: usize = 256;

/// Prepares and runs guests. One for a process.
pub struct Sandbox {
    engine: Engine,
    preparer: Preparer,
    places: Semaphore,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Makes the engine and opens the cache of compiled code.
    pub fn new(settings: Settings) -> Result<Self, SandboxError> {
        let (engine, places) = engine(&settings)?;
        let preparer = Preparer::new(engine.clone(), settings)?;
        Ok(Self { engine, preparer, places: Semaphore::new(places as usize) })
    }

    /// Returns what the file at `path`, whose contents have `digest`, can be started as. It is compiled
    /// where that was not done before; several callers with one digest at once compile it once. The
    /// digest is believed: code is cached under it.
    pub async fn prepare(&self, path: &Path, digest: &str) -> Result<Prepared, PrepareError> {
        self.preparer.prepare(path, digest).await
    }

    /// Runs `prepared` to its end within `limits` and says how it ended. `stopper` ends it at once,
    /// whatever it waits for; dropping the future does, too. Where more run than the pool was made for,
    /// it waits for a place first.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn run(
        &self,
        prepared: &Prepared,
        spec: RunSpec,
        limits: Limits,
        stopper: &Stopper,
    ) -> Exit {
        let meter = spec.meter.clone();
        let started = async {
            // A component with more memories than the pool has would wait for ever.
            let wanted = prepared.memories().min(MAX_MEMORIES_PER_MODULE);
            let place = self.places.acquire_many(wanted).await;
            // What is only there at the start must not be held for as long as the guest runs.
            (place, Box::pin(self.store(spec, limits)).await)
        };
        let (_place, store) = tokio::select! {
            biased;
            () = stopper.stopped() => return never_started(Ending::Stopped),
            started = started => started,
        };
        match store {
            Ok(store) if prepared.wants_request() && !store.data().http.has_request() => {
                never_started(Ending::StartFailed { why: NO_REQUEST.to_owned() })
            }
            Ok(store) => attend(store, prepared, limits, (stopper, meter)).await,
            Err(why) => never_started(Ending::StartFailed { why }),
        }
    }

    /// Returns the store of one run; an error is a sentence.
    async fn store(&self, spec: RunSpec, limits: Limits) -> Result<Store<Guest>, String> {
        let guest = guest(spec, limits).await?;
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        let metered = store
            .set_fuel(limits.fuel)
            .and_then(|()| store.fuel_async_yield_interval(Some(YIELD_UNITS)));
        metered.map_err(|error| format!("fuel cannot be set: {error:#}"))?;
        Ok(store)
    }
}

/// Runs a started store to its end.
async fn attend(
    mut store: Store<Guest>,
    prepared: &Prepared,
    limits: Limits,
    (stopper, meter): (&Stopper, Meter),
) -> Exit {
    let call = AssertUnwindSafe(call(&mut store, prepared)).catch_unwind();
    let returned = tokio::select! {
        biased;
        () = stopper.stopped() => None,
        returned = Throttle::new(call, limits.cpu_millis, meter) => Some(returned),
    };
    let growth = store.data().limiter.growth();
    let ending = match returned {
        None => Ending::Stopped,
        Some(Ok(Ok(code))) => Ending::Exited(code),
        Some(Ok(Err(error))) => ending_of(&error, growth),
        Some(Err(panic)) => Ending::HostPanic { message: panic_message(&*panic) },
    };
    Exit {
        ending,
        fuel_used: limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0)),
        peak_memory_bytes: store.data().limiter.peak_bytes(),
    }
}

/// Instantiates and calls the guest; returns its exit code if it returned.
async fn call(store: &mut Store<Guest>, prepared: &Prepared) -> wasmtime::Result<u8> {
    match prepared.start() {
        Start::Module(module) => {
            let instance = module.instantiate_async(&mut *store).await?;
            let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
            start.call_async(store, ()).await?;
            Ok(0)
        }
        Start::Component(component) => {
            let command = component.instantiate_async(&mut *store).await?;
            let returned = command.wasi_cli_run().call_run(store).await?;
            Ok(u8::from(returned.is_err()))
        }
        Start::Handler(component) => handler::serve(store, component).await,
    }
}

async fn guest(spec: RunSpec, limits: Limits) -> Result<Guest, String> {
    let outbound = Outbound::resolve(spec.allow_outbound, spec.hosts).await?;
    let budget = OutputBudget::new(limits.output_bytes);
    let stdout = CountedOutput::new(spec.stdout, Arc::clone(&budget));
    let mut wasi = WasiCtxBuilder::new();
    wasi.args(&spec.args)
        .envs(&spec.env)
        .stdin(MemoryInputPipe::new(spec.stdin))
        .stdout(stdout.clone())
        .stderr(CountedOutput::new(spec.stderr, budget))
        .max_random_size(RANDOM_BYTES);
    for mount in &spec.mounts {
        open(&mut wasi, mount)?;
    }
    if !outbound.is_shut() {
        connect(&mut wasi, &outbound);
    }
    let mounts = spec.mounts.len();
    let quotas = spec.mounts.into_iter().map(|mount| mount.quotas).collect();
    let descriptors = limits.descriptors.saturating_add(u32::try_from(mounts).unwrap_or(0));
    let mut guest = Guest {
        wasi: wasi.build_p1(),
        limiter: Limiter::new(limits.memory_bytes, spec.meter),
        files: Files::new(quotas, descriptors),
        outbound,
        task: TaskState::new(spec.task),
        http: Http::new(spec.request, stdout),
    };
    crate::preview1::preopened(&mut guest, mounts);
    let resources = descriptors as usize + OTHER_RESOURCES;
    wasmtime_wasi::WasiView::ctx(&mut guest).table.set_max_capacity(resources);
    Ok(guest)
}

fn open(wasi: &mut WasiCtxBuilder, mount: &Mount) -> Result<(), String> {
    let permissions = match mount.access {
        Access::ReadOnly => FsPerms::ReadOnly,
        Access::ReadWrite => FsPerms::ReadWrite,
    };
    wasi.preopened_dir(&mount.host, &mount.guest_path, permissions)
        .map(|_wasi| ())
        .map_err(|error| format!("directory for {} cannot be opened: {error:#}", mount.guest_path))
}

/// Lets a guest open connections to what `outbound` allows. It may not listen.
fn connect(wasi: &mut WasiCtxBuilder, outbound: &Outbound) {
    let outbound = Arc::new(outbound.clone());
    wasi.allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true).socket_addr_check(
        move |address, purpose| {
            let allowed = match purpose {
                SocketAddrUse::TcpConnect | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => {
                    outbound.allows(address)
                }
                // A connection binds to any free port before it is made.
                SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
                    address.ip().is_unspecified() && address.port() == 0
                }
                SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => false,
            };
            Box::pin(std::future::ready(allowed))
        },
    );
}

fn never_started(ending: Ending) -> Exit {
    Exit { ending, fuel_used: 0, peak_memory_bytes: 0 }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
