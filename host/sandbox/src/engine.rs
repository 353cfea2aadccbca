//! The engine: one wasmtime for all adapters, its clock, its threads and its cache.
//!
//! Guests run on threads of their own with lower priority, and compilation on others,
//! so that neither a spinning adapter nor a large one holds up the daemon.
//! The engine knows how an adapter is made ready; how one is called stands in `guest`.

use crate::accept::{self, Form};
use crate::agency::Description;
use crate::bindings::{AgencyAdapterPre, Ctx};
use crate::cache::Cache;
use crate::functions::Functions;
use crate::guest::{CallError, Guest};
use crate::script::{self, Source};
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
    /// Threads that run adapters. Two suffice, because adapters mostly wait for agencies, and a spinning one yields.
    pub guest_threads: usize,
    /// Adapters that may be made ready at the same time; each takes some ten megabytes while it is compiled.
    pub compilations_max: usize,
}

impl EngineOptions {
    pub fn new(cache_dir: impl Into<PathBuf>) -> EngineOptions {
        EngineOptions { cache_dir: cache_dir.into(), guest_threads: 2, compilations_max: 2 }
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

const MIB: usize = 1024 * 1024;
/// The most that one memory of an adapter can ever hold, whatever its manifest says.
pub const MEMORY_MAX: usize = 64 * MIB;
/// The step of the engine's clock, and so the precision of [`Limits::cpu_max`].
const TICK: Duration = Duration::from_millis(10);
/// Calls of all adapters together. Each takes a slot whose address space is reserved beforehand.
const CALLS_MAX: u32 = 128;
/// The longest script that is read. Guessed: a hundred times the longest of ours.
const SCRIPT_BYTES_MAX: usize = 2 * MIB;
/// The longest component that is read. Guessed: an interpreter for another language has 19 MB.
const COMPONENT_BYTES_MAX: usize = 32 * MIB;
/// Less than the daemon's own threads, more than nothing: on Linux each step is about a tenth of the processor's time.
const NICENESS: i32 = 10;

/// Makes adapters ready and gives them threads to run on. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: wasmtime::Engine,
    /// What makes compiled code of one engine unfit for another.
    compatibility: u64,
    cache: Cache,
    functions: Functions,
    pub(crate) guests: tokio::runtime::Handle,
    /// Taken when the engine is dropped, because a runtime must not be waited for inside another.
    runtime: Option<tokio::runtime::Runtime>,
    compilers: rayon::ThreadPool,
    compilations: Semaphore,
    pub(crate) script_runtime: OnceLock<Component>,
}

/// Why an adapter was not made ready. Nothing has changed by it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "{name} is no adapter: it is neither a script, a core module nor a component; check that the file is whole"
    )]
    NoAdapter { name: String },
    #[error("{name} has {bytes} bytes, more than the {bytes_max} that are read; make it smaller")]
    TooLarge { name: String, bytes: usize, bytes_max: usize },
    #[error("{name} does not evaluate: {reason}")]
    Script { name: String, reason: String },
    #[error("{name} cannot be wrapped into a component: {reason}; build it against `wit/` with wit-bindgen")]
    Module { name: String, reason: String },
    #[error("{name} does not compile: {reason}")]
    Compile { name: String, reason: String },
    #[error("{name} asks for {}, which no adapter may have; use the imports of world `agency-adapter` in `wit/`", .imports.join(", "))]
    Imports { name: String, imports: Vec<String> },
    #[error("{name} does not fit world `agency-adapter` in `wit/`: {reason}")]
    World { name: String, reason: String },
    #[error("{name} does not describe itself")]
    Describe {
        name: String,
        #[source]
        source: CallError,
    },
    #[error("the engine is shutting down, so {name} was not loaded")]
    Closed { name: String },
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

