//! Reads number files as people export them: with a byte order mark, CRLF, semicolons or tabs, and what a spreadsheet did.
//!
//! The HTTP import and the command line both read through here, so that a file means the same at either door.
//! A file whose columns cannot be understood is refused whole; a row that cannot be is named, and keeps no other out.

use super::wire::RowBody;
use crate::desk::{ImportRow, RefusedRow, RightClaim, Service, Stamp};
use crate::strict::nearest;
use numbers::e164::E164;
use numbers::moment::Moment;
use std::collections::HashSet;

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub rows: Vec<ImportRow>,
    pub refused: Vec<RefusedRow>,
    /// Rows that named a number again; the first of them counts.
    pub duplicates: u64,
}

/// Why a whole file was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct SheetError {
    pub code: &'static str,
    pub sentence: String,
    pub remedy: String,
}

/// The code of the error that an interactive import answers by asking.
pub const SERVICE_UNKNOWN: &str = "service_column_missing";
/// Names of the column of numbers that dialers and carriers export.
const NUMBER_COLUMNS: [&str; 7] = ["number", "phone", "phone_number", "phonenumber", "caller_id", "did", "e164"];
const OTHER_COLUMNS: [&str; 4] = ["service", "since", "right", "callback"];

/// Reads the bytes of a file. `service` holds for rows that do not say theirs.
///
/// # Errors
/// When the columns cannot be understood.
pub fn read(bytes: &[u8], service: Option<Service>) -> Result<Sheet, SheetError> {
    let text = decode(bytes)?;
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter(text.lines().next().unwrap_or("")))
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = Columns::read(reader.headers().map_err(|error| broken(&error))?)?;
    if columns.service.is_none() && service.is_none() {
        return Err(SheetError {
            code: SERVICE_UNKNOWN,
            sentence: "the file has no column `service`, so nobody can tell new numbers from numbers in service"
                .to_owned(),
            remedy: "add a column `service` with `new` or `in_service` (and `since` with a date), \
                     or say it for all of them: --service new, or --service in_service --since 2024-03-01"
                .to_owned(),
        });
    }
    let mut bodies = Vec::new();
    let mut refused = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
        if record.iter().all(str::is_empty) {
            continue;
        }
        let cell = |column: Option<usize>| {
            column.and_then(|column| record.get(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
        };
        match cell(Some(columns.number)) {
            Some(number) => bodies.push(RowBody {
                row: Some(line),
                number,
                service: cell(columns.service),
                since: cell(columns.since),
                right: cell(columns.right),
                callback: cell(columns.callback),
            }),
            None => refused.push(RefusedRow { row: line, reason: "the number is empty".to_owned() }),
        }
    }
    let mut sheet = read_rows(bodies, service);
    sheet.refused.extend(refused);
    sheet.refused.sort_by_key(|refused| refused.row);
    Ok(sheet)
}

/// Reads rows that are already apart, as JSON has them.
pub(crate) fn read_rows(bodies: Vec<RowBody>, service: Option<Service>) -> Sheet {
    let mut sheet = Sheet::default();
    let mut seen = HashSet::with_capacity(bodies.len());
    for (index, body) in bodies.into_iter().enumerate() {
        let row = body.row.unwrap_or_else(|| u32::try_from(index + 1).unwrap_or(u32::MAX));
        match read_row(row, body, service) {
            Ok(row) if seen.insert(row.number) => sheet.rows.push(row),
            Ok(_) => sheet.duplicates += 1,
            Err(reason) => sheet.refused.push(RefusedRow { row, reason }),
        }
    }
    sheet
}

fn read_row(row: u32, body: RowBody, service: Option<Service>) -> Result<ImportRow, String> {
    let number = E164::parse(&body.number).map_err(|error| format!("{:?} is no number: {error}", body.number))?;
    let service = match (body.service.as_deref().map(plain).as_deref(), service) {
        (None, Some(service)) => service,
        (None, None) => return Err("its service is empty; write `new` or `in_service`".to_owned()),
        (Some(_), _) => read_service(body.service.as_deref().unwrap_or(""), body.since.as_deref())?,
    };
    let right = match body.right.as_deref() {
        None => RightClaim::Unproven,
        Some(right) => read_right(right)?,
    };
    Ok(ImportRow { row, number, service, right, callback: body.callback })
}

