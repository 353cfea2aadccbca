//! Turns the text of a script into a component.
//!
//! The path: bindings for our interface (`wit-dylib`) are linked with a prebuilt QuickJS runtime into one component,
//! which is the same for every script; it is instrumented and compiled once, and kept.
//! For each script it is started, evaluates the script's top level, and a snapshot of its memory becomes the component.
//! So the top level runs once, here, and never when a call is made.
//!
//! A script may import our own interfaces, and the modules that were laid into one text with it ([`crate::modules`]).

mod shapes;

use crate::accept::{self, PREVIEW1};
use crate::bindings::{Ctx, LogAllowance, Source};
use crate::cache::Key;
use crate::machine::{Limits, Machine};
use crate::modules::{self, LIBRARY_FOLDER};
use crate::version::{Version, World};
use std::sync::OnceLock;
use wasmtime::component::{Component, Instance, Lift, Linker, WasmList};
use wasmtime::error::Context as _;
use wasmtime::{Error, Result, Store};
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};
use wit_parser::Resolve;

/// `static`, because a `const` of this size stands in the program once for each use.
static RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runtime.wasm"));

const ENTRY: &str = include_str!("script/entry.js");
/// What is put before `ENTRY` is made by this.
const SHAPES: &str = include_str!("script/shapes.rs");
const ENTRY_NAME: &str = "sandbox:entry";
const PRELUDE: &str = include_str!("script/prelude.js");
const PRELUDE_NAME: &str = "sandbox:prelude";
const SCRIPT_NAME: &str = "sandbox:script";
/// Before `ENTRY`, the runtime wants an object for streams and futures; our interface has neither.
const SHIM: &str = "globalThis.wit = {};\n";

/// Names everything that a component made from this script depends on.
pub(crate) fn key(source: &Source) -> Key {
    let mut hasher = blake3::Hasher::new();
    let World { kind, version } = source.world;
    let own = [version.wit(), kind.world(), ENTRY, SHAPES, PRELUDE, SHIM, &source.name, &source.text];
    let modules = source.modules.iter().flat_map(|(name, text)| [name.as_str(), text]);
    for part in own.into_iter().chain(modules) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(RUNTIME).update(PREVIEW1);
    hasher.finalize()
}

/// Our own modules are written against the newest version; what they import has the same shape in every one.
fn in_version(text: &str, version: Version) -> String {
    text.replace(&format!("@{}\"", Version::NEWEST), &format!("@{version}\""))
}

/// The entry for scripts of one world: it names what the script exports, and exports the same under guard.
fn entry(World { kind, version }: World) -> Result<String> {
    let functions: Vec<String> = kind.functions().iter().map(|name| format!("{name:?}")).collect();
    let (export, functions, shapes) = (kind.export(), functions.join(", "), shapes::literal(version.wit(), kind)?);
    let entry = in_version(ENTRY, version);
    Ok(format!(
        "const EXPORT = {export:?}, FUNCTIONS = [{functions}];\n{shapes}{entry}\nexport const {export} = served;\n"
    ))
}

/// The component that is the same for every script of one world, and what wizer knows of it.
struct Foundation {
    context: ComponentContext<'static>,
    instrumented: Vec<u8>,
}

fn foundation(world: World) -> Result<&'static Foundation> {
    static LINKED: [OnceLock<Vec<u8>>; World::COUNT] = [const { OnceLock::new() }; World::COUNT];
    static FOUNDATIONS: [OnceLock<Foundation>; World::COUNT] = [const { OnceLock::new() }; World::COUNT];
    let (linked, made) = (&LINKED[world.index()], &FOUNDATIONS[world.index()]);
    if let Some(foundation) = made.get() {
        return Ok(foundation);
    }
    let linked = match linked.get() {
        Some(linked) => linked,
        None => {
            let made = link(world)?;
            linked.get_or_init(|| made)
        }
    };
    let (context, instrumented) = Wizer::new().instrument_component(linked)?;
    Ok(made.get_or_init(|| Foundation { context, instrumented }))
}

