//! Reads CSV with a header line into records.

use crate::failure::Failure;
use serde::de::DeserializeOwned;

/// The records of a text, in its order. A field that the record does not name is left out.
///
/// # Errors
/// `protocol` with the line that does not fit.
pub fn records<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Failure> {
    // A mark at the beginning, as spreadsheets write it, belongs to no column's name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|record| record.map_err(|error| Failure::protocol(format!("the file does not fit: {error}"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        number: String,
        complaints: u32,
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let text = "\u{feff}complaints,\"number\",note\r\n3, 2025550143,\"a, b\"\r\n";
        assert_eq!(records(text), Ok(vec![Row { number: "2025550143".to_owned(), complaints: 3 }]));
        assert_eq!(records::<Row>("number,complaints\n"), Ok(Vec::new()));
    }

    #[test]
    fn the_line_that_does_not_fit_is_named() {
        let refused = records::<Row>("number,complaints\n2025550143,3\n2025550144,many\n").expect_err("no number");
        assert!(format!("{refused}").contains("line: 3"), "{refused}");
        records::<Row>("number\n2025550143\n").expect_err("a column is missing");
    }
}