impl Engine {
    /// Starts the threads and opens the cache.
    ///
    /// # Errors
    /// When the folder cannot be written, or the machine gives no threads or no address space.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
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
            .thread_name(|turn| format!("compile-{turn}"))
            .start_handler(|_| lower_priority())
            .build()
            .map_err(|e| EngineError::Threads(e.to_string()))?;
        start_clock(&engine).map_err(|e| EngineError::Threads(e.to_string()))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let inner = Inner {
            compatibility: hasher.finish(),
            cache,
            functions,
            guests: runtime.handle().clone(),
            runtime: Some(runtime),
            compilers,
            compilations: Semaphore::new(options.compilations_max.max(1)),
            script_runtime: OnceLock::new(),
            engine,
        };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// Makes an adapter ready: a script (`.js`), a core module or a component, told apart by content.
    ///
    /// `name` stands in messages and stack traces: the file's name, for example `nomorobo/adapter.js`.
    /// The adapter is asked once to describe itself, with no powers at all.
    ///
    /// # Errors
    /// Says what is wrong with it and where; nothing else is touched.
    pub async fn load(&self, bytes: impl Into<Vec<u8>>, name: &str, limits: Limits) -> Result<Guest, LoadError> {
        let closed = || LoadError::Closed { name: name.to_owned() };
        let bytes = bytes.into();
        let turn = self.inner.compilations.acquire().await.map_err(|_| closed())?;
        let (inner, made_name, made_limits) = (Arc::clone(&self.inner), name.to_owned(), limits.clone());
        let made = self.inner.guests.spawn_blocking(move || inner.make_ready(bytes, &made_name, &made_limits));
        let (pre, revision) = made.await.map_err(|_| closed())??;
        drop(turn);
        let mut guest = Guest::new(Arc::clone(&self.inner), pre, name.to_owned(), revision, limits);
        let description: Description =
            guest.describe().await.map_err(|source| LoadError::Describe { name: name.to_owned(), source })?;
        guest.described(description);
        Ok(guest)
    }
}

impl Inner {
    fn make_ready(
        &self,
        bytes: Vec<u8>,
        name: &str,
        limits: &Limits,
    ) -> Result<(AgencyAdapterPre<Ctx>, blake3::Hash), LoadError> {
        let name = || name.to_owned();
        let form = Form::of(&bytes).ok_or_else(|| LoadError::NoAdapter { name: name() })?;
        let bytes_max = if form == Form::Script { SCRIPT_BYTES_MAX } else { COMPONENT_BYTES_MAX };
        if bytes.len() > bytes_max {
            return Err(LoadError::TooLarge { name: name(), bytes: bytes.len(), bytes_max });
        }
        let component = match form {
            Form::Component => bytes,
            Form::Module => accept::wrap(&bytes).map_err(|reason| LoadError::Module { name: name(), reason })?,
            Form::Script => {
                let text = String::from_utf8(bytes).map_err(|_| LoadError::NoAdapter { name: name() })?;
                self.component_of(Source { name: name(), text }, limits)
                    .map_err(|error| LoadError::Script { name: name(), reason: format!("{error:#}") })?
            }
        };
        let revision = blake3::hash(&component);
        let compiled = self
            .compile(&component)
            .map_err(|error| LoadError::Compile { name: name(), reason: format!("{error:#}") })?;
        let imports = accept::refused_imports(self, &compiled);
        if !imports.is_empty() {
            return Err(LoadError::Imports { name: name(), imports });
        }
        let world = |error: wasmtime::Error| LoadError::World { name: name(), reason: format!("{error:#}") };
        let linker = accept::linker(self, &compiled).map_err(world)?;
        let pre = linker.instantiate_pre(&compiled).and_then(AgencyAdapterPre::new).map_err(world)?;
        Ok((pre, revision))
    }

    fn component_of(&self, source: Source, limits: &Limits) -> wasmtime::Result<Vec<u8>> {
        let key = script::key(&source);
        if let Some(component) = self.cache.component(&key) {
            return Ok(component);
        }
        let component = script::componentize(self, source, limits)?;
        self.cache.keep_component(&key, &component);
        Ok(component)
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

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn config(functions: Functions) -> wasmtime::Result<Config> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CALLS_MAX)
        .total_core_instances(CALLS_MAX * 16)
        .total_memories(CALLS_MAX * 2)
        .total_tables(CALLS_MAX * 4)
        .total_stacks(CALLS_MAX)
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