fn link(World { kind, version }: World) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", version.wit()).map_err(from_anyhow)?;
    let world = resolve.select_world(&[package], Some(kind.world())).map_err(from_anyhow)?;
    let mut bindings = wit_dylib::create(&resolve, world, None);
    wit_component::embed_component_metadata(&mut bindings, &resolve, world, wit_component::StringEncoding::UTF8)
        .map_err(from_anyhow)?;
    let mut linker = wit_component::Linker::default();
    // The names must be these: the runtime asks for its bindings by name.
    linker.library("componentize_qjs_runtime.wasm", RUNTIME, false).map_err(from_anyhow)?;
    linker.library("wit-dylib.wasm", &bindings, false).map_err(from_anyhow)?;
    linker.encoder().adapter("wasi_snapshot_preview1", PREVIEW1).map_err(from_anyhow)?;
    linker.encode().map_err(from_anyhow)
}

/// wit-component speaks of errors in another type; the chain is kept as text.
fn from_anyhow(error: impl std::fmt::Debug) -> Error {
    Error::msg(format!("{error:?}"))
}

/// The instrumented runtime, compiled: from memory, from the cache, or made now.
fn runtime(machine: &Machine, world: World) -> Result<Component> {
    let made = &machine.script_runtimes[world.index()];
    if let Some(component) = made.get() {
        return Ok(component.clone());
    }
    let instrumented = &foundation(world)?.instrumented;
    let component = machine.compile(instrumented)?;
    Ok(made.get_or_init(|| component).clone())
}

/// Makes the component. Blocks, and belongs on a thread for compilation.
pub(crate) fn componentize(machine: &Machine, source: Source, limits: &Limits) -> Result<Vec<u8>> {
    let world = source.world;
    let component = runtime(machine, world)?;
    let foundation = foundation(world)?;
    let entry = entry(world)?;
    let linker = linker(machine, &component)?;
    let log =
        LogAllowance { lines_left: limits.log_lines_max, bytes_left: limits.log_bytes_max, ..LogAllowance::default() };
    let mut ctx = Ctx::new(None, limits.memory_max, machine.ticks(limits.cpu_max), log);
    ctx.script = Some(source);
    let mut store = machine.store(ctx);
    machine.guests.block_on(async {
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let init = instance.get_typed_func::<(&str, &str, Option<&str>, bool), (std::result::Result<(), String>,)>(
            &mut store, "init",
        )?;
        let (evaluated,) = init
            .call_async(&mut store, (SHIM, entry.as_str(), Some(ENTRY_NAME), false))
            .await
            .map_err(|error| explain_trap(&store, error))?;
        let source = store.data().script.clone();
        evaluated.map_err(|reason| Error::msg(readable(&reason, source.as_ref())))?;
        Wizer::new().snapshot_component(&foundation.context, &mut State { store: &mut store, instance }).await
    })
}

fn explain_trap(store: &Store<Ctx>, error: Error) -> Error {
    let ctx = store.data();
    if ctx.ceiling.reached {
        return Error::msg("its top level uses more memory than the adapter may have");
    }
    if ctx.ticks_left == 0 {
        return Error::msg("its top level runs too long; move the work into a function");
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => Error::msg("its top level recurses too deeply"),
        _ => error,
    }
}

/// What the engine says before it says what is wrong.
const STAGES: [&str; 4] = [
    "Failed to evaluate user JavaScript module: ",
    "Failed to finish JavaScript module evaluation: ",
    "Failed to declare JavaScript module: ",
    "Failed to evaluate JavaScript module: ",
];

/// Takes our own frames and the engine's own stages out of its message, and adds the line where only a name is told.
fn readable(reason: &str, source: Option<&Source>) -> String {
    let ours = |line: &&str| !line.contains(ENTRY_NAME) && !line.contains(PRELUDE_NAME);
    let mut told = reason.lines().filter(ours).map(str::trim_end).collect::<Vec<_>>().join("\n");
    for stage in STAGES {
        told = told.replacen(stage, "", 1);
    }
    told = told.strip_prefix("Error: ").map(str::to_owned).unwrap_or(told);
    match source {
        Some(source) if !told.contains(&format!("{}:", source.name)) => {
            let line = line_of_name(&told, &source.text);
            line.map_or_else(|| told.clone(), |line| format!("{told}\n    at {}:{line}", source.name))
        }
        _ => told,
    }
}

/// The line of a script that a message is about: of an import, the one that names it; of an export, the first that
/// exports something.
fn line_of_name(told: &str, text: &str) -> Option<usize> {
    let mut quoted = told.split(['`', '\'']).skip(1).step_by(2);
    let imports = |name: &str| text.lines().position(|line| line.starts_with("import ") && line.contains(name));
    let exports = || text.lines().position(|line| line.starts_with("export "));
    let imported = told.contains("import") || told.contains("in module");
    let line = if imported { quoted.find_map(imports) } else { None };
    line.or_else(exports).map(|index| index + 1)
}

