//! The engine: makes adapters ready, whatever form they come in.
//!
//! What it runs on (threads, clock, cache) stands in `machine`; how a ready adapter is called stands in `guest`.

use crate::accept::{self, Form};
use crate::agency::Description;
use crate::bindings::Source;
use crate::guest::{CallError, Guest};
use crate::kind::Kind;
use crate::linked::Pre;
use crate::machine::{EngineError, EngineOptions, Limits, MIB, Machine};
use crate::modules;
use crate::script;
use crate::version::{Version, World};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The longest script that is read. Guessed: a hundred times the longest of ours.
const SCRIPT_BYTES_MAX: usize = 2 * MIB;
/// The longest component that is read. Guessed: an interpreter for another language has 19 MB.
const COMPONENT_BYTES_MAX: usize = 32 * MIB;

/// Makes adapters ready and gives them threads to run on. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    machine: Arc<Machine>,
    compilations: Arc<Semaphore>,
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
    #[error(
        "{name} is built against version {built} of the interface, and its manifest says `wit = \"{said}\"`; write the version that it is built against"
    )]
    Version { name: String, built: String, said: Version },
    #[error("{name} asks for {}, which no adapter of kind `{kind}` may have; use the imports of world `{}` in `wit/`", .imports.join(", "), .kind.world())]
    Imports { name: String, kind: Kind, imports: Vec<String> },
    #[error("{name} does not fit world `{}` in `wit/`, which `kind = \"{kind}\"` asks for: {reason}", .kind.world())]
    World { name: String, kind: Kind, reason: String },
    #[error("{name} does not describe itself")]
    Describe {
        name: String,
        #[source]
        source: CallError,
    },
    #[error("the engine is shutting down, so {name} was not loaded")]
    Closed { name: String },
}

impl Engine {
    /// Starts the threads and opens the cache.
    ///
    /// # Errors
    /// When the folder cannot be written, or the machine gives no threads or no address space.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let compilations = Arc::new(Semaphore::new(options.compilations_max.max(1)));
        Ok(Engine { machine: Arc::new(Machine::start(options)?), compilations })
    }

    /// Makes an adapter ready: a script (`.js`), a core module or a component, told apart by content.
    ///
    /// `world` is what it is built against: a kind alone means its world in the newest version of the interface.
    /// `name` stands in messages and stack traces: the file's name, for example `nomorobo/adapter.js`.
    /// The adapter is asked once to describe itself, with no powers at all.
    ///
    /// # Errors
    /// Says what is wrong with it and where; nothing else is touched.
    pub async fn load(
        &self,
        world: impl Into<World>,
        bytes: impl Into<Vec<u8>>,
        name: &str,
        limits: Limits,
    ) -> Result<Guest, LoadError> {
        let closed = || LoadError::Closed { name: name.to_owned() };
        let (world, bytes) = (world.into(), bytes.into());
        let turn = self.compilations.acquire().await.map_err(|_| closed())?;
        let (machine, made_name, made_limits) = (Arc::clone(&self.machine), name.to_owned(), limits.clone());
        let made =
            self.machine.guests.spawn_blocking(move || make_ready(&machine, world, bytes, &made_name, &made_limits));
        let (pre, revision) = made.await.map_err(|_| closed())??;
        drop(turn);
        let mut guest = Guest::new(Arc::clone(&self.machine), pre, name.to_owned(), revision, limits);
        let description: Description =
            guest.describe_powerless().await.map_err(|source| LoadError::Describe { name: name.to_owned(), source })?;
        guest.described(description);
        Ok(guest)
    }
}

fn make_ready(
    machine: &Machine,
    world: World,
    bytes: Vec<u8>,
    name: &str,
    limits: &Limits,
) -> Result<(Pre, blake3::Hash), LoadError> {
    let kind = world.kind;
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
            let (text, modules) = modules::split(&text);
            component_of(machine, Source { world, name: name(), text, modules }, limits)
                .map_err(|error| LoadError::Script { name: name(), reason: format!("{error:#}") })?
        }
    };
    let revision = blake3::hash(&component);
    let compiled = machine
        .compile(&component)
        .map_err(|error| LoadError::Compile { name: name(), reason: format!("{error:#}") })?;
    if let Some(built) = accept::another_version(machine, &compiled, world) {
        return Err(LoadError::Version { name: name(), built, said: world.version });
    }
    let imports = accept::refused_imports(machine, &compiled, world);
    if !imports.is_empty() {
        return Err(LoadError::Imports { name: name(), kind, imports });
    }
    let other_world = |error: wasmtime::Error| LoadError::World { name: name(), kind, reason: format!("{error:#}") };
    let linker = accept::linker(machine, &compiled).map_err(other_world)?;
    let pre = linker.instantiate_pre(&compiled).and_then(|pre| Pre::new(world, pre)).map_err(other_world)?;
    Ok((pre, revision))
}

fn component_of(machine: &Machine, source: Source, limits: &Limits) -> wasmtime::Result<Vec<u8>> {
    let key = script::key(&source);
    if let Some(component) = machine.cache.component(&key) {
        return Ok(component);
    }
    let component = script::componentize(machine, source, limits)?;
    machine.cache.keep_component(&key, &component);
    Ok(component)
}
