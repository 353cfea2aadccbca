//! Decides what may become an adapter: tells the forms apart, and refuses by name what asks for too much.

use crate::bindings::{AgencyAdapter, Ctx};
use crate::lift;
use crate::machine::Machine;
use crate::version::{Version, World};
use wasmtime::Result;
use wasmtime::component::types::ComponentExtern;
use wasmtime::component::{Component, ComponentType, HasSelf, Lower};

/// Answers the older system interface that compilers for other languages still emit.
pub(crate) static PREVIEW1: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preview1.wasm"));

/// The forms in which an adapter may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Script,
    /// A core module with our interface embedded, as `cargo build --target wasm32-unknown-unknown` leaves it.
    Module,
    Component,
}

impl Form {
    /// Told by content; the name only decides what a text is.
    pub(crate) fn of(bytes: &[u8]) -> Option<Form> {
        match bytes {
            [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Some(Form::Component),
            [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Some(Form::Module),
            [0, ..] | [] => None,
            text => std::str::from_utf8(text).is_ok().then_some(Form::Script),
        }
    }
}

/// Wraps a core module into a component.
pub(crate) fn wrap(module: &[u8]) -> std::result::Result<Vec<u8>, String> {
    wit_component::ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).adapter("wasi_snapshot_preview1", PREVIEW1))
        .and_then(|encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}

/// Our own interfaces, each of which asks [`crate::Powers`].
const OURS: &str = "smartguard:adapter/";

/// The name under which a script imports one of them.
pub(crate) fn ours(interface: &str, version: Version) -> String {
    format!("{OURS}{interface}@{version}")
}

/// Interfaces that language runtimes name without needing them. All but the clocks and one seed end the call when used.
const HARMLESS: [&str; 5] = ["wasi:cli/", "wasi:io/", "wasi:clocks/", "wasi:filesystem/", "wasi:random/"];

/// Left over in a component that was made from a script; nothing answers it.
const LOADER: &str = "local:init/module-loader";

/// The version that a component is built against, when it is another than the one that is meant.
pub(crate) fn another_version(machine: &Machine, component: &Component, world: World) -> Option<String> {
    let component_type = component.component_type();
    let exports = component_type.exports(&machine.engine);
    let versions =
        exports.filter_map(|(name, _)| name.strip_prefix(OURS)?.split_once('@').map(|(_, of)| of.to_owned()));
    let versions: Vec<String> = versions.collect();
    let meant = versions.iter().any(|of| of == world.version.word());
    if meant { None } else { versions.into_iter().next() }
}

/// The imports that no adapter of this world may have. Empty means that it may be linked.
pub(crate) fn refused_imports(machine: &Machine, component: &Component, World { kind, version }: World) -> Vec<String> {
    let component_type = component.component_type();
    let permitted = |name: &str| {
        let ours = name
            .strip_prefix(OURS)
            .and_then(|rest| rest.split_once('@'))
            .is_some_and(|(interface, of)| of == version.word() && kind.imports().contains(&interface));
        ours || name == LOADER || HARMLESS.iter().any(|prefix| name.starts_with(prefix))
    };
    component_type
        .imports(&machine.engine)
        .map(|(name, _): (&str, ComponentExtern<'_>)| name)
        .filter(|name| !permitted(name))
        .map(str::to_owned)
        .collect()
}

/// The full name, with its version, under which a component imports a WASI interface.
pub(crate) fn wasi_name(machine: &Machine, component: &Component, interface: &str) -> Option<String> {
    let wanted = format!("wasi:{interface}@");
    let component_type = component.component_type();
    component_type.imports(&machine.engine).map(|(name, _)| name.to_owned()).find(|name| name.starts_with(&wanted))
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Links a component: our interfaces, then traps for everything else, then the three questions that a runtime may ask.
pub(crate) fn linker(machine: &Machine, component: &Component) -> Result<wasmtime::component::Linker<Ctx>> {
    let mut linker = wasmtime::component::Linker::<Ctx>::new(&machine.engine);
    linker.allow_shadowing(true);
    linker.define_unknown_imports_as_traps(component)?;
    AgencyAdapter::add_to_linker::<_, HasSelf<_>>(&mut linker, |ctx| ctx)?;
    lift::link(&mut linker)?;
    if let Some(name) = wasi_name(machine, component, "clocks/wall-clock") {
        linker.instance(&name)?.func_wrap("now", |store: wasmtime::StoreContextMut<'_, Ctx>, ()| {
            let now = store.data().now_ms();
            Ok((Datetime { seconds: now / 1000, nanoseconds: (now % 1000) as u32 * 1_000_000 },))
        })?;
    }
    if let Some(name) = wasi_name(machine, component, "clocks/monotonic-clock") {
        linker.instance(&name)?.func_wrap("now", |store: wasmtime::StoreContextMut<'_, Ctx>, ()| {
            Ok((store.data().now_ms().saturating_mul(1_000_000),))
        })?;
    }
    if let Some(name) = wasi_name(machine, component, "random/insecure-seed") {
        // A hash map's seed: nothing that matters may hang on it, so it need not differ.
        linker.instance(&name)?.func_wrap("insecure-seed", |_, ()| Ok(((0x5eed_u64, 0x5eed_u64),)))?;
    }
    Ok(linker)
}
