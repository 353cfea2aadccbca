//! In which form everything is stored, as the store itself says.
//!
//! A version reads its own format alone. Data of another one is left as it is, and whoever starts on it is told what to do.

use crate::store::{CommitError, Key, Op, Store, StoreError, Tree};

/// It rises when any record is written otherwise than before; `golden.rs` sees to it that this is not forgotten.
pub const FORMAT: u32 = 5;
/// Where a store says its format, in four bytes, among the single records.
pub const FORMAT_NAME: &[u8] = b"format";

/// Why what is stored is not used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("the data is in format {found}, and this version knows format {FORMAT} alone; {}", remedy(*found))]
    Other { found: u32 },
    #[error("the format of the data could not be read")]
    Read(#[from] StoreError),
    #[error("the format could not be noted in the store")]
    Note(#[from] CommitError),
}

fn remedy(found: u32) -> &'static str {
    if found > FORMAT {
        "run the newer version that wrote it, or import an export that this version made"
    } else {
        "run the older version that wrote it, for this one has no way to bring its data over"
    }
}

/// Sees that what is stored is in the format that this version knows. An empty store is given it.
///
/// # Errors
/// It is in another, which is 0 where it says none, or cannot be read or written.
pub async fn check(store: &dyn Store) -> Result<(), FormatError> {
    let key = Key::new(Tree::Meta, FORMAT_NAME);
    if let Some(entry) = store.get(&key).await? {
        let found = entry.value.as_ref().try_into().map_or(0, u32::from_be_bytes);
        return if found == FORMAT { Ok(()) } else { Err(FormatError::Other { found }) };
    }
    // A store of before there were formats holds the mark of its key at least.
    if !store.scan(Tree::Meta, &[], None, 1).await?.is_empty() {
        return Err(FormatError::Other { found: 0 });
    }
    store.commit(vec![Op::put(key, FORMAT.to_be_bytes().to_vec())]).await?;
    Ok(())
}
