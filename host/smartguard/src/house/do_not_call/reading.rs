//! Reads a do-not-call list as it comes in: a stream of text, of any length, in bounded memory beside the set itself.
//!
//! A line holds one number, or an area code and seven digits as the national registry's files do, or fields of which the
//! header names one. A line that cannot be read loses no other; it is counted, and the first of them are kept with their
//! numbers and reasons. It knows no store and no list: what is done with the set is the business of [`super::Lists`].

use super::set::NumberSet;
use numbers::E164;
use std::borrow::Cow;

/// A line that is longer holds no number. Guessed: a spreadsheet of leads has a few hundred bytes a row.
const LINE_BYTES_MAX: usize = 4096;
/// Lines that could not be read and are named one by one.
pub const BAD_LINES_KEPT: usize = 100;
/// What a column of numbers is called where nobody says its name.
const COLUMNS: [&str; 6] = ["number", "phone", "phone_number", "phone number", "phonenumber", "telephone"];

/// A text on its way in.
pub struct Reading {
    column: Column,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// The line that has begun is longer than any is.
    too_long: bool,
    read: Read,
}

/// What a text held.
#[derive(Debug, Default)]
pub struct Read {
    pub set: NumberSet,
    /// Lines that say something: empty lines, comments and the header are none.
    pub lines: u64,
    /// Numbers that came more than once.
    pub twice: u64,
    pub bad: u64,
    /// The first of them, with why.
    pub bad_lines: Vec<(u64, String)>,
    line: u64,
}

/// Where the number of a line is.
enum Column {
    /// The first line that says something tells.
    Unknown { wanted: Option<String> },
    /// Of a line with this many separators before it.
    Field(usize),
    /// The line is a number, or an area code and a number.
    Line,
}

/// The text is none of a list, so nothing more of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoColumn {
    pub line: u64,
    pub wanted: Option<String>,
    pub header: String,
}

impl Reading {
    /// `column` is the name of the column that holds the numbers; without it the text tells.
    pub fn new(column: Option<String>) -> Reading {
        let column = Column::Unknown { wanted: column };
        Reading { column, begun: Vec::new(), too_long: false, read: Read::default() }
    }

