//! Settings from `[config]` of the manifest, as the operator's configuration overrides them.

use crate::bindings::agency::smartguard::adapter::config;
use crate::bindings::agency::smartguard::adapter::types::Error;
use std::ops::RangeInclusive;

/// A whole number between these two.
///
/// # Errors
/// `internal` with what to write, when the setting is missing or something else.
pub fn setting(key: &str, range: RangeInclusive<u64>) -> Result<u64, Error> {
    read(key, config::get(key).as_deref(), &range)
}

fn read(key: &str, text: Option<&str>, range: &RangeInclusive<u64>) -> Result<u64, Error> {
    let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).filter(|value| range.contains(value)).ok_or_else(|| {
        let shown = text.map_or_else(|| "missing".to_owned(), |text| format!("{text:?}"));
        let (least, most) = (range.start(), range.end());
        Error::Internal(format!("setting `{key}` is {shown}; write a whole number from {least} to {most}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_number_in_range_is_taken() {
        assert_eq!(read("from", Some("80"), &(0..=100)), Ok(80));
        for (text, shown) in [
            (None, "missing"),
            (Some("high"), "\"high\""),
            (Some("101"), "\"101\""),
            (Some("+5"), "\"+5\""),
            (Some(""), "\"\""),
        ] {
            let expected = format!("setting `from` is {shown}; write a whole number from 0 to 100");
            assert_eq!(read("from", text, &(0..=100)), Err(Error::Internal(expected)));
        }
    }
}
