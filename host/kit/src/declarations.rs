//! TypeScript declarations of the interface, for editors and for `tsc`, generated from the WIT.
//!
//! They say what the runtime for scripts really offers: modules named `smartguard:adapter/…` with their functions both by
//! name and as the default export, records with camelCase names, options as the value or `null`, variants as
//! `{ tag, val }`, enums as their words, every figure as a `number`, and errors as what is thrown.

use sandbox::kind::Kind;
use std::fmt::Write as _;
use wit_parser::{Docs, Function, Interface, Package, Resolve, Type, TypeDef, TypeDefKind};

const HEAD: &str = "\
// What a script for SmartGuard may import, and what it exports.
// Generated from wit/0.0.1/adapter.wit; `smartguard adapter types` prints it. Do not change it by hand.

/** Writes to the adapter's log. */
interface Console {
  debug(...values: unknown[]): void;
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}
declare var console: Console;
";

/// The declarations, as they stand in `smartguard.d.ts` beside scripts.
///
/// # Panics
/// When the interface of this host cannot be parsed, which its build has done already.
pub fn typescript() -> String {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", sandbox::WIT).expect("the host's own interface is well-formed");
    let package = &resolve.packages[package];
    let mut text = HEAD.to_owned();
    for interface in package.interfaces.values() {
        let module = Module { resolve: &resolve, package, interface: &resolve.interfaces[*interface] };
        module.write(&mut text);
    }
    text
}

/// How a function of a kind is asked and what it answers, as a script writes it; `name` is spelled as in cassettes.
pub fn signature(kind: Kind, name: &str) -> Option<String> {
    let name = camel(&name.replace('_', "-"));
    let text = typescript();
    let interface = text.split(&format!("export interface {} {{\n", pascal(kind.word()))).nth(1)?;
    let line = interface.lines().map(str::trim).find(|line| line.starts_with(&format!("{name}?(")))?;
    Some(line.replacen("?(", "(", 1).trim_end_matches(';').to_owned())
}

struct Module<'a> {
    resolve: &'a Resolve,
    package: &'a Package,
    interface: &'a Interface,
}

