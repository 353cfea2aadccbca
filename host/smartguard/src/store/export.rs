//! The whole store as one plain file, and back: the backup, and the way from one engine or version to another.
//!
//! A file is lines of JSON: a header with the format, one line a record, the files the store holds in pieces, and a
//! trailer with the count and the BLAKE3 hash of all lines before it. Records are copied as they are; what their
//! payloads mean is not looked at. An export taken while commits go on is no snapshot, and its trailer says so by a
//! last commit that lies beyond the header's; whoever exports under way sees to it that records which belong together
//! do not change while they are written (see [`Exporter::trees`]). Revisions are written for people to see; an import
//! gives new ones.

use super::plan::IMPORT_UNFINISHED;
use super::{
    BlobId, CommitError, KEY_MAX, Key, OPS_MAX, Op, PAYLOAD_MAX, SCAN_MAX, Store, StoreError, Tree, after, blobs,
    envelope,
};
use bytes::Bytes;
use numbers::Moment;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The version of the file's form.
const FORMAT: u32 = 1;
/// How much of a blob one line holds, so that no line is long.
const PIECE_BYTES: usize = 32 * 1024;
/// A line longer than this is not ours: a piece in hexadecimal digits and the words around it.
const LINE_MAX: u64 = 4 * PIECE_BYTES as u64;
/// How many bytes of records one commit of an import holds, below the bound on a commit.
const IMPORT_BYTES: usize = 128 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Header {
        product: String,
        format: u32,
        commit: u64,
        /// The store was left by a crash, and nobody has looked since at what that may have lost.
        #[serde(default)]
        crashed: bool,
    },
    Record {
        tree: String,
        key: String,
        revision: u64,
        payload: String,
    },
    Piece {
        blob: String,
        last: bool,
        content: String,
    },
    Trailer {
        records: u64,
        blobs: u64,
        commit: u64,
        blake3: String,
    },
}

/// What an export or import has done so far, or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub records: u64,
    pub blobs: u64,
    /// The last commit before the export began, and when it ended. They differ when it is no snapshot.
    pub commit_begun: u64,
    pub commit_ended: u64,
    /// The store was left by a crash when it was exported; what is imported has to be opened as such a store is.
    pub crashed: bool,
}