    /// Takes the next bytes, wherever they are cut.
    ///
    /// # Errors
    /// The header has no column of numbers.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), NoColumn> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if self.begun.is_empty() && !self.too_long && line.len() <= LINE_BYTES_MAX {
                self.line(line)?;
            } else {
                self.begin(line);
                self.end_line()?;
            }
            rest = after;
        }
        self.begin(rest);
        Ok(())
    }

    /// The text is at its end.
    ///
    /// # Errors
    /// As [`Reading::take`].
    pub fn end(mut self) -> Result<Read, NoColumn> {
        if self.too_long || !self.begun.is_empty() {
            self.end_line()?;
        }
        Ok(self.read)
    }

    fn begin(&mut self, piece: &[u8]) {
        self.too_long |= self.begun.len() + piece.len() > LINE_BYTES_MAX;
        if !self.too_long {
            self.begun.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) -> Result<(), NoColumn> {
        let line = std::mem::take(&mut self.begun);
        if std::mem::take(&mut self.too_long) {
            self.read.line += 1;
            self.read.lines += 1;
            self.read.bad(format!("it is longer than {LINE_BYTES_MAX} bytes"));
            return Ok(());
        }
        self.line(&line)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), NoColumn> {
        self.read.line += 1;
        if let (Column::Line, Some(number)) = (&self.column, of_the_registry(line)) {
            self.read.lines += 1;
            self.read.good(number);
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(line) else {
            self.read.lines += 1;
            self.read.bad("it is no text in UTF-8".to_owned());
            return Ok(());
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        if let Column::Unknown { wanted } = &self.column {
            let (column, is_header) = column_of(text, wanted.as_deref()).ok_or_else(|| NoColumn {
                line: self.read.line,
                wanted: wanted.clone(),
                header: text.chars().take(200).collect(),
            })?;
            self.column = column;
            if is_header {
                return Ok(());
            }
        }
        self.read.lines += 1;
        match number(text, &self.column) {
            Ok(number) => self.read.good(number),
            Err(why) => self.read.bad(why),
        }
        Ok(())
    }
}

impl Read {
    fn good(&mut self, number: E164) {
        if !self.set.insert(number) {
            self.twice += 1;
        }
    }

    fn bad(&mut self, why: String) {
        self.bad += 1;
        if self.bad_lines.len() < BAD_LINES_KEPT {
            self.bad_lines.push((self.line, why));
        }
    }
}

/// `212,5550143`, read without more ado: a national list has a quarter of a billion such lines.
fn of_the_registry(line: &[u8]) -> Option<E164> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let [area @ .., b',', _, _, _, _, _, _, _] = line else { return None };
    let digits = area.iter().chain(&line[line.len() - 7..]);
    let is_one = area.len() == 3 && digits.clone().all(u8::is_ascii_digit);
    let figure = digits.fold(1, |figure, digit| figure * 10 + u64::from(digit.wrapping_sub(b'0')));
    is_one.then_some(figure).and_then(E164::from_digits)
}

/// Where the numbers are, by the first line that says something, and whether that is a header. None where it is one without
/// such a column.
fn column_of(text: &str, wanted: Option<&str>) -> Option<(Column, bool)> {
    let names: Vec<String> = fields(text).map(|name| name.trim().to_lowercase()).collect();
    let named = |wanted: &str| names.iter().position(|name| *name == wanted.trim().to_lowercase());
    if let Some(wanted) = wanted {
        return named(wanted).map(|place| (Column::Field(place), true));
    }
    if text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Some((Column::Line, false));
    }
    let of_the_registry = names.len() == 2 && names[0].starts_with("area");
    if names.len() == 1 || of_the_registry {
        return Some((Column::Line, true));
    }
    COLUMNS.iter().find_map(|name| named(name)).map(|place| (Column::Field(place), true))
}

fn number(text: &str, column: &Column) -> Result<E164, String> {
    let parsed = |said: &str| E164::parse(said).map_err(|error| format!("{:?}: {error}", shortened(said)));
    match column {
        Column::Field(place) => match fields(text).nth(*place) {
            Some(said) => parsed(&said),
            None => Err(format!("it has no field {}", place + 1)),
        },
        Column::Line | Column::Unknown { .. } => {
            let said: Vec<Cow<'_, str>> = fields(text).collect();
            match said.as_slice() {
                [number] => parsed(number),
                [area, number] if area.trim().len() == 3 => parsed(&format!("{}{number}", area.trim())),
                [area, number] => Err(format!("{area:?} and {number:?} are no area code and number")),
                fields => Err(format!("it has {} fields, and nobody says in which the number is", fields.len())),
            }
        }
    }
}

/// The fields of a line, with their quotation marks taken off. A field that goes over several lines is none of a list.
fn fields(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let separator = if text.contains('\t') && !text.contains(',') { '\t' } else { ',' };
        let (mut quoted, mut end) = (false, text.len());
        for (at, c) in text.char_indices() {
            match c {
                '"' => quoted = !quoted,
                c if c == separator && !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let field = &text[..end];
        rest = text.get(end + 1..);
        Some(match field.contains('"') {
            true => Cow::Owned(field.trim().trim_matches('"').replace("\"\"", "\"")),
            false => Cow::Borrowed(field),
        })
    })
}