impl Module<'_> {
    fn write(&self, text: &mut String) {
        let name = self.interface.name.as_deref().unwrap_or_default();
        text.push('\n');
        docs(text, "", &self.interface.docs, &[]);
        line(text, "", format_args!("declare module \"{}\" {{", self.specifier(name)));
        for (name, id) in &self.interface.types {
            self.write_type(text, name, &self.resolve.types[*id]);
        }
        let exported = Kind::ALL.iter().any(|kind| kind.word() == name);
        if exported {
            line(text, "  ", format_args!("export interface {} {{", pascal(name)));
            for (name, function) in &self.interface.functions {
                // What is left out answers `unsupported`; every adapter says who it is.
                let mark = if name == "describe" { "" } else { "?" };
                self.write_function(text, "    ", &format!("{}{mark}", camel(name)), function);
            }
            line(text, "  ", format_args!("}}"));
        } else if !self.interface.functions.is_empty() {
            for (name, function) in &self.interface.functions {
                self.write_function(text, "  ", &format!("export function {}", camel(name)), function);
            }
            line(text, "  ", format_args!("const offered: {{"));
            for name in self.interface.functions.keys() {
                line(text, "  ", format_args!("  {0}: typeof {0};", camel(name)));
            }
            line(text, "  ", format_args!("}};"));
            line(text, "  ", format_args!("export {{ offered as default }};"));
        }
        line(text, "", format_args!("}}"));
    }

    /// What a script writes behind `from`.
    fn specifier(&self, interface: &str) -> String {
        let name = &self.package.name;
        let version = name.version.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{}:{}/{interface}@{version}", name.namespace, name.name)
    }

    fn write_type(&self, text: &mut String, name: &str, of: &TypeDef) {
        let name = pascal(name);
        if let TypeDefKind::Type(Type::Id(id)) = &of.kind {
            let other = &self.resolve.types[*id];
            if let (Some(known), wit_parser::TypeOwner::Interface(owner)) = (&other.name, &other.owner) {
                let owner = self.resolve.interfaces[*owner].name.as_deref().unwrap_or_default();
                let from = self.specifier(owner);
                line(text, "  ", format_args!("export type {name} = import(\"{from}\").{};", pascal(known)));
                return;
            }
        }
        docs(text, "  ", &of.docs, &[]);
        match &of.kind {
            TypeDefKind::Record(record) => {
                line(text, "  ", format_args!("export interface {name} {{"));
                for field in &record.fields {
                    docs(text, "    ", &field.docs, &[]);
                    line(text, "    ", format_args!("{}: {};", camel(&field.name), self.of(&field.ty)));
                }
                line(text, "  ", format_args!("}}"));
            }
            TypeDefKind::Variant(variant) => {
                line(text, "  ", format_args!("export type {name} ="));
                let last = variant.cases.len().saturating_sub(1);
                for (index, case) in variant.cases.iter().enumerate() {
                    docs(text, "    ", &case.docs, &[]);
                    let end = if index == last { ";" } else { "" };
                    let val = case
                        .ty
                        .as_ref()
                        .map_or_else(|| "val?: undefined".to_owned(), |ty| format!("val: {}", self.of(ty)));
                    line(text, "    ", format_args!("| {{ tag: \"{}\"; {val} }}{end}", case.name));
                }
            }
            TypeDefKind::Enum(words) => {
                let words: Vec<String> = words.cases.iter().map(|case| format!("\"{}\"", case.name)).collect();
                line(text, "  ", format_args!("export type {name} = {};", words.join(" | ")));
            }
            kind => line(text, "  ", format_args!("export type {name} = {};", self.of_kind(kind))),
        }
    }

    fn write_function(&self, text: &mut String, indent: &str, name: &str, function: &Function) {
        let (answer, error) = match function.result.as_ref().map(|ty| (ty, self.kind_of(ty))) {
            None => ("void".to_owned(), None),
            Some((_, Some(TypeDefKind::Result(result)))) => {
                let answer = result.ok.as_ref().map_or_else(|| "void".to_owned(), |ok| self.of(ok));
                (answer, result.err.as_ref().map(|error| self.of(error)))
            }
            Some((ty, _)) => (self.of(ty), None),
        };
        // An import that refuses throws an `Error` whose `payload` is the variant; a script throws the variant itself.
        let throws = error.map(|error| {
            if name.starts_with("export") {
                format!("@throws {{Error & {{ payload: {error} }}}}")
            } else {
                format!("@throws {{{error}}}")
            }
        });
        docs(text, indent, &function.docs, throws.as_slice());
        let params: Vec<String> =
            function.params.iter().map(|param| format!("{}: {}", camel(&param.name), self.of(&param.ty))).collect();
        line(text, indent, format_args!("{name}({}): {answer};", params.join(", ")));
    }

    fn kind_of(&self, ty: &Type) -> Option<&TypeDefKind> {
        match ty {
            Type::Id(id) => Some(&self.resolve.types[*id].kind),
            _ => None,
        }
    }

    fn of(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::String | Type::Char => "string".to_owned(),
            Type::Id(id) => {
                let of = &self.resolve.types[*id];
                of.name.as_deref().map_or_else(|| self.of_kind(&of.kind), pascal)
            }
            _ => "number".to_owned(),
        }
    }

    fn of_kind(&self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::Option(ty) => format!("{} | null", self.of(ty)),
            TypeDefKind::List(ty) => {
                let of = self.of(ty);
                if of.contains(' ') && !of.starts_with('[') { format!("({of})[]") } else { format!("{of}[]") }
            }
            TypeDefKind::Tuple(tuple) => {
                let of: Vec<String> = tuple.types.iter().map(|ty| self.of(ty)).collect();
                format!("[{}]", of.join(", "))
            }
            TypeDefKind::Type(ty) => self.of(ty),
            // The interface has none of the others, and a test holds what is generated against what is kept.
            other => unreachable!("no declaration is known for a {}", other.as_str()),
        }
    }
}

fn line(text: &mut String, indent: &str, rest: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{indent}{rest}");
}

fn docs(text: &mut String, indent: &str, docs: &Docs, tags: &[String]) {
    let said = docs.contents.as_deref().unwrap_or_default();
    let lines: Vec<&str> = said.lines().map(str::trim).chain(tags.iter().map(String::as_str)).collect();
    match lines.as_slice() {
        [] => {}
        [one] => line(text, indent, format_args!("/** {one} */")),
        several => {
            line(text, indent, format_args!("/**"));
            for said in several {
                line(text, indent, format_args!(" * {said}"));
            }
            line(text, indent, format_args!(" */"));
        }
    }
}

/// `served-by` as `ServedBy`.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(word).collect()
}

/// `area-code` as `areaCode`.
fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut letters = pascal.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}
