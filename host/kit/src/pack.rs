//! One file that holds an adapter: its manifest, its code, and the digests of all that it was tested with.
//!
//! It is a tar archive of a fixed order without times and owners, so that the same adapter gives the same file everywhere.
//! Its last member is the digest of all before it: what was cut off, damaged or put together by somebody else's program
//! is refused, with what is wrong. That is no signature; who sends a file to whom is not decided here.

use crate::check::Tier;
use crate::folder::Folder;
use sandbox::folder::CODE_FILES;
use sandbox::manifest::Manifest;
use sandbox::trouble::Trouble;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use tar::{Archive, Builder, EntryType, Header};

/// How the file is laid out. A host refuses what it does not know.
const FORMAT: u32 = 1;
/// Read no more than this. A component has 32 MiB at most, and everything else is small.
const BYTES_MAX: u64 = 40 * 1024 * 1024;

const CONTENTS: &str = "pack.toml";
const MANIFEST: &str = "adapter.toml";
const README: &str = "README.md";
const DIGEST: &str = "digest";

/// What a packed adapter says of itself, as `pack.toml` in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    format: u32,
    pub id: String,
    pub version: String,
    pub kind: String,
    /// The version of the interface that it was built against.
    pub wit: String,
    /// What the conformance kit made of it when it was packed.
    pub tier: String,
    /// The digest of each file, by name.
    pub files: BTreeMap<String, String>,
    /// The digest of each cassette that it passed, by name. The cassettes themselves stay with the author.
    pub cassettes: BTreeMap<String, String>,
}

/// An adapter that was packed.
#[derive(Clone, Debug)]
pub struct Pack {
    pub contents: Contents,
    pub manifest: Manifest,
    /// The files of its folder in the order of the archive, `pack.toml` among them.
    pub files: Vec<(String, Vec<u8>)>,
    /// Names the whole file: the same for the same adapter.
    pub digest: String,
}

/// Packs an adapter that keeps its cassettes and reached this tier.
///
/// # Errors
/// When a file of it cannot be read any more.
pub fn pack(folder: &Folder, tier: Tier) -> Result<Vec<u8>, Trouble> {
    let code = Path::new(&folder.code_file).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files = vec![(MANIFEST.to_owned(), read(&folder.path.join(MANIFEST))?), (code, folder.code.clone())];
    let readme = folder.path.join(README);
    if readme.is_file() {
        files.push((README.to_owned(), read(&readme)?));
    }
    let mut cassettes = BTreeMap::new();
    for cassette in &folder.cassettes {
        cassettes.insert(cassette.name.clone(), digest(cassette.text.as_bytes()));
    }
    let manifest = &folder.manifest;
    let contents = Contents {
        format: FORMAT,
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        kind: manifest.kind.to_string(),
        wit: manifest.wit.to_string(),
        tier: tier.word().to_owned(),
        files: files.iter().map(|(name, content)| (name.clone(), digest(content))).collect(),
        cassettes,
    };
    let place = || folder.path.display().to_string();
    let written = toml::to_string(&contents)
        .map_err(|error| Trouble::new(place(), format!("cannot be described: {error}"), "change what it names"))?;
    files.insert(0, (CONTENTS.to_owned(), written.into_bytes()));
    archive(&manifest.id, &files)
        .map_err(|error| Trouble::new(place(), format!("cannot be packed: {error}"), "give its files shorter names"))
}

/// The name of the file for an adapter: `nomorobo-0.1.0.adapter`.
pub fn file_name(manifest: &Manifest) -> String {
    let version: String = manifest
        .version
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-+".contains(c) { c } else { '_' })
        .collect();
    format!("{}-{version}.adapter", manifest.id)
}

