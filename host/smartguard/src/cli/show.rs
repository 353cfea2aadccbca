//! Makes tables and short texts of what the daemon answered.

use crate::desk::{
    AdapterView, AskAnswer, CasePage, CaseView, ExportView, ImportReport, NumberPage, NumberView, OwnerView,
    PacketView, RankingView, ReceiptView, StatusView, TaskView, TryView,
};
use comfy_table::{ContentArrangement, Table, presets};
use numbers::business::Business;
use std::io::Write;

/// Prints, and is content when the reader has left (`smartguard … | head`).
pub(super) fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", printable(text.trim_end()));
}

/// Agencies' words reach a terminal here, and none of them may steer it.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

pub(super) fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    let mut any = false;
    for row in rows {
        any = true;
        table.add_row(row);
    }
    if any { table.to_string() } else { "There are none.".to_owned() }
}

/// Names with their values, one a line; empty values are left out.
pub(super) fn facts<const N: usize>(facts: [(&str, String); N]) -> String {
    let lines = facts.iter().filter(|(_, value)| !value.is_empty());
    lines.map(|(name, value)| format!("{name:<16} {value}\n")).collect()
}

fn or_empty(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(String::new, ToString::to_string)
}

pub(super) fn section(title: &str, body: String) -> String {
    format!("\n{title}\n{body}\n")
}

pub(super) fn status(view: &StatusView) -> String {
    let mut text = facts([
        ("SmartGuard", format!("{} at {}, since {}", view.version, view.listen, view.running_since)),
        ("data", format!("{} (durability {})", view.data, view.durability)),
        ("businesses", view.businesses.to_string()),
        ("owners", format!("{} users, {} campaigns", view.users, view.campaigns)),
        ("numbers", format!("{} ({})", view.numbers, counted(&view.lives))),
        ("open", format!("{} cases, {} tasks", view.cases_open, view.tasks_open)),
        ("decisions", format!("{} used, {} held", view.decisions, view.holds)),
        ("outcomes", format!("{} joined or kept, {} orphans", view.outcomes, view.orphans)),
    ]);
    let adapters = view.adapters.iter().map(|(id, state)| [id.clone(), state.clone()]);
    text.push_str(&section("Adapters", table(["id", "state"], adapters)));
    if !view.advice.is_empty() {
        let advice: Vec<String> = view.advice.iter().map(|advice| format!("  - {advice}")).collect();
        text.push_str(&section("Next", advice.join("\n")));
    }
    text
}

fn counted(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    if counts.is_empty() { "none yet".to_owned() } else { counts.join(", ") }
}

pub(super) fn import(report: &ImportReport) -> String {
    /// A person reads some of them and opens the file; all of them are in the JSON.
    const SHOWN_MAX: usize = 20;
    let mut text = facts([
        ("added", report.added.to_string()),
        ("already held", report.already_held.to_string()),
        ("refused", report.refused.len().to_string()),
    ]);
    if !report.refused.is_empty() {
        let rows = report.refused.iter().take(SHOWN_MAX).map(|row| [row.row.to_string(), row.reason.clone()]);
        text.push_str(&section("Refused", table(["row", "reason"], rows)));
        if report.refused.len() > SHOWN_MAX {
            text.push_str(&format!("… and {} more; --json names all\n", report.refused.len() - SHOWN_MAX));
        }
    }
    text
}

pub(super) fn numbers(page: &NumberPage) -> String {
    let rows = page.numbers.iter().map(|n| {
        let worst: Vec<String> = n
            .carriers
            .iter()
            .filter(|carrier| carrier.status == "flagged" || carrier.status == "blocked")
            .map(|carrier| format!("{} {}", carrier.carrier, carrier.status))
            .collect();
        let shown = format!("{} of {}", n.shown_today, n.cap_today);
        [n.number.clone(), n.business.clone(), n.life.clone(), n.place.clone(), shown, worst.join(", ")]
    });
    let mut text = table(["number", "business", "life", "place", "shown today", "flagged"], rows);
    if page.next.is_some() {
        text.push_str("\nThere are more; raise --limit.");
    }
    text
}