fn shortened(said: &str) -> String {
    said.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], column: Option<&str>, step: usize) -> Result<Read, NoColumn> {
        let mut reading = Reading::new(column.map(str::to_owned));
        for piece in text.chunks(step) {
            reading.take(piece)?;
        }
        reading.end()
    }

    /// Reads the text cut in every way, and checks the numbers, those that came twice, and the bad lines.
    #[track_caller]
    fn check(text: &str, column: Option<&str>, numbers: &[&str], twice: u64, bad: &[(u64, &str)]) {
        for step in [1, 2, 3, 7, 16, text.len().max(1)] {
            let read = read(text.as_bytes(), column, step).expect("a column");
            for number in numbers {
                assert!(read.set.contains(E164::parse(number).expect("a number")), "{number} of {}", shortened(text));
            }
            assert_eq!(
                (read.set.len(), read.twice),
                (numbers.len() as u64, twice),
                "{} cut at {step}",
                shortened(text)
            );
            assert_eq!(read.lines, read.set.len() + read.twice + read.bad, "{}", shortened(text));
            let said: Vec<(u64, String)> = read.bad_lines;
            let as_expected = said.len() == bad.len()
                && said.iter().zip(bad).all(|((line, why), (at, part))| line == at && why.contains(part));
            assert!(as_expected, "{} cut at {step}: {said:?}", shortened(text));
        }
    }

    #[test]
    fn one_number_a_line() {
        check(
            "+12125550100\n13125550101\n(305) 555-0102",
            None,
            &["+12125550100", "+13125550101", "+13055550102"],
            0,
            &[],
        );
        check("number\r\n\"2125550100\"\r\n\r\n# ours\r\n2125550100\r\n", None, &["+12125550100"], 1, &[]);
        check("\u{feff}+447700900123\n", None, &["+447700900123"], 0, &[]);
        check(
            "2125550100\nnobody\n0125550100\n3055550102",
            None,
            &["+12125550100", "+13055550102"],
            0,
            &[(2, "nobody"), (3, "012")],
        );
        check("", None, &[], 0, &[]);
    }

    #[test]
    fn as_the_national_registry_writes_it() {
        check("212,5550100\n305,5550102\r\n305,5550102\n", None, &["+12125550100", "+13055550102"], 1, &[]);
        check("Area Code,Number\n212,555-0100\n", None, &["+12125550100"], 0, &[]);
        check(
            "212,5550100\n112,5550100\n212,1550100\n21,25550100\n",
            None,
            &["+12125550100"],
            0,
            &[(2, "112"), (3, "155"), (4, "no area code")],
        );
    }

    #[test]
    fn a_column_of_a_table() {
        let table = "name,Phone,city\n\"Smith, Ann\",212-555-0100,\"New \"\"York\"\"\"\nBob,,Dayton\nEve\n";
        check(table, None, &["+12125550100"], 0, &[(3, "empty"), (4, "no field 2")]);
        check(table, Some("phone"), &["+12125550100"], 0, &[(3, "empty"), (4, "no field 2")]);
        check("a\tphone\nx\t2125550100\n", Some("PHONE"), &["+12125550100"], 0, &[]);
        // Without a header nobody knows.
        check("1,2125550100,x\n", None, &[], 0, &[(1, "3 fields")]);
    }

    #[test]
    fn a_header_without_numbers_is_no_list() {
        let said = read(b"\nname,city\nAnn,Dayton\n", None, 5).expect_err("no column");
        assert_eq!((said.line, said.header.as_str()), (2, "name,city"));
        let said = read(b"name,phone\nAnn,2125550100\n", Some("mobile"), 5).expect_err("no column");
        assert_eq!(said.wanted.as_deref(), Some("mobile"));
    }

    #[test]
    fn lines_of_any_kind_are_counted_and_bounded() {
        let long = format!("2125550100\n{}\n2125550101\n", "5".repeat(100_000));
        check(&long, None, &["+12125550100", "+12125550101"], 0, &[(2, "longer than")]);
        let read = read(&[b"2125550100\n".as_slice(), &[0xff, 0xfe, b'\n']].concat(), None, 4).expect("a list");
        assert_eq!((read.bad, read.bad_lines[0].0), (1, 2));
        let many = "x1\n".repeat(BAD_LINES_KEPT + 5);
        let read = self::read(many.as_bytes(), None, 1000).expect("a list");
        assert_eq!((read.bad, read.bad_lines.len()), (BAD_LINES_KEPT as u64 + 5, BAD_LINES_KEPT));
    }
}