fn archive(id: &str, files: &[(String, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (name, content) in files {
        add(&mut archive, id, name, content)?;
    }
    let before = digest(archive.get_ref());
    add(&mut archive, id, DIGEST, before.as_bytes())?;
    archive.into_inner()
}

/// The end of an archive, which holds the digest of all before it.
fn ending(id: &str, digest: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut end = Builder::new(Vec::new());
    add(&mut end, id, DIGEST, digest)?;
    end.into_inner()
}

fn add(archive: &mut Builder<Vec<u8>>, id: &str, name: &str, content: &[u8]) -> std::io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_path(format!("{id}/{name}"))?;
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    header.set_cksum();
    archive.append(&header, content)
}

fn digest(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    std::fs::read(path).map_err(|error| {
        Trouble::new(path.display().to_string(), format!("cannot be read: {error}"), "make it a file you may read")
    })
}

impl Pack {
    /// Reads a packed adapter, and believes nothing in it that does not agree with the rest.
    ///
    /// # Errors
    /// When it is no packed adapter, was damaged, or is made for a newer host.
    pub fn read(path: &Path) -> Result<Pack, Trouble> {
        let reader = Reader { place: path.display().to_string() };
        let size = std::fs::metadata(path).map_err(|error| reader.unreadable(error))?.len();
        if size > BYTES_MAX {
            return Err(reader.foreign(format!("it has {size} bytes, more than any adapter has")));
        }
        reader.pack(&std::fs::read(path).map_err(|error| reader.unreadable(error))?)
    }

    /// The digest of all that its folder would hold, to be compared with what is there.
    pub fn is_in(&self, folder: &Path) -> bool {
        self.files.iter().all(|(name, content)| std::fs::read(folder.join(name)).is_ok_and(|there| there == *content))
    }

    /// Its code, and the name under which errors show it.
    pub fn code(&self) -> (String, Vec<u8>) {
        let code = self.files.iter().find(|(name, _)| CODE_FILES.contains(&name.as_str()));
        let (name, code) = code.cloned().unwrap_or_default();
        (format!("{}/{name}", self.manifest.id), code)
    }
}

/// Tells what is wrong with one file.
struct Reader {
    place: String,
}

/// Files of a pack with their content, in the order in which they lie there.
type Members = Vec<(String, Vec<u8>)>;

impl Reader {
    fn unreadable(&self, error: std::io::Error) -> Trouble {
        Trouble::new(&self.place, format!("cannot be read: {error}"), "name a file made by `smartguard adapter pack`")
    }

    fn foreign(&self, reason: impl Display) -> Trouble {
        let remedy = "name a file made by `smartguard adapter pack <folder>`";
        Trouble::new(&self.place, format!("is no packed adapter: {reason}"), remedy)
    }

    fn damaged(&self, reason: impl Display) -> Trouble {
        Trouble::new(&self.place, format!("is damaged: {reason}"), "fetch it again from where it came from")
    }

    fn pack(&self, bytes: &[u8]) -> Result<Pack, Trouble> {
        let (id, mut files) = self.members(bytes)?;
        let Some((_, written)) = files.pop().filter(|(name, _)| name == DIGEST) else {
            return Err(self.damaged("its end is missing"));
        };
        // The digest is of all before it, so the end is compared with what it must be.
        let end = ending(&id, &written).map_err(|error| self.damaged(error))?;
        let before =
            bytes.strip_suffix(end.as_slice()).ok_or_else(|| self.damaged("it does not end where it should"))?;
        if digest(before).as_bytes() != written {
            return Err(self.damaged("its content does not agree with its digest"));
        }
        let contents = self.contents(&files)?;
        let named: Vec<&String> = contents.files.keys().collect();
        let mut there: Vec<&String> = files.iter().skip(1).map(|(name, _)| name).collect();
        there.sort();
        let mut digests = files.iter().skip(1).map(|(name, content)| (name, digest(content)));
        if named != there || digests.any(|(name, digest)| contents.files[name] != digest) {
            return Err(self.damaged(format!("{CONTENTS} names other files than it holds")));
        }
        // Of two, what was tried here and what a daemon takes could differ.
        if CODE_FILES.iter().filter(|code| contents.files.contains_key(**code)).count() != 1 {
            return Err(self.damaged(format!("it does not hold one of {}", CODE_FILES.join(", "))));
        }
        let manifest = files.iter().find(|(name, _)| name == MANIFEST);
        let manifest = manifest.ok_or_else(|| self.damaged(format!("it holds no {MANIFEST}")))?;
        let text = std::str::from_utf8(&manifest.1).map_err(|_| self.damaged(format!("{MANIFEST} is no text")))?;
        let manifest = Manifest::parse(&format!("{}: {MANIFEST}", self.place), text)?;
        if (&manifest.id, &manifest.version) != (&contents.id, &contents.version) || manifest.id != id {
            return Err(self.damaged(format!("{CONTENTS} and {MANIFEST} name different adapters")));
        }
        Ok(Pack { contents, manifest, files, digest: digest(bytes) })
    }

    /// The members of the archive without their folder, which is the adapter's id.
    fn members(&self, bytes: &[u8]) -> Result<(String, Members), Trouble> {
        let mut archive = Archive::new(bytes);
        let entries = archive.entries().map_err(|error| self.foreign(error))?;
        let (mut id, mut files) = (None, Vec::new());
        for entry in entries {
            let mut entry =
                entry.map_err(|error| if files.is_empty() { self.foreign(error) } else { self.damaged(error) })?;
            let path = entry.path().map_err(|error| self.foreign(error))?.display().to_string();
            let mut known = [CONTENTS, MANIFEST, README, DIGEST].into_iter().chain(CODE_FILES);
            let (folder, name) = path.split_once('/').unwrap_or_default();
            let fits = entry.header().entry_type() == EntryType::Regular
                && known.any(|known| known == name)
                && id.get_or_insert_with(|| folder.to_owned()) == folder
                && !files.iter().any(|(there, _)| there == name);
            if !fits {
                return Err(self.foreign(format!("it holds `{path}`")));
            }
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| self.damaged(error))?;
            if content.len() as u64 != entry.size() {
                return Err(self.damaged(format!("`{path}` is cut off")));
            }
            files.push((name.to_owned(), content));
        }
        id.map(|id| (id, files)).ok_or_else(|| self.foreign("it holds nothing"))
    }

    fn contents(&self, files: &[(String, Vec<u8>)]) -> Result<Contents, Trouble> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Some((_, written)) = files.first().filter(|(name, _)| name == CONTENTS) else {
            return Err(self.foreign(format!("it does not begin with {CONTENTS}")));
        };
        let text = std::str::from_utf8(written).map_err(|_| self.damaged(format!("{CONTENTS} is no text")))?;
        let file = format!("{}: {CONTENTS}", self.place);
        // The format first, because what a later one holds is not known here.
        let found = toml::from_str::<Format>(text).map_err(|error| Trouble::from_toml(&file, text, &error))?.format;
        if found != FORMAT {
            let reason = format!("has format {found}, and this program knows format {FORMAT}");
            return Err(Trouble::new(
                &self.place,
                reason,
                "install it with a newer smartguard, or pack it with this one",
            ));
        }
        toml::from_str(text).map_err(|error| Trouble::from_toml(&file, text, &error))
    }
}

