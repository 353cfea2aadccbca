//! Refusals, and the problem document (RFC 9457) that a caller sees of them.

use crate::desk::{DeskError, DeskErrorKind};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why a request has no answer. It travels inside the response until the request's id is at hand, and is written then.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    sentence: String,
    remedy: String,
    retry_after_s: Option<u32>,
    /// Answered with an empty body: the dialer would take any text for a caller ID.
    empty: bool,
}

/// What a busy or absent part asks a caller to wait when it does not know better.
const RETRY_AFTER_S: u32 = 1;

impl Refusal {
    pub fn new(
        status: StatusCode,
        code: &'static str,
        sentence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Refusal {
        let (sentence, remedy) = (sentence.into(), remedy.into());
        Refusal { status, code, sentence, remedy, retry_after_s: None, empty: false }
    }

    /// What was sent cannot be read at all.
    pub fn unreadable(code: &'static str, sentence: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, code, sentence, remedy)
    }

    /// What was sent can be read and makes no sense.
    pub fn senseless(code: &'static str, sentence: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, code, sentence, remedy)
    }

    pub fn busy() -> Refusal {
        let mut refusal = Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many requests are being worked on",
            "open fewer connections, or ask again after the time in Retry-After",
        );
        refusal.retry_after_s = Some(RETRY_AFTER_S);
        refusal
    }

    pub fn with_empty_body(mut self, empty: bool) -> Refusal {
        self.empty = empty;
        self
    }

    /// Code and reason in one line, for a row of a batch.
    pub fn reason(self) -> String {
        format!("{} ({})", self.sentence, self.remedy)
    }

    /// The response that the caller sees.
    pub fn write(self, request_id: &str, as_text: bool) -> Response {
        let mut response = if self.empty || as_text {
            Response::new(Body::empty())
        } else {
            let document = serde_json::json!({
                "type": format!("urn:smartguard:problem:{}", self.code),
                "title": self.status.canonical_reason().unwrap_or("Error"),
                "status": self.status.as_u16(),
                "code": self.code,
                "detail": self.sentence,
                "remedy": self.remedy,
                "request_id": request_id,
            });
            let mut response = Response::new(Body::from(document.to_string()));
            let media_type = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        };
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Refusal {
        let (status, retry_after_s) = match error.kind {
            DeskErrorKind::NotFound => (StatusCode::NOT_FOUND, None),
            DeskErrorKind::Refused => (StatusCode::FORBIDDEN, None),
            DeskErrorKind::Conflict => (StatusCode::CONFLICT, None),
            DeskErrorKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, None),
            DeskErrorKind::Unavailable { retry_after_s } => (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after_s)),
        };
        let DeskError { code, sentence, remedy, .. } = error;
        Refusal { status, code, sentence, remedy, retry_after_s, empty: false }
    }
}