pub(super) fn number(n: &NumberView) -> String {
    let mut text = facts([
        ("number", n.number.clone()),
        ("business", n.business.clone()),
        ("right to use", n.right.clone()),
        ("life", format!("{} since {}", n.life, n.life_since)),
        ("place", n.place.clone()),
        ("home", or_empty(&n.home)),
        ("shown today", format!("{} of {}", n.shown_today, n.cap_today)),
        ("in service since", or_empty(&n.in_service_since)),
        ("deadline", or_empty(&n.deadline)),
        ("rests until", or_empty(&n.rest_until)),
        ("rests on", n.resting_on.join(", ")),
        ("call-back", or_empty(&n.callback_route)),
        ("unobserved", n.unobserved.join(", ")),
        ("open cases", n.cases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    ]);
    let standings = n.standings.iter().map(|s| {
        let label = s.label.clone().unwrap_or_default();
        [s.agency.clone(), s.status.clone(), label, s.carriers.join(", "), s.source.clone(), s.observed_at.to_string()]
    });
    let header = ["agency", "status", "label", "carriers", "source", "observed"];
    text.push_str(&section("Standings", table(header, standings)));
    let carriers = n.carriers.iter().map(|c| {
        let e = &c.evidence;
        let (attempts, answers) = (e.attempts.to_string(), e.human_answers.to_string());
        let (talk, short, blocks) = (format!("{} s", e.talk_seconds), e.short_calls.to_string(), e.blocks.to_string());
        [c.carrier.clone(), c.status.clone(), attempts, answers, talk, short, blocks]
    });
    let header = ["carrier", "status", "attempts", "human answers", "talk", "short calls", "blocks"];
    text.push_str(&section("Carriers", table(header, carriers)));
    let registrations = n
        .registrations
        .iter()
        .map(|r| [r.adapter.clone(), r.state.clone(), or_empty(&r.at), r.reason.clone().unwrap_or_default()]);
    text.push_str(&section("Registrations", table(["registry", "state", "at", "reason"], registrations)));
    text
}

pub(super) fn owners(views: &[OwnerView]) -> String {
    let rows = views.iter().map(|owner| {
        let pool: Vec<&str> = owner.pool.iter().map(|n| n.number.as_str()).collect();
        let size = format!("{} of {}", pool.len(), owner.pool_size);
        [owner.name.clone(), owner.business.clone(), size, pool.join(" ")]
    });
    table(["name", "business", "pool", "numbers"], rows)
}

pub(super) fn businesses(views: &[Business]) -> String {
    let rows = views.iter().map(|b| {
        let relation = serde_json::to_value(b.relation).ok().and_then(|v| v.as_str().map(str::to_owned));
        [b.id.clone(), b.legal_name.clone(), relation.unwrap_or_default(), b.calls_per_month.to_string()]
    });
    table(["id", "legal name", "relation", "calls a month"], rows)
}

pub(super) fn cases(page: &CasePage) -> String {
    let rows = page.cases.iter().map(|c| {
        let next = c.next.clone().unwrap_or_default();
        [c.id.to_string(), c.number.clone(), c.agency.clone(), c.state.clone(), c.opened_at.to_string(), next]
    });
    table(["id", "number", "agency", "state", "opened", "next"], rows)
}

pub(super) fn case(c: &CaseView) -> String {
    let mut text = facts([
        ("case", c.id.to_string()),
        ("number", c.number.clone()),
        ("business", c.business.clone()),
        ("agency", c.agency.clone()),
        ("label", or_empty(&c.label)),
        ("state", c.state.clone()),
        ("opened", c.opened_at.to_string()),
        ("closed", or_empty(&c.closed_at)),
        ("disputes sent", c.attempts.to_string()),
        ("next", or_empty(&c.next)),
        ("tasks", c.tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    ]);
    let history = c.history.iter().map(|note| [note.at.to_string(), note.what.clone()]);
    text.push_str(&section("History", table(["at", "what"], history)));
    text
}

pub(super) fn tasks(views: &[TaskView]) -> String {
    let rows = views.iter().map(|t| {
        let state = t.done.as_ref().map_or_else(|| "open".to_owned(), |done| format!("done by {}", done.by));
        let (id, count) = (t.id.to_string(), t.numbers.len().to_string());
        [id, t.kind.clone(), t.title.clone(), t.business.clone(), count, t.created_at.to_string(), state]
    });
    table(["id", "kind", "title", "business", "numbers", "since", "state"], rows)
}

pub(super) fn task(t: &TaskView) -> String {
    let mut text = facts([
        ("task", format!("{}: {}", t.id, t.title)),
        ("business", t.business.clone()),
        ("adapter", t.adapter.clone()),
        ("case", or_empty(&t.case)),
        ("numbers", t.numbers.join(" ")),
        ("since", t.created_at.to_string()),
        ("done", t.done.as_ref().map_or_else(String::new, |done| format!("{} by {}", done.at, done.by))),
        ("note", t.done.as_ref().map_or_else(String::new, |done| or_empty(&done.note))),
    ]);
    let Some(packet) = &t.packet else { return text };
    text.push_str(&self::packet(packet));
    text.push_str(&format!("\nWhen it is done: smartguard task done {} --note \"…\"\n", t.id));
    text
}

/// The form, the steps and the letter of a packet.
pub(super) fn packet(packet: &PacketView) -> String {
    let mut text = facts([
        ("form", or_empty(&packet.url)),
        ("files", packet.files.join(", ")),
        ("write down", packet.tracking.join(", ")),
        ("contract", packet.confidence.clone()),
    ]);
    let steps = packet.steps.iter().enumerate().map(|(index, step)| format!("  {}. {step}", index + 1));
    text.push_str(&section("Steps", steps.collect::<Vec<_>>().join("\n")));
    let fields = packet.fields.iter().map(|f| {
        let who = if f.by_person { "you" } else { "" };
        [f.label.clone(), f.value.clone(), who.to_owned(), f.note.clone().unwrap_or_default()]
    });
    text.push_str(&section("Form", table(["field", "value", "filled by", "note"], fields)));
    if let Some(email) = &packet.email {
        let letter = format!("To: {}\nSubject: {}\n\n{}", email.to, email.subject, email.body);
        text.push_str(&section("Letter", letter));
    }
    text
}

pub(super) fn adapters(views: &[AdapterView]) -> String {
    let rows = views.iter().map(|a| {
        let waits = a.waiting.as_ref().map(|w| format!("version {} waits for a grant", w.version));
        let reason = a
            .reason
            .clone()
            .or(waits)
            .or_else(|| a.last_refusal.as_ref().map(|_| "a newer version was refused".into()));
        let calls = format!("{} ({} faults)", a.calls, a.faults);
        [a.id.clone(), a.name.clone(), a.state.clone(), a.origin.clone(), calls, reason.unwrap_or_default()]
    });
    table(["id", "agency", "state", "from", "calls", "reason"], rows)
}

pub(super) fn adapter(a: &AdapterView) -> String {
    let mut text = facts([
        ("adapter", format!("{} ({}, {})", a.id, a.name, a.world)),
        ("state", a.state.clone()),
        ("reason", or_empty(&a.reason)),
        ("from", a.origin.clone()),
        ("revision", or_empty(&a.revision)),
        ("functions", a.functions.join(", ")),
        ("asks for", a.asks.join(", ")),
        ("granted", if a.granted.is_empty() { "nothing".to_owned() } else { a.granted.join(", ") }),
        ("calls", format!("{}, of which {} were faults", a.calls, a.faults)),
        ("last failure", a.last_failure.as_ref().map_or_else(String::new, |f| format!("{} ({})", f.reason, f.at))),
    ]);
    if let Some(waiting) = &a.waiting {
        let asks = if waiting.asks_more.is_empty() { "nothing".to_owned() } else { waiting.asks_more.join("\n") };
        let title = format!("Version {} waits for `smartguard adapter grant {}`. It asks for", waiting.version, a.id);
        text.push_str(&section(&title, asks));
    }
    if let Some(refusal) = &a.last_refusal {
        let problems = refusal.problems.iter().map(|p| [p.place.clone(), p.reason.clone(), p.remedy.clone()]);
        let title = format!("A newer version was refused at {}", refusal.at);
        text.push_str(&section(&title, table(["place", "reason", "remedy"], problems)));
    }
    text
}

/// Characters of one body that are shown; the rest is for --json.
const BODY_CHARS_MAX: usize = 2000;

pub(super) fn tried(t: &TryView) -> String {
    let mut text = String::new();
    for (index, e) in t.exchanges.iter().enumerate() {
        let mut lines = vec![format!("{} {}", e.method, e.url)];
        lines.extend(e.query.iter().map(|(name, value)| format!("  ?{name}={value}")));
        lines.extend(e.headers.iter().map(|(name, value)| format!("  {name}: {value}")));
        lines.extend(e.body.iter().map(|body| indented(body)));
        match (&e.error, e.status) {
            (Some(error), _) => lines.push(format!("{error} (after {} ms)", e.took_ms)),
            (None, status) => lines.push(format!("{} (after {} ms)", status.unwrap_or_default(), e.took_ms)),
        }
        lines.extend(e.answer_headers.iter().map(|(name, value)| format!("  {name}: {value}")));
        lines.extend(e.answer.iter().map(|body| indented(body)));
        text.push_str(&section(&format!("Request {}", index + 1), lines.join("\n")));
    }
    if !t.log.is_empty() {
        text.push_str(&section("Log", t.log.join("\n")));
    }
    let outcome = match (&t.answer, &t.error) {
        (_, Some(error)) => format!("{error}\nHint: {}", or_empty(&t.remedy)),
        (Some(answer), None) => serde_json::to_string_pretty(answer).unwrap_or_default(),
        (None, None) => "nothing".to_owned(),
    };
    text.push_str(&section(if t.error.is_some() { "Failed" } else { "Answer" }, outcome));
    let used = t.used.map_or_else(String::new, |used| {
        format!(", {:.1} ms of computing, {} KiB of memory", used.computing_us as f64 / 1000.0, used.memory_kib)
    });
    text.push_str(&format!(
        "\n{} {}: {} ms in all{used}, {} requests",
        t.adapter,
        t.function,
        t.took_ms,
        t.exchanges.len()
    ));
    text
}

fn indented(body: &str) -> String {
    let cut = body.char_indices().nth(BODY_CHARS_MAX).map_or(body.len(), |(at, _)| at);
    let more = if cut < body.len() { "…" } else { "" };
    format!("  {}{more}", body[..cut].replace('\n', "\n  "))
}

pub(super) fn receipt(r: &ReceiptView) -> String {
    let answer = match &r.answer {
        AskAnswer::Use { caller_id, reason, attempts_left, .. } => {
            format!("use {caller_id} ({reason}); {attempts_left} attempts left")
        }
        AskAnswer::Hold { reason, retry_after_s, .. } => format!("hold ({reason}); ask again in {retry_after_s} s"),
    };
    let mut text = facts([
        ("call", r.call_id.clone()),
        ("decision", or_empty(&r.decision_id)),
        ("at", r.at.to_string()),
        ("owner", or_empty(&r.owner)),
        ("answer", answer),
        ("do not call", r.listed.join(", ")),
        ("rungs", r.rungs.join(", ")),
        ("policy", r.policy_revision.map(|revision| format!("revision {revision}")).unwrap_or_default()),
        ("ranker", r.ranking.as_ref().map(ranking).unwrap_or_default()),
        ("outcome", or_empty(&r.outcome)),
    ]);
    let candidates = r.candidates.iter().map(|c| {
        let mark = if c.chosen { "shown" } else { "" };
        [c.number.clone(), mark.to_owned(), c.reasons.join(", ")]
    });
    text.push_str(&section("Candidates", table(["number", "", "reasons"], candidates)));
    text
}

fn ranking(said: &RankingView) -> String {
    match &said.fell_back {
        Some(why) => format!("{} was not heard: {why}", said.ranker),
        None => format!("{}: {} ({})", said.ranker, said.order.join(", "), or_empty(&said.reason)),
    }
}

pub(super) fn export(view: &ExportView) -> String {
    let ExportView { path, records, bytes, key } = view;
    format!(
        "{records} records ({bytes} bytes) written to {path}\nIt does not hold the key {key}: keep a copy of that in \
         another place.\nWithout it, callees of before are not recognised, nor that they asked not to be called."
    )
}