/// Writes a packed adapter, so that nobody ever sees half of it.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(bytes: &[u8], to: &Path) -> Result<(), Trouble> {
    let unfinished = PathBuf::from(format!("{}.part", to.display()));
    let written = std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, to));
    written.map_err(|error| {
        Trouble::new(to.display().to_string(), format!("cannot be written: {error}"), "name another place with --out")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole and well-formed file of these members beside the manifest, as only another program would make it.
    /// It is taken where no reason is named.
    fn check(members: &[(&str, &str)], format: u32, reason: &str) {
        let manifest = include_str!("../../../adapters/nomorobo/adapter.toml");
        let members = [(MANIFEST, manifest)].into_iter().chain(members.iter().copied());
        let mut files: Vec<(String, Vec<u8>)> =
            members.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec())).collect();
        let named = |name: &str| name.to_owned();
        let contents = Contents {
            format,
            id: named("nomorobo"),
            version: named("0.1.0"),
            kind: named("agency"),
            wit: named("0.0.1"),
            tier: named("gold"),
            files: files.iter().map(|(name, content)| (name.clone(), digest(content))).collect(),
            cassettes: BTreeMap::new(),
        };
        let contents = toml::to_string(&contents).expect("it can be written");
        files.insert(0, (named(CONTENTS), contents.into_bytes()));
        let bytes = archive("nomorobo", &files).expect("packed");
        let refused = Reader { place: named("strange.adapter") }.pack(&bytes);
        match (refused, reason) {
            (Ok(_), "") => {}
            (Ok(_), _) => panic!("it is taken, although {reason}"),
            (Err(trouble), _) => assert!(!reason.is_empty() && trouble.reason.contains(reason), "{trouble}"),
        }
    }

    #[test]
    fn what_is_well_formed_must_make_sense_as_well() {
        check(&[("adapter.js", "")], FORMAT, "");
        check(&[], FORMAT, "it does not hold one of");
        check(&[("adapter.js", ""), ("adapter.wasm", "")], FORMAT, "it does not hold one of");
        check(&[("adapter.js", ""), ("notes.txt", "")], FORMAT, "it holds `nomorobo/notes.txt`");
        check(&[("adapter.js", "")], FORMAT + 1, "this program knows format 1");
    }
}
