//! The wrapper around every stored value: `[format u8][revision u64][payload][crc32c u32]`, numbers big-endian.
//!
//! The checksum also covers where the value is kept, so a value that turns up under another key is damage too.

use super::{Entry, Key, Revision, StoreError, Tree};
use bytes::Bytes;

/// The largest stored value, wrapper included. Larger ones would make sled write files that it never syncs.
pub const VALUE_MAX: usize = 4096;
/// What the wrapper adds to a payload.
pub const HEADER_BYTES: usize = 1 + 8 + 4;
/// The largest payload.
pub const PAYLOAD_MAX: usize = VALUE_MAX - HEADER_BYTES;

/// The version of this wrapper.
const FORMAT: u8 = 1;

/// A key as the engines see it: one ordered space in which the tree's number comes first.
pub(super) fn raw_key(tree: u8, key: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(1 + key.len());
    raw.push(tree);
    raw.extend_from_slice(key);
    raw
}

/// The key behind a raw key; `None` for records of the store itself.
pub(super) fn key_of(raw: &[u8]) -> Option<Key> {
    let (number, bytes) = raw.split_first()?;
    let tree = Tree::ALL.into_iter().find(|tree| *tree as u8 == *number)?;
    Some(Key::new(tree, bytes))
}

pub(super) fn seal(raw: &[u8], revision: Revision, payload: &[u8]) -> Bytes {
    let mut stored = Vec::with_capacity(HEADER_BYTES + payload.len());
    stored.push(FORMAT);
    stored.extend_from_slice(&revision.0.to_be_bytes());
    stored.extend_from_slice(payload);
    let sum = checksum(raw, &stored);
    stored.extend_from_slice(&sum.to_be_bytes());
    stored.into()
}

pub(super) fn open(raw: &[u8], stored: &Bytes) -> Result<Entry, StoreError> {
    let bad = |why| StoreError::BadValue { key: named(raw), why };
    if stored.len() < HEADER_BYTES {
        return Err(bad("it is too short"));
    }
    let (body, sum) = stored.split_at(stored.len() - 4);
    if checksum(raw, body).to_be_bytes() != *sum {
        return Err(bad("its checksum does not match"));
    }
    if body[0] != FORMAT {
        return Err(bad("its format is not known to this version"));
    }
    let mut revision = [0; 8];
    revision.copy_from_slice(&body[1..9]);
    Ok(Entry { revision: Revision(u64::from_be_bytes(revision)), value: stored.slice(9..stored.len() - 4) })
}

/// The key to name in a message. Records of the store itself are shown among `meta`.
fn named(raw: &[u8]) -> Key {
    key_of(raw).unwrap_or_else(|| Key::new(Tree::Meta, raw.get(1..).unwrap_or_default()))
}

fn checksum(raw: &[u8], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(raw), body)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Lower-case or upper-case digits back to bytes.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
