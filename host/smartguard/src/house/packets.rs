//! Packets as they are stored, and their files as a person gets them.

use crate::desk::TaskFile;
use bytes::Bytes;
use numbers::{FileContent, Packet, PacketFile};
use rust_xlsxwriter::{Workbook, XlsxError};

/// The bytes of a stored packet. JSON, because a packet may be read by people long after the version that wrote it.
pub fn to_bytes(packet: &Packet) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(packet).map(Bytes::from)
}

/// Reads a stored packet.
pub fn from_bytes(bytes: &[u8]) -> Result<Packet, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// A file of a packet: text as it is, a table as a spreadsheet.
pub fn render(file: &PacketFile) -> Result<TaskFile, XlsxError> {
    let (media_type, bytes) = match &file.content {
        FileContent::Text(text) => ("text/plain; charset=utf-8", Bytes::from(text.clone())),
        FileContent::Table { columns, rows } => (SPREADSHEET, spreadsheet(columns, rows)?.into()),
    };
    Ok(TaskFile { name: file.name.clone(), media_type: media_type.to_owned(), bytes })
}

const SPREADSHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn spreadsheet(columns: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, title) in (0u16..).zip(columns) {
        sheet.write_string(0, column, title)?;
    }
    for (row, cells) in (1u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(cells) {
            // As text, so that no spreadsheet program makes a figure of a telephone number.
            sheet.write_string(row, column, cell)?;
        }
    }
    workbook.save_to_buffer()
}