/// Why a module cannot be imported, and what can.
fn unknown_module(specifier: &str, World { kind, version }: World) -> String {
    let known: Vec<String> =
        kind.imports().iter().filter(|name| **name != "types").map(|name| accept::ours(name, version)).collect();
    let remedy = match crate::trouble::nearest(specifier, &known) {
        Some(near) => format!("write `{near}`"),
        None => format!(
            "a script imports `./<file>.js` of its own folder, `../lib/<file>.js` of the modules that adapters share ({}), and {}",
            modules::library_names().map(|name| name.trim_start_matches("lib/")).collect::<Vec<_>>().join(", "),
            known.join(", ")
        ),
    };
    format!("`{specifier}` cannot be imported by an adapter of kind `{kind}`; {remedy}")
}

/// What the runtime may reach while a script's top level runs: our questions, which all answer "not now", and the loader.
fn linker(machine: &Machine, component: &Component) -> Result<Linker<Ctx>> {
    let mut linker = accept::linker(machine, component)?;
    let mut loader = linker.instance("local:init/module-loader")?;
    loader.func_wrap("resolve", |store: wasmtime::StoreContextMut<'_, Ctx>, (base, specifier): (String, String)| {
        Ok((match (specifier.as_str(), &store.data().script) {
            (PRELUDE_NAME | ENTRY_NAME, _) => Ok(specifier),
            // Under its own name, so that stack traces are the author's.
            (SCRIPT_NAME, Some(source)) => Ok(source.name.clone()),
            (other, Some(source)) => match modules::resolve(&base, other) {
                Some(name) if name == source.name || source.modules.contains_key(&name) => Ok(name),
                Some(name) => Err(format!("`{other}` cannot be imported, because there is no file `{name}`")),
                None => Err(unknown_module(other, source.world)),
            },
            (other, None) => Err(format!("there is no module `{other}`")),
        },))
    })?;
    loader.func_wrap("load", |store: wasmtime::StoreContextMut<'_, Ctx>, (path,): (String,)| {
        Ok((match (path.as_str(), &store.data().script) {
            (PRELUDE_NAME, Some(source)) => Ok(in_version(PRELUDE, source.world.version)),
            (name, Some(source)) if name == source.name => Ok(source.text.clone()),
            // Modules that all share are written against the newest version, and serve scripts of every one.
            (name, Some(source)) if name.starts_with(LIBRARY_FOLDER) && source.modules.contains_key(name) => {
                Ok(in_version(&source.modules[name], source.world.version))
            }
            (name, Some(source)) if source.modules.contains_key(name) => Ok(source.modules[name].clone()),
            (other, _) => Err(format!("there is no module `{other}`")),
        },))
    })?;
    linker
        .instance(&accept::wasi_name(machine, component, "cli/environment").unwrap_or_default())?
        .func_wrap("get-environment", |_, ()| Ok((Vec::<(String, String)>::new(),)))?;
    Ok(linker)
}

/// Lets wizer read the memory of the started runtime.
struct State<'a> {
    store: &'a mut Store<Ctx>,
    instance: Instance,
}

impl State<'_> {
    async fn read<R: Lift + 'static>(&mut self, instance: &str, function: &str) -> Result<R> {
        let index =
            self.instance.get_export_index(&mut *self.store, None, instance).context("wizer's accessors are gone")?;
        let index = self
            .instance
            .get_export_index(&mut *self.store, Some(&index), function)
            .context("an accessor of wizer is gone")?;
        let function = self.instance.get_typed_func::<(), (R,)>(&mut *self.store, index)?;
        Ok(function.call_async(&mut *self.store, ()).await?.0)
    }
}

/// The accessors were put there by wizer itself a moment ago, and they only copy; that they fail is our mistake.
const ACCESSOR: &str = "wizer's own accessor answers";

impl ComponentInstanceState for State<'_> {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        let bytes: WasmList<u8> = self.read(instance, func).await.expect(ACCESSOR);
        contents(bytes.as_le_slice(&*self.store));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func).await.expect(ACCESSOR)
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func).await.expect(ACCESSOR)
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.read::<f32>(instance, func).await.expect(ACCESSOR).to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.read::<f64>(instance, func).await.expect(ACCESSOR).to_bits()
    }
}
