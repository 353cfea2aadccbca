//! What adapters run on: one wasmtime for all of them, its clock, its threads and its cache.
//!
//! Guests run on threads of their own with lower priority, and compilation on others,
//! so that neither a spinning adapter nor a large one holds up the daemon.

use crate::bindings::Ctx;
use crate::cache::Cache;
use crate::functions::Functions;
use crate::version::World;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::component::Component;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Store, UpdateDeadline};

/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where components and compiled code are kept. Only this user may write there; it may be deleted at any time.
    pub cache_dir: PathBuf,
    /// Threads that run adapters, and as many that compile them. Few suffice, because adapters mostly wait for agencies, and a
    /// spinning one yields. More of them than half the cores would be felt by callers: Linux lets a thread of low priority
    /// finish a slice of milliseconds, so a thread that wakes up finds no core where each is taken by one.
    pub guest_threads: usize,
    /// Adapters that may be made ready at the same time; each takes some ten megabytes while it is compiled.
    pub compilations_max: usize,
}

impl EngineOptions {
    pub fn new(cache_dir: impl Into<PathBuf>) -> EngineOptions {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        EngineOptions { cache_dir: cache_dir.into(), guest_threads: (cores / 2).max(1), compilations_max: 2 }
    }
}

/// What one adapter may use. The manifest names them; these are the defaults and their bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all memories of one call. A fresh script has about 2 MB; a pool slot holds [`MEMORY_MAX`].
    pub memory_max: usize,
    /// Time that a call may compute; waiting for an agency does not count.
    pub cpu_max: Duration,
    /// Time from the start of a call to its end, waiting included.
    pub deadline: Duration,
    /// Calls of this adapter at the same time.
    pub calls_max: usize,
    /// How long a call waits for its turn before it is told that the adapter is too busy.
    pub turn_max: Duration,
    /// Lines and bytes that a call may log; the rest is counted.
    pub log_lines_max: u32,
    pub log_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory_max: 48 * MIB,
            cpu_max: Duration::from_secs(2),
            deadline: Duration::from_secs(60),
            calls_max: 8,
            turn_max: Duration::from_secs(10),
            log_lines_max: 200,
            log_bytes_max: 64 * 1024,
        }
    }
}

pub(crate) const MIB: usize = 1024 * 1024;
/// The most that one memory of an adapter can ever hold, whatever its manifest says.
pub const MEMORY_MAX: usize = 64 * MIB;
/// The step of the engine's clock, and so the precision of [`Limits::cpu_max`].
const TICK: Duration = Duration::from_millis(10);
/// Calls of all adapters together; further ones wait. Each takes a slot whose address space is reserved beforehand.
const CALLS_MAX: u32 = 128;
/// Scripts whose top level runs take slots too, as many as are made ready at once.
const SLOTS: u32 = CALLS_MAX + 8;
/// Less than the daemon's own threads, more than nothing: on Linux each step is about a tenth of the processor's time.
const NICENESS: i32 = 10;

