//! A packet that a person asks for: the ready-to-file form, files and letter for one number with one agency.
//!
//! Nothing is filed and nothing is recorded but the packet itself. Only functions are asked that do no more than make one.

use super::House;
use super::errors::{inner, missing};
use super::packets;
use crate::desk::{DeskError, DeskErrorKind, MadePacketView, PacketWish, TaskFile, Wish};
use crate::store::BlobId;
use numbers::case::{Filing, FilingState, Purpose};
use numbers::{Business, Case, CaseState, E164, Packet, Status};
use sandbox::manifest::{By, Manifest};
use std::collections::BTreeSet;

use super::adapters::FileResult;
use super::keeper::now;

impl House {
    /// Makes the packet, and keeps it so that its files can be fetched.
    pub(super) async fn packet_on_demand(&self, wish: PacketWish) -> Result<MadePacketView, DeskError> {
        let adapter = self.packet_maker(&wish)?;
        let number = wish.number;
        let found = self
            .keeper
            .read(move |state| {
                let record = state.numbers.get(&number)?;
                let business = state.businesses.get(&record.business)?.clone();
                let standing = record.standings.iter().find(|standing| standing.status.excludes()).cloned();
                Some((business, standing))
            })
            .await?;
        let (business, standing) = found.ok_or_else(|| missing("number", &number.to_string()))?;
        let filing = filing(&adapter.id, business, number, &wish);
        let result = match wish.what {
            Wish::Register => self.adapters.register(&filing, None).await,
            Wish::Dispute => {
                let case = Case {
                    id: 0,
                    number,
                    agency: disputed(&adapter, &wish.agency),
                    opened_at: now(),
                    state: CaseState::Open,
                    status: standing.as_ref().map_or(Status::Flagged, |standing| standing.status),
                    label: wish.label.clone().or(standing.and_then(|standing| standing.label)),
                    carrier: wish.carrier,
                    attempts: 0,
                    unsupported_by: BTreeSet::new(),
                    refusals: 0,
                    next_at: now(),
                    filing: None,
                    task: None,
                    note: None,
                };
                self.adapters.dispute(&filing, &case, None).await
            }
        };
        match result {
            FileResult::Packet(packet) => {
                let bytes = packets::to_bytes(&packet).map_err(|cause| inner("writing the packet", &cause))?;
                let kept = self.store.put_blob(bytes).await;
                let id = kept.map_err(|cause| inner("keeping the packet", &cause))?;
                Ok(MadePacketView {
                    id: id.to_string(),
                    adapter: adapter.id,
                    packet: super::views::packet_view(&packet),
                })
            }
            other => Err(no_packet(&adapter.id, other)),
        }
    }

    /// A file of a packet that was asked for.
    pub(super) async fn made_packet_file(&self, id: String, name: String) -> Result<TaskFile, DeskError> {
        let known = BlobId::parse(&id).ok_or_else(|| missing("packet", &format!("the packet `{id}`")))?;
        let bytes = self.store.get_blob(known).await.map_err(|cause| inner("reading the packet", &cause))?;
        let packet: Packet = bytes
            .and_then(|bytes| packets::from_bytes(&bytes).ok())
            .ok_or_else(|| missing("packet", &format!("the packet `{id}`")))?;
        let file = packet.files.into_iter().find(|file| file.name == name);
        let file = file.ok_or_else(|| missing("file", &format!("file `{name}` of the packet")))?;
        packets::render(&file).map_err(|cause| inner("rendering the file", &cause))
    }

    /// The adapter that makes it: the one of this id, or the best that files with an agency of this id.
    fn packet_maker(&self, wish: &PacketWish) -> Result<Manifest, DeskError> {
        let manifests = self.adapters.manifests();
        // Without its keys an adapter sends nothing, and what it answers then may be a packet.
        let makes = |manifest: &Manifest| {
            let (function, filing) = match wish.what {
                Wish::Register => ("register", manifest.functions.register),
                Wish::Dispute => ("dispute", manifest.functions.dispute),
            };
            filing.is_some_and(|filing| filing.by == By::Person || !self.adapters.lacks(manifest, function).is_empty())
        };
        let concerned = |manifest: &&Manifest| {
            manifest.carriers.is_empty() || wish.carrier.is_some_and(|carrier| manifest.carriers.contains(carrier))
        };
        let own = manifests.iter().find(|manifest| manifest.id == wish.agency);
        let files = manifests.iter().filter(|manifest| manifest.disputes_at().contains(&wish.agency)).filter(concerned);
        let mut makers: Vec<&Manifest> = own.into_iter().chain(files).filter(|manifest| makes(manifest)).collect();
        // What concerns the named carrier alone goes first, then what a person makes anyway, then the agency's own.
        makers.sort_by_key(|manifest| {
            let sends = !manifest.only_packets();
            (
                wish.carrier.is_some() && manifest.carriers.is_empty(),
                sends,
                manifest.id != wish.agency,
                manifest.id.clone(),
            )
        });
        if let Some(maker) = makers.first() {
            return Ok((*maker).clone());
        }
        let by_hand: Vec<&str> =
            manifests.iter().filter(|manifest| makes(manifest)).map(|manifest| manifest.id.as_str()).collect();
        let what = match wish.what {
            Wish::Register => "registration",
            Wish::Dispute => "dispute",
        };
        let exists = own.is_some() || manifests.iter().any(|manifest| manifest.disputes_at().contains(&wish.agency));
        let (kind, code, sentence) = if exists {
            let sentence = format!("nobody makes a packet for a {what} with `{}`", wish.agency);
            (DeskErrorKind::Refused, "no_packet", sentence)
        } else {
            (DeskErrorKind::NotFound, "no_such_agency", format!("there is no agency `{}`", wish.agency))
        };
        let remedy = match sandbox::trouble::nearest(&wish.agency, &by_hand) {
            Some(near) if !exists => format!("did you mean `{near}`?"),
            _ => format!("there are packets for a {what} with {}", by_hand.join(", ")),
        };
        Err(DeskError::new(kind, code, sentence, remedy))
    }
}

/// The agency that a dispute names: the wished one, or the first that the adapter reaches.
fn disputed(adapter: &Manifest, wished: &str) -> String {
    let reached = adapter.disputes_at();
    let named = reached.iter().find(|agency| *agency == wished);
    named.or_else(|| reached.first()).cloned().unwrap_or_else(|| wished.to_owned())
}

fn filing(adapter: &str, business: Business, number: E164, wish: &PacketWish) -> Filing {
    Filing {
        id: 0,
        key: format!("by-hand-{adapter}-{}", number.digits()),
        purpose: match wish.what {
            Wish::Register => Purpose::Register,
            Wish::Dispute => Purpose::Dispute { case: 0 },
        },
        adapter: adapter.to_owned(),
        numbers: vec![number],
        business,
        intended_at: now(),
        state: FilingState::Sending,
    }
}

fn no_packet(adapter: &str, result: FileResult) -> DeskError {
    let reason = match result {
        FileResult::Unsupported(reason) | FileResult::Rejected(reason) | FileResult::Lost(reason) => reason,
        FileResult::Failed { reason, .. } => reason,
        FileResult::Packet(_) | FileResult::Filed { .. } | FileResult::Pending { .. } | FileResult::Absent => {
            "it answered with something else than a packet".to_owned()
        }
    };
    DeskError::new(
        DeskErrorKind::Refused,
        "no_packet",
        format!("`{adapter}` makes no packet of this: {reason}"),
        "put right what it names, or ask for the packet of another agency (`smartguard directory`)",
    )
}
