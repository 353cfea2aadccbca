//! The forms in which an adapter may arrive, and what is refused by name.

use sandbox::kind::Kind;
use sandbox::{CallError, Engine, EngineOptions, FaultKind, Limits, LoadError};
use std::path::Path;
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function as Body, FunctionSection, ImportSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::StringEncoding;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldItem, WorldKey};

fn engine(folder: &Path) -> Engine {
    Engine::new(EngineOptions::new(folder)).expect("the engine starts")
}

/// A core module for this world that ends each call with a trap, and imports whatever the world offers.
fn module(text: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", text).expect("valid WIT");
    let world = resolve.select_world(&[package], Some(world)).expect("the world is there");
    let (mut types, mut imports, mut functions) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    let mut imported = 0;
    let items = |items: &wit_parser::IndexMap<WorldKey, WorldItem>| -> Vec<(String, Function)> {
        let mut found = Vec::new();
        for (key, item) in items {
            let WorldItem::Interface { id, .. } = item else { continue };
            let name = resolve.name_world_key(key);
            found.extend(resolve.interfaces[*id].functions.values().map(|function| (name.clone(), function.clone())));
        }
        found
    };
    let signature = |types: &mut TypeSection, variant, function: &Function| {
        let signature = resolve.wasm_signature(variant, function);
        types.ty().function(signature.params.iter().map(value), signature.results.iter().map(value));
        types.len() - 1
    };
    for (interface, function) in items(&resolve.worlds[world].imports) {
        let index = signature(&mut types, AbiVariant::GuestImport, &function);
        imports.import(&interface, &function.name, EntityType::Function(index));
        imported += 1;
    }
    let unreachable = |code: &mut CodeSection| {
        let mut body = Body::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    };
    for (place, (interface, function)) in items(&resolve.worlds[world].exports).iter().enumerate() {
        functions.function(signature(&mut types, AbiVariant::GuestExport, function));
        exports.export(&format!("{interface}#{}", function.name), ExportKind::Func, imported + place as u32);
        unreachable(&mut code);
    }
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    functions.function(types.len() - 1);
    exports.export("cabi_realloc", ExportKind::Func, imported + functions.len() - 1);
    unreachable(&mut code);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories).section(&exports).section(&code);
    let mut bytes = module.finish();
    wit_component::embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8).expect("it is embedded");
    bytes
}

fn value(value: &WasmType) -> ValType {
    match value {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

const WIT: &str = include_str!("../../../wit/0.0.1/adapter.wit");

async fn check(bytes: Vec<u8>) -> LoadError {
    let folder = tempfile::tempdir().expect("a folder");
    match engine(folder.path()).load(Kind::Agency, bytes, "probe.wasm", Limits::default()).await {
        Err(error) => error,
        Ok(_) => panic!("it was loaded"),
    }
}

#[tokio::test]
async fn a_core_module_is_wrapped_and_called() {
    // The dummy traps, so that it gets as far as its own `describe` is the proof.
    let error = check(module(WIT, "agency-adapter")).await;
    let LoadError::Describe { source: CallError::Fault(fault), .. } = error else { panic!("{error}") };
    assert_eq!((fault.kind, fault.function), (FaultKind::Trapped, "describe"));
}

#[tokio::test]
async fn an_import_that_is_not_ours_is_refused_by_name() {
    for (package, refused) in [
        (
            "package acme:secret@1.0.0; interface door { open: func(); } world greedy { import door; }",
            "acme:secret/door@1.0.0",
        ),
        (
            "package wasi:http@0.2.0; interface outgoing-handler { handle: func(); } world greedy { import outgoing-handler; }",
            "wasi:http/outgoing-handler@0.2.0",
        ),
    ] {
        match check(module(package, "greedy")).await {
            LoadError::Imports { imports, .. } => assert_eq!(imports, [refused]),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_component_of_another_world_is_refused() {
    let error = check(module(WIT, "ranker-adapter")).await;
    assert!(matches!(error, LoadError::World { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_adapter_is_refused() {
    assert!(matches!(check(vec![]).await, LoadError::NoAdapter { .. }));
    assert!(matches!(check(vec![0xff, 0xfe, 1]).await, LoadError::NoAdapter { .. }));
    let mut damaged = module(WIT, "agency-adapter");
    damaged.truncate(damaged.len() / 2);
    let error = check(damaged).await;
    assert!(matches!(error, LoadError::Module { .. }), "{error}");
}

#[tokio::test]
async fn a_component_is_taken_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path());
    let text =
        "export const agency = { describe() { return { id: 'probe', version: '1', functions: [], speaksFor: [] }; } };";
    let script = engine.load(Kind::Agency, text, "probe.js", Limits::default()).await.expect("the script loads");
    // The cache keeps the component behind a checksum of 32 bytes.
    let mut entries =
        std::fs::read_dir(folder.path()).expect("the cache is there").map(|entry| entry.expect("an entry").path());
    let made = entries.find(|path| path.extension().is_some_and(|e| e == "wasm")).expect("a component was kept");
    let component = std::fs::read(made).expect("it can be read").split_off(32);
    let guest =
        engine.load(Kind::Agency, component, "probe.wasm", Limits::default()).await.expect("the component loads");
    assert_eq!(guest.revision(), script.revision());
    assert_eq!(guest.description().id, "probe");
}