/// Reads `new`, or `in_service` with its date.
///
/// # Errors
/// Says what is missing or wrong, with the remedy.
pub fn read_service(service: &str, since: Option<&str>) -> Result<Service, String> {
    match plain(service).as_str() {
        "new" => Ok(Service::New),
        "inservice" => {
            let since = since
                .ok_or("it is in service and `since` is empty; write the date of its first call, such as 2024-03-01")?;
            let since = read_date(since)
                .ok_or_else(|| format!("`since` is {since:?}, and that is no date; write it as in 2024-03-01"))?;
            Ok(Service::InService { since })
        }
        _ => Err(format!("its service is {service:?}; write `new` or `in_service`")),
    }
}

fn read_right(right: &str) -> Result<RightClaim, String> {
    let (kind, who) = right.split_once(':').map_or((right, ""), |(kind, who)| (kind, who.trim()));
    match (plain(kind).as_str(), who) {
        ("provider", who) if !who.is_empty() => Ok(RightClaim::Provider(who.to_owned())),
        ("declared", who) if !who.is_empty() => Ok(RightClaim::Declared(who.to_owned())),
        ("unproven", "") => Ok(RightClaim::Unproven),
        _ => Err(format!(
            "its right is {right:?}; write `provider:<name>` or `declared:<name of a person>`, or leave it empty"
        )),
    }
}

/// `2024-03-01`, the American `3/1/2024`, or a whole time; the day begins at midnight UTC.
fn read_date(text: &str) -> Option<Moment> {
    if let Some((month, rest)) = text.split_once('/') {
        let (day, year) = rest.split_once('/')?;
        let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        return midnight(date);
    }
    match text.parse::<jiff::civil::Date>() {
        // A whole time also begins with a date, and says more.
        Ok(date) if text.len() <= "2024-03-01".len() => midnight(date),
        _ => Some(Stamp::parse(text).filter(|_| !text.bytes().all(|b| b.is_ascii_digit()))?.0),
    }
}

fn midnight(date: jiff::civil::Date) -> Option<Moment> {
    let stamp = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Moment(u64::try_from(stamp.as_millisecond()).ok()?))
}

/// Letters and digits in lower case, so that `In Service`, `in-service` and `in_service` are one word.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// UTF-8 with or without its mark, or UTF-16 with its mark, as spreadsheets save "Unicode text".
fn decode(bytes: &[u8]) -> Result<String, SheetError> {
    let utf16 = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        bytes => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    // One kind of line end, so that the lines are counted as a person's editor counts them.
    let text = text.map(|text| text.replace("\r\n", "\n").replace('\r', "\n"));
    text.filter(|text| !text.contains('\0')).ok_or_else(|| SheetError {
        code: "not_text",
        sentence: "the file is no text in UTF-8".to_owned(),
        remedy: "save it from the spreadsheet as \"CSV UTF-8\"".to_owned(),
    })
}

/// The separator that the header uses most.
fn delimiter(header: &str) -> u8 {
    let count = |separator: u8| header.bytes().filter(|b| *b == separator).count();
    // The comma stands last, because the last of equals is taken.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

struct Columns {
    number: usize,
    service: Option<usize>,
    since: Option<usize>,
    right: Option<usize>,
    callback: Option<usize>,
}

impl Columns {
    fn read(header: &::csv::StringRecord) -> Result<Columns, SheetError> {
        let names: Vec<String> =
            header.iter().map(|name| name.trim().to_ascii_lowercase().replace([' ', '-'], "_")).collect();
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        let number = NUMBER_COLUMNS.iter().find_map(|wanted| find(wanted)).ok_or_else(|| SheetError {
            code: "number_column_missing",
            sentence: match names.iter().find_map(|name| nearest(name, NUMBER_COLUMNS)) {
                Some(near) => format!("the first line names no column `number`; did you mean `{near}`?"),
                None => "the first line names no column `number`".to_owned(),
            },
            remedy: "begin the file with the line: number,service,since,right,callback".to_owned(),
        })?;
        // Other columns of an export are none of our business; one that is nearly ours is a slip of the key.
        for name in &names {
            let known = NUMBER_COLUMNS.contains(&name.as_str()) || OTHER_COLUMNS.contains(&name.as_str());
            if let (false, Some(near)) = (known, nearest(name, OTHER_COLUMNS)) {
                return Err(SheetError {
                    code: "unknown_column",
                    sentence: format!("there is no column `{name}`"),
                    remedy: format!("did you mean `{near}`?"),
                });
            }
        }
        Ok(Columns {
            number,
            service: find("service"),
            since: find("since"),
            right: find("right"),
            callback: find("callback"),
        })
    }
}

fn broken(error: &::csv::Error) -> SheetError {
    SheetError {
        code: "broken_csv",
        sentence: format!("the file cannot be read as CSV: {error}"),
        remedy: "save it from the spreadsheet as \"CSV UTF-8\"".to_owned(),
    }
}