/// Why an export or import was not done.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the export could not be written; look at the free space and the rights of its folder")]
    Write(#[source] io::Error),
    #[error("the export could not be read")]
    Read(#[source] io::Error),
    #[error("line {line} of the export is not right ({why}); take an older export, nothing was imported")]
    Line { line: u64, why: &'static str },
    #[error("the store is not empty; import into a new folder")]
    NotEmpty,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the import stopped half-way; remove the store's folder and import again")]
    Commit(#[from] CommitError),
}

/// Writes everything the store holds. `progress` is told after every page.
pub async fn export(
    store: &dyn Store,
    out: &mut (dyn Write + Send),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Progress, ExportError> {
    let mut exporter = Exporter::begin(store, out, false)?;
    exporter.trees(&Tree::ALL, progress).await?;
    exporter.finish(progress).await
}

/// An export that is written step by step.
pub struct Exporter<'a> {
    store: &'a dyn Store,
    lines: Lines<'a>,
    done: Progress,
}

impl<'a> Exporter<'a> {
    /// Writes the header. `crashed` says that the store was left by a crash and not opened by a daemon since.
    pub fn begin(
        store: &'a dyn Store,
        out: &'a mut (dyn Write + Send),
        crashed: bool,
    ) -> Result<Exporter<'a>, ExportError> {
        let mut lines = Lines { out, hasher: blake3::Hasher::new() };
        let commit = store.committed().0;
        lines.write(&Line::Header { product: "smartguard".into(), format: FORMAT, commit, crashed })?;
        Ok(Exporter { store, lines, done: Progress { commit_begun: commit, crashed, ..Progress::default() } })
    }

    /// Writes these trees. Each is to be written once; between two calls the caller may let commits go on.
    pub async fn trees(
        &mut self,
        trees: &[Tree],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), ExportError> {
        for tree in trees {
            let mut from = Vec::new();
            loop {
                let page = self.store.scan(*tree, &from, None, SCAN_MAX).await?;
                let Some((last, ..)) = page.last() else { break };
                from = after(last);
                for (key, revision, payload) in page {
                    let (key, payload) = (envelope::hex(&key), envelope::hex(&payload));
                    let tree = tree.name().into();
                    self.lines.write(&Line::Record { tree, key, revision: revision.0, payload })?;
                    self.done.records += 1;
                }
                progress(self.done);
            }
        }
        Ok(())
    }

    /// Writes the files and the trailer. A file is there before a record names it, so these come last.
    pub async fn finish(mut self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Progress, ExportError> {
        let mut beyond = None;
        loop {
            let page = self.store.blobs(beyond, SCAN_MAX).await?;
            let Some(last) = page.last() else { break };
            beyond = Some(*last);
            for id in page {
                let Some(content) = self.store.get_blob(id).await? else { continue };
                let mut pieces: VecDeque<&[u8]> = content.chunks(PIECE_BYTES).collect();
                if pieces.is_empty() {
                    pieces.push_back(&[]);
                }
                while let Some(piece) = pieces.pop_front() {
                    let (blob, last) = (id.to_string(), pieces.is_empty());
                    self.lines.write(&Line::Piece { blob, last, content: envelope::hex(piece) })?;
                }
                self.done.blobs += 1;
                progress(self.done);
            }
        }
        let Exporter { store, mut lines, mut done } = self;
        done.commit_ended = store.committed().0;
        let blake3 = lines.hasher.finalize().to_hex().to_string();
        let trailer = Line::Trailer { records: done.records, blobs: done.blobs, commit: done.commit_ended, blake3 };
        lines.write(&trailer)?;
        lines.out.flush().map_err(ExportError::Write)?;
        Ok(done)
    }
}

struct Lines<'a> {
    out: &'a mut (dyn Write + Send),
    hasher: blake3::Hasher,
}

impl Lines<'_> {
    fn write(&mut self, line: &Line) -> Result<(), ExportError> {
        let mut text = serde_json::to_vec(line).map_err(|error| ExportError::Write(error.into()))?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.out.write_all(&text).map_err(ExportError::Write)
    }
}

/// Where an export is read from; it is read twice.
pub trait Source: BufRead + Seek + Send {}
impl<T: BufRead + Seek + Send> Source for T {}

/// Fills an empty store. The whole file is verified first, so a file that is not whole changes nothing; and a store
/// whose filling was cut short refuses to open.
pub async fn import(
    store: &dyn Store,
    source: &mut dyn Source,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Progress, ExportError> {
    for tree in Tree::ALL {
        if !store.scan(tree, &[], None, 1).await?.is_empty() {
            return Err(ExportError::NotEmpty);
        }
    }
    let expected = verify(source)?;

    let mark = Key::new(Tree::Meta, IMPORT_UNFINISHED);
    store.commit(vec![Op::put(mark.clone(), Bytes::new())]).await?;
    source.seek(SeekFrom::Start(0)).map_err(ExportError::Read)?;
    let mut reader = Reader::new(source);
    let mut done = Progress { records: 0, blobs: 0, ..expected };
    let (mut ops, mut bytes, mut blob) = (Vec::new(), 0, Vec::new());
    while let Some(line) = reader.next()? {
        match reader.understand(line)? {
            Understood::Record(key, payload) => {
                bytes += key.bytes.len() + payload.len();
                ops.push(Op::put(key, payload));
                if ops.len() == OPS_MAX || bytes > IMPORT_BYTES {
                    done.records += ops.len() as u64;
                    store.commit(std::mem::take(&mut ops)).await?;
                    bytes = 0;
                    progress(done);
                }
            }
            Understood::Piece(_, content, last) => {
                blob.extend(content);
                if last {
                    store.put_blob(std::mem::take(&mut blob).into()).await?;
                    done.blobs += 1;
                    progress(done);
                }
            }
            Understood::Header { .. } | Understood::Trailer { .. } => {}
        }
    }
    done.records += ops.len() as u64;
    store.commit(ops).await?;
    store.commit(vec![Op::Delete { key: mark }]).await?;
    progress(done);
    Ok(done)
}

/// Reads a whole export and says what it holds, or which line is not right. Changes nothing.
pub fn verify(source: &mut dyn Source) -> Result<Progress, ExportError> {
    source.seek(SeekFrom::Start(0)).map_err(ExportError::Read)?;
    let mut reader = Reader::new(source);
    let (mut done, mut header, mut trailer) = (Progress::default(), false, false);
    let mut blob: Option<(BlobId, blake3::Hasher, usize)> = None;
    while let Some(line) = reader.next()? {
        if trailer {
            return Err(reader.wrong("something follows the trailer"));
        }
        let hash_before = reader.hash_before;
        match reader.understand(line)? {
            Understood::Header { commit, crashed } if !header => {
                (header, done.commit_begun, done.crashed) = (true, commit, crashed);
            }
            _ if !header => return Err(reader.wrong("the header is missing")),
            Understood::Header { .. } => return Err(reader.wrong("it is a second header")),
            Understood::Record(..) => done.records += 1,
            Understood::Piece(id, content, last) => {
                let (begun, mut hasher, size) = blob.take().unwrap_or((id, blake3::Hasher::new(), 0));
                hasher.update(&content);
                let size = size + content.len();
                if begun != id || size > super::BLOB_MAX {
                    return Err(reader.wrong("the pieces of a file do not fit together"));
                }
                match last {
                    true if *hasher.finalize().as_bytes() != id.0 => {
                        return Err(reader.wrong("the content of a file does not match its name"));
                    }
                    true => done.blobs += 1,
                    false => blob = Some((begun, hasher, size)),
                }
            }
            Understood::Trailer { records, blobs, commit, hash } => {
                if (records, blobs) != (done.records, done.blobs) || blob.is_some() {
                    return Err(reader.wrong("the trailer counts other lines than there are"));
                }
                if hash != hash_before.to_hex().as_str() {
                    return Err(reader.wrong("the lines before the trailer were changed"));
                }
                (trailer, done.commit_ended) = (true, commit);
            }
        }
    }
    match trailer {
        true => Ok(done),
        false => Err(reader.wrong("the trailer is missing, so the end of the file is lost")),
    }
}

/// A line whose texts were turned into what they stand for.
enum Understood {
    Header { commit: u64, crashed: bool },
    Record(Key, Vec<u8>),
    Piece(BlobId, Vec<u8>, bool),
    Trailer { records: u64, blobs: u64, commit: u64, hash: String },
}

struct Reader<'a> {
    source: &'a mut dyn Source,
    hasher: blake3::Hasher,
    /// The hash of all lines before the one that was read last.
    hash_before: blake3::Hash,
    line: u64,
}

impl<'a> Reader<'a> {
    fn new(source: &'a mut dyn Source) -> Self {
        let hasher = blake3::Hasher::new();
        Reader { source, hash_before: hasher.finalize(), hasher, line: 0 }
    }

    fn next(&mut self) -> Result<Option<Line>, ExportError> {
        let mut text = Vec::new();
        let mut bounded = Read::take(&mut *self.source, LINE_MAX);
        bounded.read_until(b'\n', &mut text).map_err(ExportError::Read)?;
        if text.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        // Hashing is cheap, but only a trailer needs the sum so far.
        if text.starts_with(br#"{"line":"trailer""#) {
            self.hash_before = self.hasher.finalize();
        }
        self.hasher.update(&text);
        serde_json::from_slice(&text).map(Some).map_err(|_| self.wrong("it cannot be read"))
    }

    fn understand(&self, line: Line) -> Result<Understood, ExportError> {
        let bytes = |text: &str| envelope::unhex(text).ok_or_else(|| self.wrong("its digits cannot be read"));
        match line {
            Line::Header { format, commit, crashed, .. } if format == FORMAT => {
                Ok(Understood::Header { commit, crashed })
            }
            Line::Header { .. } => Err(self.wrong("its format is not known to this version")),
            Line::Record { tree, key, payload, .. } => {
                let tree = Tree::named(&tree).ok_or_else(|| self.wrong("its tree is not known to this version"))?;
                let (key, payload) = (bytes(&key)?, bytes(&payload)?);
                if key.len() > KEY_MAX || payload.len() > PAYLOAD_MAX {
                    return Err(self.wrong("it is longer than the store takes"));
                }
                Ok(Understood::Record(Key::new(tree, key), payload))
            }
            Line::Piece { blob, last, content } => {
                let id = BlobId::parse(&blob).ok_or_else(|| self.wrong("the name of its file cannot be read"))?;
                Ok(Understood::Piece(id, bytes(&content)?, last))
            }
            Line::Trailer { records, blobs, commit, blake3 } => {
                Ok(Understood::Trailer { records, blobs, commit, hash: blake3 })
            }
        }
    }

    fn wrong(&self, why: &'static str) -> ExportError {
        ExportError::Line { line: self.line, why }
    }
}

/// What the names of scheduled exports begin and end with.
const NAME: (&str, &str) = ("export-", ".ndjson");

/// The place of an export that is made at `now` in a folder of scheduled exports.
pub fn place_in(folder: &Path, now: Moment) -> PathBuf {
    // Milliseconds in a fixed width, so that the order of names is the order of time.
    folder.join(format!("{}{:015}{}", NAME.0, now.0, NAME.1))
}

/// When a scheduled export was made, as its name says.
pub fn made_at(export: &Path) -> Option<Moment> {
    let name = export.file_name()?.to_str()?;
    name.strip_prefix(NAME.0)?.strip_suffix(NAME.1)?.parse().ok().map(Moment)
}

/// Writes an export to its place, whole or not at all. `write` writes it; a file that is there already is replaced.
pub async fn write_to<F>(place: &Path, write: F) -> Result<Progress, ExportError>
where
    F: AsyncFnOnce(&mut (dyn Write + Send)) -> Result<Progress, ExportError>,
{
    let place = &std::path::absolute(place).map_err(ExportError::Write)?;
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(ExportError::Write)?;
    }
    let part = place.with_extension("part");
    let written = async {
        let mut out = BufWriter::new(File::create(&part).map_err(ExportError::Write)?);
        let done = write(&mut out).await?;
        let file = out.into_inner().map_err(|error| ExportError::Write(error.into_error()))?;
        blobs::settle(&file, &part, place).map_err(ExportError::Write)?;
        Ok(done)
    };
    let written = written.await;
    if written.is_err() {
        // What is left of it is of no use; that it could not be removed would hide the real reason.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Removes all but the newest `keep` exports of a folder, and at least keeps one.
pub fn keep_newest(folder: &Path, keep: usize) -> Result<(), ExportError> {
    let mut kept = exports(folder).map_err(ExportError::Write)?;
    let surplus = kept.len().saturating_sub(keep.max(1));
    for old in kept.drain(..surplus) {
        fs::remove_file(old).map_err(ExportError::Write)?;
    }
    Ok(())
}

/// The exports in a folder, the oldest first; a restore takes the last that verifies.
pub fn exports(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(NAME.0) && name.ends_with(NAME.1)) {
            found.push(file.path());
        }
    }
    found.sort();
    Ok(found)
}