/// The machine of one engine.
pub(crate) struct Machine {
    pub(crate) engine: wasmtime::Engine,
    /// What makes compiled code of one engine unfit for another.
    compatibility: u64,
    pub(crate) cache: Cache,
    functions: Functions,
    pub(crate) guests: tokio::runtime::Handle,
    /// Taken when the engine is dropped, because a runtime must not be waited for inside another.
    runtime: Option<tokio::runtime::Runtime>,
    compilers: rayon::ThreadPool,
    /// One for each call that may run now, whichever adapter it is of; the others wait for one.
    pub(crate) slots: Arc<Semaphore>,
    /// What scripts of each world run in.
    pub(crate) script_runtimes: [OnceLock<Component>; World::COUNT],
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the adapter cache {folder} cannot be used; make it a folder that this user may write")]
    Cache {
        folder: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the threads for adapters could not be started: {0}")]
    Threads(String),
    #[error("the engine for adapters could not be set up: {0}")]
    Wasmtime(String),
}

impl Machine {
    /// Starts the threads and opens the cache.
    pub(crate) fn start(options: EngineOptions) -> Result<Machine, EngineError> {
        let cache = Cache::open(options.cache_dir.clone())
            .map_err(|source| EngineError::Cache { folder: options.cache_dir, source })?;
        let functions = Functions::default();
        let engine = config(functions.clone())
            .and_then(|config| wasmtime::Engine::new(&config))
            .map_err(|e| EngineError::Wasmtime(format!("{e:#}")))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.guest_threads.max(1))
            .thread_name("guest")
            // A spinning guest yields at every tick; looking at timers and sockets each time keeps the others going.
            .event_interval(1)
            .on_thread_start(lower_priority)
            .enable_all()
            .build()
            .map_err(|e| EngineError::Threads(e.to_string()))?;
        let compilers = rayon::ThreadPoolBuilder::new()
            .num_threads(options.guest_threads.max(1))
            .thread_name(|turn| format!("compile-{turn}"))
            .start_handler(|_| lower_priority())
            .build()
            .map_err(|e| EngineError::Threads(e.to_string()))?;
        start_clock(&engine).map_err(|e| EngineError::Threads(e.to_string()))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Machine {
            compatibility: hasher.finish(),
            cache,
            functions,
            guests: runtime.handle().clone(),
            runtime: Some(runtime),
            compilers,
            slots: Arc::new(Semaphore::new(CALLS_MAX as usize)),
            script_runtimes: Default::default(),
            engine,
        })
    }

    /// Compiles a component, or takes it from the cache. Blocks.
    pub(crate) fn compile(&self, component: &[u8]) -> wasmtime::Result<Component> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.compatibility.to_le_bytes()).update(component);
        let key = hasher.finalize();
        if let Some(compiled) = self.cache.compiled(&self.engine, &key) {
            return Ok(compiled);
        }
        let compatible = blake3::hash(&self.compatibility.to_le_bytes());
        self.functions.read(&self.cache, &compatible);
        let compiled = self.compilers.install(|| self.engine.precompile_component(component))?;
        self.functions.keep(&self.cache, &compatible);
        self.cache.keep_compiled(&self.engine, &key, &compiled)
    }

    /// How many ticks of the clock a span is; at least one.
    pub(crate) fn ticks(&self, span: Duration) -> u64 {
        (span.as_millis() / TICK.as_millis()).max(1) as u64
    }

    /// A store under its ceiling and its budget. The budget counts ticks in which the guest itself ran:
    /// the clock is looked at by the guest's own code, so that waiting for the host costs at most one.
    pub(crate) fn store(&self, ctx: Ctx) -> Store<Ctx> {
        let mut store = Store::new(&self.engine, ctx);
        store.limiter(|ctx| &mut ctx.ceiling);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let ctx = store.data_mut();
            ctx.ticks_left = ctx.ticks_left.saturating_sub(1);
            Ok(if ctx.ticks_left == 0 {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
            })
        });
        store
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn config(functions: Functions) -> wasmtime::Result<Config> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(SLOTS * 16)
        .total_memories(SLOTS * 2)
        .total_tables(SLOTS * 4)
        .total_stacks(SLOTS)
        .max_core_instances_per_component(64)
        .max_memories_per_component(16)
        .max_tables_per_component(32)
        .max_memory_size(MEMORY_MAX)
        .table_elements(20_000)
        .max_component_instance_size(MIB)
        .max_core_instance_size(MIB)
        .linear_memory_keep_resident(MIB)
        .max_unused_warm_slots(64);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(512 * 1024)
        .async_stack_size(MIB)
        .memory_init_cow(true)
        .memory_reservation(MEMORY_MAX as u64)
        .memory_guard_size(MIB as u64)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.enable_incremental_compilation(Arc::new(functions))?;
    Ok(config)
}

/// Ticks until the engine is gone. It holds no reference to the engine, so it does not keep it alive.
fn start_clock(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("guest-clock".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

/// Lets the daemon's own threads go first. On Linux a niceness belongs to one thread.
/// A system that refuses leaves the threads as they are, which is slower and not wrong.
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::debug!(%error, "a thread for adapters keeps the daemon's priority");
    }
}
