//! Number files as people export them.

use smartguard::desk::{RightClaim, Service};
use smartguard::doors::csv::{self, SERVICE_UNKNOWN, Sheet};

const HEADER: &str = "number,service,since,right,callback\n";

/// Checks how many rows of a file are taken, how many are duplicates, and what is said of the others (row: part).
#[track_caller]
fn check(file: &[u8], taken: usize, duplicates: u64, refused: &[(u32, &str)]) -> Sheet {
    let sheet = csv::read(file, None).expect("the columns are understood");
    assert_eq!(sheet.rows.len(), taken, "{sheet:?}");
    assert_eq!(sheet.duplicates, duplicates, "{sheet:?}");
    assert_eq!(sheet.refused.len(), refused.len(), "{:?}", sheet.refused);
    for (said, (row, part)) in sheet.refused.iter().zip(refused) {
        assert_eq!(said.row, *row, "{said:?}");
        assert!(said.reason.contains(part), "{part:?} is not in {said:?}");
    }
    sheet
}

fn with_header(rows: &str) -> Vec<u8> {
    format!("{HEADER}{rows}").into_bytes()
}

#[test]
fn a_plain_file_is_read() {
    let file = with_header(
        "+12125550143,new,,provider:twilio,\n(212) 555-0144,in_service,2024-03-01,declared:Ann Lee,+18005550100\n",
    );
    let sheet = check(&file, 2, 0, &[]);
    assert_eq!(sheet.rows[0].service, Service::New);
    assert_eq!(sheet.rows[0].right, RightClaim::Provider("twilio".to_owned()));
    let Service::InService { since } = sheet.rows[1].service else { panic!("{:?}", sheet.rows[1]) };
    assert_eq!(since.seconds(), 1_709_251_200);
    assert_eq!(sheet.rows[1].right, RightClaim::Declared("Ann Lee".to_owned()));
    assert_eq!(sheet.rows[1].callback.as_deref(), Some("+18005550100"));
    assert_eq!((sheet.rows[0].row, sheet.rows[1].row), (2, 3));
}

#[test]
fn every_export_of_a_spreadsheet_is_read() {
    let plain = check(&with_header("+12125550143,new,,,\n"), 1, 0, &[]);
    let crlf = "\u{feff}number;service;since;right;callback\r\n+12125550143;new;;;\r\n";
    assert_eq!(check(crlf.as_bytes(), 1, 0, &[]), plain);
    let tabs = "Phone Number\tService\tNotes\n12125550143\tNEW\tx\n";
    assert_eq!(check(tabs.as_bytes(), 1, 0, &[]), plain);
    let quoted = "\"number\",\"service\"\r\n\"+12125550143\",\"new\"\r\n\r\n";
    assert_eq!(check(quoted.as_bytes(), 1, 0, &[]), plain);
    let units = "number\tservice\r\n 12125550143\tnew\r\n".encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
    assert_eq!(check(&utf16, 1, 0, &[]), plain);
}

#[test]
fn rows_that_make_no_sense_are_named_and_keep_no_other_out() {
    let rows = "1.2125E+10,new,,,\n\
                +12125550143,new,,,\n\
                12125550143,new,,,\n\
                ,new,,,\n\
                12,new,,,\n\
                +12125550144,old,,,\n\
                +12125550145,in_service,,,\n\
                +12125550146,in_service,yesterday,,\n\
                +12125550147,,,,\n\
                +12125550148,new,,mine,\n\
                +12125550149,in service,3/1/2024,,\n";
    check(
        &with_header(rows),
        2,
        1,
        &[
            (2, "spreadsheet"),
            (5, "empty"),
            (6, "only 2 digits"),
            (7, "`new` or `in_service`"),
            (8, "`since` is empty"),
            (9, "no date"),
            (10, "service is empty"),
            (11, "declared:"),
        ],
    );
}

#[test]
fn an_unproven_right_is_taken_as_that() {
    let sheet = check(&with_header("+12125550143,new,,,\n"), 1, 0, &[]);
    assert_eq!(sheet.rows[0].right, RightClaim::Unproven);
}

#[test]
fn a_file_without_service_says_how_to_go_on() {
    let file = b"number\n+12125550143\n";
    let error = csv::read(file, None).expect_err("nobody knows");
    assert_eq!(error.code, SERVICE_UNKNOWN);
    assert!(error.remedy.contains("--service new"), "{error:?}");
    let sheet = csv::read(file, Some(Service::New)).expect("it is said beside the file");
    assert_eq!(sheet.rows.len(), 1);
}

#[test]
fn columns_that_cannot_be_understood_refuse_the_file() {
    for (file, code, part) in [
        (&b"nmber,service\n"[..], "number_column_missing", "did you mean `number`?"),
        (b"number,servce\n", "unknown_column", "did you mean `service`?"),
        (b"", "number_column_missing", "number"),
        (b"+12125550143\n+12125550144\n", "number_column_missing", "begin the file"),
        (&[0x80, 0x81, 0x00], "not_text", "UTF-8"),
    ] {
        let error = csv::read(file, None).expect_err("it is refused");
        assert_eq!(error.code, code, "{error:?}");
        assert!(format!("{} {}", error.sentence, error.remedy).contains(part), "{error:?}");
    }
}
