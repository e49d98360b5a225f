//! What people would build by hand: no limits, no policies, nothing remembered.

use std::convert::Infallible;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};

/// Bytes of an answer.
const OUTPUT: usize = 64 << 10;

/// Serves a module, an instance for each request, as fast as wasmtime starts one.
pub(crate) fn serve_module(path: &Path) {
    let engine = engine();
    let module = Module::from_file(&engine, path).expect("a module");
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_async(&mut linker, |context| context).expect("WASI");
    let module = Arc::new(linker.instantiate_pre(&module).expect("a linked module"));
    serve(move |body| {
        let module = Arc::clone(&module);
        async move { run(&module, body).await }
    });
}

fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(256)
        .total_core_instances(256)
        .total_stacks(256)
        .total_tables(256)
        .max_unused_warm_slots(16)
        .linear_memory_keep_resident(1 << 20)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine")
}

async fn run(module: &InstancePre<WasiP1Ctx>, body: Bytes) -> Bytes {
    let output = MemoryOutputPipe::new(OUTPUT);
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdin(MemoryInputPipe::new(body)).stdout(output.clone());
    let mut store = Store::new(module.module().engine(), wasi.build_p1());
    let instance = module.instantiate_async(&mut store).await.expect("an instance");
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("a start");
    start.call_async(&mut store, ()).await.expect("an end");
    output.contents()
}

/// Serves a program, a process for each request.
pub(crate) fn serve_processes(program: &str) {
    let program = Arc::<str>::from(program);
    serve(move |body| {
        let program = Arc::clone(&program);
        async move {
            let mut child = tokio::process::Command::new(&*program)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("a process");
            let mut stdin = child.stdin.take().expect("a pipe");
            stdin.write_all(&body).await.expect("the body");
            drop(stdin);
            child.wait_with_output().await.expect("an end").stdout.into()
        }
    });
}

/// Tells where it listens, and answers each request with what `answer` makes of its body.
fn serve<F, A>(answer: F)
where
    F: Fn(Bytes) -> A + Clone + Send + 'static,
    A: Future<Output = Bytes> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        println!("listening at {}", listener.local_addr().expect("an address"));
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            stream.set_nodelay(true).expect("no delay");
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let body = request.into_body().collect().await.expect("a body").to_bytes();
                    Ok::<_, Infallible>(Response::new(Full::new(answer(body).await)))
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that leaves is no concern of a bench.
            drop(tokio::spawn(async { drop(connection.await) }));
        }
    });
}
