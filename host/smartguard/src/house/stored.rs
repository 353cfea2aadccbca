//! Reading many records of the store, one page after the other.

use super::do_not_call::PieceError;
use crate::store::{BlobId, Key, Store, StoreError, Tree, after};

const PAGE: usize = 1_024;

/// Why what is stored cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    #[error("the store could not be read")]
    Store(#[from] StoreError),
    #[error("the record {key} does not fit this version; restore the last export, or run the version that wrote it")]
    Format { key: Key, source: postcard::Error },
    #[error("the file {id} of the do-not-call list {list} is not there; restore the last export")]
    NoPiece { list: String, id: BlobId },
    #[error("the file {id} of the do-not-call list {list} does not fit this version; restore the last export")]
    BadPiece { list: String, id: BlobId, source: PieceError },
}

/// All records of a tree from one key on, up to but without another.
pub async fn pages(
    store: &dyn Store,
    tree: Tree,
    from: &[u8],
    to: Option<&[u8]>,
) -> Result<Vec<(Vec<u8>, bytes::Bytes)>, StoredError> {
    let mut found = Vec::new();
    let mut from = from.to_vec();
    loop {
        let page = store.scan(tree, &from, to, PAGE).await?;
        let Some((last, _, _)) = page.last() else { return Ok(found) };
        from = after(last);
        found.extend(page.into_iter().map(|(key, _, value)| (key, value)));
    }
}
