//! The interface's types as `entry.js` reads them, so that an answer of a script that does not fit is told by its field.
//!
//! The engine itself can only end the call there, and says nothing of where.

use crate::kind::Kind;
use wit_parser::{Resolve, Type, TypeDefKind};

/// What each function of a kind answers, and what it may throw, as an object literal:
/// `{ check: [answer, error], … }` with the shapes of named types beside it.
pub(super) fn literal(wit: &str, kind: Kind) -> wasmtime::Result<String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", wit).map_err(super::from_anyhow)?;
    let mut shapes = Shapes { resolve: &resolve, named: Vec::new(), written: Vec::new() };
    let mut functions = Vec::new();
    let interface = resolve.packages[package].interfaces.get(kind.word()).copied();
    for function in interface.into_iter().flat_map(|id| resolve.interfaces[id].functions.values()) {
        let (answer, error) = match &function.result {
            None => ("null".to_owned(), "null".to_owned()),
            Some(Type::Id(id)) if matches!(resolve.types[*id].kind, TypeDefKind::Result(_)) => {
                let TypeDefKind::Result(result) = &resolve.types[*id].kind else { continue };
                (shapes.optional(result.ok.as_ref()), shapes.optional(result.err.as_ref()))
            }
            Some(ty) => (shapes.of(ty), "null".to_owned()),
        };
        functions.push(format!("{:?}: [{answer}, {error}]", camel(&function.name)));
    }
    let (named, functions) = (shapes.written.join(",\n"), functions.join(",\n"));
    Ok(format!("const NAMED = {{\n{named}\n}};\nconst SHAPES = {{\n{functions}\n}};\n"))
}

struct Shapes<'a> {
    resolve: &'a Resolve,
    named: Vec<wit_parser::TypeId>,
    written: Vec<String>,
}

impl Shapes<'_> {
    fn optional(&mut self, ty: Option<&Type>) -> String {
        ty.map_or_else(|| "null".to_owned(), |ty| self.of(ty))
    }

    fn of(&mut self, ty: &Type) -> String {
        let figure = |least: i64, most: u64| format!("[\"figure\", {least}, {most}]");
        match ty {
            Type::Bool => "[\"switch\"]".to_owned(),
            Type::String | Type::Char => "[\"text\"]".to_owned(),
            Type::U8 => figure(0, u8::MAX.into()),
            Type::U16 => figure(0, u16::MAX.into()),
            Type::U32 => figure(0, u32::MAX.into()),
            // A script counts no further than this.
            Type::U64 => figure(0, (1 << 53) - 1),
            Type::S32 => figure(i32::MIN.into(), i32::MAX as u64),
            Type::Id(id) => self.named(*id),
            _ => "[\"number\"]".to_owned(),
        }
    }

    fn named(&mut self, id: wit_parser::TypeId) -> String {
        let kind = self.resolve.types[id].kind.clone();
        match &kind {
            TypeDefKind::Option(ty) => format!("[\"option\", {}]", self.of(ty)),
            TypeDefKind::List(ty) => format!("[\"list\", {}]", self.of(ty)),
            TypeDefKind::Type(ty) => self.of(ty),
            TypeDefKind::Tuple(tuple) => {
                let of: Vec<String> = tuple.types.iter().map(|ty| self.of(ty)).collect();
                format!("[\"tuple\", [{}]]", of.join(", "))
            }
            TypeDefKind::Enum(words) => {
                let words: Vec<String> = words.cases.iter().map(|case| format!("{:?}", case.name)).collect();
                format!("[\"word\", [{}]]", words.join(", "))
            }
            // These stand in several places, and are written once.
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| (camel(&field.name), Some(field.ty)));
                self.once(id, "record", fields.collect())
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| (case.name.clone(), case.ty));
                self.once(id, "variant", cases.collect())
            }
            // The interface has none of the others; whatever they are, the engine looks at them itself.
            _ => "null".to_owned(),
        }
    }

    fn once(&mut self, id: wit_parser::TypeId, sort: &str, members: Vec<(String, Option<Type>)>) -> String {
        let place = match self.named.iter().position(|known| *known == id) {
            Some(place) => place,
            None => {
                self.named.push(id);
                let place = self.named.len() - 1;
                let members: Vec<String> =
                    members.into_iter().map(|(name, ty)| format!("{name:?}: {}", self.optional(ty.as_ref()))).collect();
                self.written.push(format!("{place}: [{sort:?}, {{ {} }}]", members.join(", ")));
                place
            }
        };
        format!("{place}")
    }
}

/// `area-code` as `areaCode`.
fn camel(name: &str) -> String {
    let mut up = false;
    name.chars().fold(String::new(), |mut camel, letter| {
        match letter {
            '-' => up = true,
            letter if std::mem::take(&mut up) => camel.push(letter.to_ascii_uppercase()),
            letter => camel.push(letter),
        }
        camel
    })
}
