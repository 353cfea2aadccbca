//! Reading one field of a manifest, with its line for whoever wrote it.

use crate::trouble::{Trouble, line_of};
use std::ops::RangeInclusive;
use toml::Spanned;

/// Checks with the file at hand, so that every refusal names its line.
pub(super) struct Reader<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Reader<'_> {
    pub(super) fn at<T>(&self, spanned: &Spanned<T>) -> String {
        format!("{}:{}", self.file, line_of(self.text, spanned.span().start))
    }

    pub(super) fn bounded(
        &self,
        field: &str,
        written: Option<&Spanned<u64>>,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<u64, Trouble> {
        let Some(written) = written else { return Ok(default) };
        let value = *written.get_ref();
        if bounds.contains(&value) {
            return Ok(value);
        }
        Err(Trouble::new(
            self.at(written),
            format!("`{field}` is {value}"),
            format!("write a value from {} to {} (default {default})", bounds.start(), bounds.end()),
        ))
    }
}
