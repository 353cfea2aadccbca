//! One published file as we keep it: how often each number stands in it, sorted, with a checksum.
//!
//! Owns the reading of the published text and the form on disk.
//! A file on disk is written whole beside its place and moved there, so it is either absent or complete.

use crate::manifest::{DatasetAsk, Encoding};
use numbers::E164;
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

/// What one file said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayIndex {
    pub day: u32,
    /// Rows that held a number.
    pub rows: u32,
    /// Rows that did not, or whose columns were shifted.
    pub skipped: u32,
    /// Digits of a number and how many rows it has; ascending.
    pub counts: Vec<(u64, u32)>,
}

const MAGIC: &[u8; 8] = b"SGDAY\0\0\x01";
const HEAD_BYTES: usize = 8 + 4 * 4;
const ENTRY_BYTES: usize = 8 + 4;
const CHECKSUM_BYTES: usize = 32;

impl DayIndex {
    /// Reads a published file.
    ///
    /// # Errors
    /// When it is no such file, in words; the site then has answered with something else.
    pub fn from_published(ask: &DatasetAsk, day: u32, body: &[u8]) -> Result<DayIndex, String> {
        let text: Cow<'_, str> = match ask.encoding {
            Encoding::Utf8 => String::from_utf8_lossy(body),
            Encoding::Cp1252 => encoding_rs::WINDOWS_1252.decode(body).0,
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if !text.starts_with(&ask.must_begin_with) {
            return Err(format!("it does not begin with `{}`", ask.must_begin_with));
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| format!("its first line is no CSV: {error}"))?;
        let (width, wanted) = (headers.len(), ask.key_column.trim());
        let column = headers
            .iter()
            .position(|header| header.trim().eq_ignore_ascii_case(wanted))
            .ok_or_else(|| format!("it has no column `{wanted}`"))?;
        let mut keys = Vec::new();
        let mut skipped = 0;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| format!("it breaks off: {error}"))? {
            match record.get(column).filter(|_| record.len() == width).and_then(number) {
                Some(number) => keys.push(number.digits()),
                None => skipped += 1,
            }
        }
        Ok(DayIndex::counted(day, keys, skipped))
    }

    /// A day from the keys of its rows, as they were told.
    pub fn from_keys(day: u32, told: Vec<String>) -> DayIndex {
        let keys: Vec<u64> = told.iter().filter_map(|key| number(key)).map(E164::digits).collect();
        let skipped = (told.len() - keys.len()) as u32;
        DayIndex::counted(day, keys, skipped)
    }

    fn counted(day: u32, mut keys: Vec<u64>, skipped: u32) -> DayIndex {
        let rows = keys.len() as u32;
        keys.sort_unstable();
        let mut counts: Vec<(u64, u32)> = Vec::new();
        for key in keys {
            match counts.last_mut() {
                Some((last, count)) if *last == key => *count += 1,
                _ => counts.push((key, 1)),
            }
        }
        DayIndex { day, rows, skipped, counts }
    }

    /// Writes it so that a stop at any moment leaves either nothing or the whole.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.counts.len() * ENTRY_BYTES + CHECKSUM_BYTES);
        bytes.extend_from_slice(MAGIC);
        for value in [self.day, self.rows, self.skipped, self.counts.len() as u32] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        for (key, count) in &self.counts {
            bytes.extend_from_slice(&key.to_le_bytes());
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes.extend_from_slice(blake3::hash(&bytes).as_bytes());
        let beside = path.with_extension("part");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    }

    /// Reads what [`DayIndex::write`] wrote; none when it is damaged or of another form.
    pub fn read(bytes: &[u8]) -> Option<DayIndex> {
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
        if blake3::hash(content).as_bytes() != checksum {
            return None;
        }
        let (head, entries) = content.split_at_checked(HEAD_BYTES)?;
        let (magic, head) = head.split_at_checked(MAGIC.len())?;
        let mut fields = head.chunks_exact(4).filter_map(u32_of);
        let (day, rows, skipped, length) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        if magic != MAGIC || entries.len() != length as usize * ENTRY_BYTES {
            return None;
        }
        let counts = entries
            .chunks_exact(ENTRY_BYTES)
            .map(|entry| Some((u64::from_le_bytes(entry[..8].try_into().ok()?), u32_of(&entry[8..])?)))
            .collect::<Option<Vec<_>>>()?;
        Some(DayIndex { day, rows, skipped, counts })
    }
}

fn u32_of(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_le_bytes)
}

/// A number without a plus sign must be North American: a date in a shifted column would otherwise pass for a foreign number.
fn number(text: &str) -> Option<E164> {
    let text = text.trim();
    E164::parse(text).ok().filter(|number| number.is_nanp() || text.starts_with('+'))
}
