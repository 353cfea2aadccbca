//! An adapter that was built against version 0.0.0 of the interface. It touches every import and every export.
//!
//! `../v0_0_0.wasm` is this, as it was built when the version was frozen. It is not built anew: what it proves is that
//! a file which somebody has in a folder for years is still served.

wit_bindgen::generate!({ path: "../../../../wit/0.0.0", world: "agency-adapter" });

use exports::smartguard::adapter::agency::{
    CheckAnswer, CheckRequest, DisputeRequest, FilingUpdate, Guest, InboundAnswer, InboundRequest, OwnCall,
    RegisterRequest,
};
use smartguard::adapter::types::{
    Description, Error, Filing, FilingAnswer, FilingStatus, Observation, Status, TrackAnswer,
};
use smartguard::adapter::{clock, config, files, http, log, random};

struct Old;

export!(Old);

impl Guest for Old {
    fn describe() -> Description {
        let functions = ["check", "register", "dispute", "track", "inbound", "call-started"];
        Description {
            id: "old".to_owned(),
            version: "0.0.0".to_owned(),
            functions: functions.map(str::to_owned).to_vec(),
            speaks_for: vec!["old".to_owned()],
        }
    }

    fn check(request: CheckRequest) -> Result<CheckAnswer, Error> {
        let answer = http::fetch(&http::Request {
            method: http::Method::Get,
            origin: "api".to_owned(),
            path: "/".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        })
        .map_err(|refused| Error::Unavailable(format!("{refused:?}")))?;
        let rows = match files::lookup("list", &request.numbers) {
            Ok(found) => found.hits.len().to_string(),
            Err(refused) => format!("{refused:?}"),
        };
        let chance = random::uniform();
        log::write(log::Level::Info, &format!("chance {}, rows {rows}", (0.0..1.0).contains(&chance)));
        let label = config::get("label").unwrap_or_else(|| answer.body.clone());
        let observed = |number: &String| Observation {
            number: number.clone(),
            agency: "old".to_owned(),
            carrier: None,
            status: Status::MixedLow,
            label: Some(label.clone()),
            score: None,
            observed_at: clock::now_ms() / 1000,
            cost_micros: 7,
        };
        Ok(CheckAnswer::Observations(request.numbers.iter().map(observed).collect()))
    }

    fn register(request: RegisterRequest) -> Result<FilingAnswer, Error> {
        Ok(filed(&format!("{} {} {}", request.key, request.business.legal_name, request.numbers.join(" "))))
    }

    fn dispute(request: DisputeRequest) -> Result<FilingAnswer, Error> {
        let DisputeRequest { key, number, agency, label, statement, token, .. } = request;
        Ok(filed(&format!("{key} {number} {agency} {label:?} {statement} {token:?}")))
    }

    fn track(key: String) -> Result<TrackAnswer, Error> {
        Ok(if key == "lost" { TrackAnswer::Absent } else { TrackAnswer::Found(filing(&key)) })
    }

    fn inbound(request: InboundRequest) -> Result<InboundAnswer, Error> {
        let filings = vec![FilingUpdate { key: request.body.clone(), filing: filing(&request.body) }];
        Ok(InboundAnswer { observations: Vec::new(), filings })
    }

    fn call_started(call: OwnCall) -> Result<(), Error> {
        Err(Error::Rejected(format!("{} at {}", call.number, call.started_at)))
    }
}

fn filing(reference: &str) -> Filing {
    Filing { reference: Some(reference.to_owned()), status: FilingStatus::Submitted, detail: None }
}

fn filed(reference: &str) -> FilingAnswer {
    FilingAnswer::Filed(filing(reference))
}
