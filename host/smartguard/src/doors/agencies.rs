//! The doors to agencies: what can be seen and filed, where to file by hand, packets, webhooks, and the doctor.

use super::body;
use super::problem::Refusal;
use super::rest::{Answer, House, filled, list, no_query, ok, read_carrier, read_number, saved};
use super::wire::PacketBody;
use crate::desk::{DirectoryEntry, PacketWish};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse};

/// The longest webhook. Guessed: those that are documented have a few KiB.
const INBOUND_BYTES_MAX: usize = 256 * 1024;

pub(super) async fn agencies(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    ok(hall.desk.agencies().await?)
}

pub(super) async fn directory(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("directory", hall.desk.directory().await?)
}

/// The same for people.
pub(super) async fn directory_page(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    let page = page(&hall.desk.directory().await?);
    // Nothing of it comes from elsewhere, and nothing of it runs.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

pub(super) async fn make_packet(State(hall): House, request: Request) -> Answer {
    let PacketBody { agency, number, what, carrier, label } = body::small_json(request).await?;
    let wish = PacketWish {
        agency: filled("agency", agency)?,
        number: read_number(&number)?,
        what,
        carrier: read_carrier(carrier)?,
        label,
    };
    ok(hall.desk.make_packet(wish).await?)
}

pub(super) async fn packet_file(State(hall): House, Path((id, name)): Path<(String, String)>) -> Answer {
    Ok(saved(hall.desk.made_packet_file(id, name).await?))
}

/// Takes a webhook. Its headers are handed on as they came, those of HTTP itself aside.
pub(super) async fn inbound(State(hall): House, Path(adapter): Path<String>, request: Request) -> Answer {
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let bytes = body::read(request.into_body(), INBOUND_BYTES_MAX).await?;
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        let status = StatusCode::BAD_REQUEST;
        return Err(Refusal::new(status, "not_text", "the webhook is no text".to_owned(), "send UTF-8".to_owned()));
    };
    ok(hall.desk.inbound(adapter, headers, text).await?)
}

pub(super) async fn doctor(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("checkups", hall.desk.doctor().await?)
}

fn page(entries: &[DirectoryEntry]) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Where to file by hand</title><style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;\
         padding:0 1rem}dt{font-weight:600;margin-top:.4rem}dd{margin:0}section{border-top:1px solid #ccc;\
         padding:1rem 0}</style><h1>Where to file by hand</h1><p>Every organisation that labels, blocks, scores or \
         registers numbers, and that we know of. <code>smartguard packet &lt;agency&gt; &lt;number&gt;</code> makes the \
         form, files and letter for any of them.</p>",
    );
    for entry in entries {
        let rows = [
            ("Website", entry.website.as_deref().unwrap_or("none is known")),
            ("Contact", &entry.contact),
            ("What to file", &entry.file),
            ("Who sees it", &entry.covers),
            ("Our adapter", &entry.ability),
            ("The contract is known as", &entry.confidence),
            ("Last verified", &entry.verified),
        ];
        page.push_str(&format!("<section id=\"{0}\"><h2>{1}</h2><dl>", escaped(&entry.adapter), escaped(&entry.name)));
        for (name, value) in rows {
            page.push_str(&format!("<dt>{name}</dt><dd>{}</dd>", escaped(value)));
        }
        page.push_str("</dl></section>");
    }
    page
}

/// Manifests are other people's words, and none of them may become markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_manifest_becomes_markup() {
        let text = || "<script>\"&".to_owned();
        let entry = DirectoryEntry {
            adapter: text(),
            name: text(),
            website: Some(text()),
            contact: text(),
            file: text(),
            covers: text(),
            ability: text(),
            confidence: text(),
            verified: text(),
        };
        let page = page(&[entry]);
        assert!(!page.contains("<script>"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;&quot;&amp;").count(), 9);
    }
}
