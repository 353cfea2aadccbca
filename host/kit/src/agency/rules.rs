//! What every agency's adapter is held to, whoever wrote it.
//!
//! Each rule makes its own calls through [`probes`] and says what it found; rules about everything that an adapter did
//! come last and read the ledger of all calls.

mod answers;
mod batches;
mod filings;
mod itself;
mod manners;
mod people;
mod probes;
mod replies;
mod statuses;

use crate::verdict::{Bench, Judgement, Rule, Tier, Verdict};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use probes::Probes;

struct Law {
    rule: Rule,
    judge: for<'p, 'a> fn(&'p Probes<'a>) -> BoxFuture<'p, Verdict>,
}

type Judge = for<'p, 'a> fn(&'p Probes<'a>) -> BoxFuture<'p, Verdict>;

const fn bronze(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Bronze, sentence }, judge }
}

const fn silver(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Silver, sentence }, judge }
}

const fn gold(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Gold, sentence }, judge }
}

static LAWS: [Law; 41] = [
    bronze("describe_stable", "It describes itself in the same way whenever it is asked.", |p| {
        itself::describe_stable(p).boxed()
    }),
    bronze("describe_true", "What it says of itself is what its manifest says.", |p| itself::describe_true(p).boxed()),
    bronze("undeclared_unsupported", "A function that it does not declare answers `unsupported`.", |p| {
        itself::undeclared_unsupported(p).boxed()
    }),
    bronze("cassettes_pass", "It does what its own cassettes say.", |p| itself::cassettes_pass(p).boxed()),
    bronze("cassettes_cover", "Each function that it declares has a cassette in which all is well.", |p| {
        itself::cassettes_cover(p).boxed()
    }),
    bronze("malformed_answer", "Half a JSON answer becomes a typed error and no standing.", |p| {
        answers::malformed(p).boxed()
    }),
    bronze("empty_answer", "An empty answer becomes a typed error and no standing.", |p| answers::empty(p).boxed()),
    bronze("html_answer", "A web page in the place of an answer becomes a typed error and no standing.", |p| {
        answers::html(p).boxed()
    }),
    bronze("wrong_shape", "JSON of another shape becomes a typed error and no standing.", |p| {
        answers::wrong_shape(p).boxed()
    }),
    bronze("wrong_type", "A value of the wrong type makes no standing, no filing and no label.", |p| {
        answers::wrong_type(p).boxed()
    }),
    bronze("missing_field", "A missing field makes no number clean and no filing absent.", |p| {
        answers::missing_field(p).boxed()
    }),
    bronze("unknown_number", "A number that the agency does not know is unknown, never clean.", |p| {
        answers::unknown_number(p).boxed()
    }),
    bronze("dataset_stale", "An empty or old data set makes no number clean.", |p| answers::dataset_stale(p).boxed()),
    bronze("slow_answer", "An answer that does not come in time is `unavailable`.", |p| {
        statuses::slow_answer(p).boxed()
    }),
    bronze("unauthorized", "401 and 403 are `unauthorized`.", |p| statuses::unauthorized(p).boxed()),
    bronze("retry_after", "429 is `retry-after`, with the seconds that the agency names.", |p| {
        statuses::retry_after(p).boxed()
    }),
    bronze("server_fault", "5xx is `unavailable` or `retry-after`, so that it is tried again.", |p| {
        statuses::server_fault(p).boxed()
    }),
    bronze("track_never_lost", "No fault of an agency is taken for the absence of a filing.", |p| {
        filings::track_never_lost(p).boxed()
    }),
    bronze("register_repeats", "The same registration under the same key is the same request or packet.", |p| {
        filings::register_repeats(p).boxed()
    }),
    bronze("dispute_repeats", "The same dispute under the same key is the same request or packet.", |p| {
        filings::dispute_repeats(p).boxed()
    }),
    bronze("same_answer", "The same input gives the same output, whatever chance brings.", |p| {
        itself::same_answer(p).boxed()
    }),
    silver("both_ways", "Its cassettes show a number in good standing and one in bad standing.", |p| {
        itself::both_ways(p).boxed()
    }),
    silver("other_number", "An answer about another number says nothing about the one that was asked for.", |p| {
        batches::other_number(p).boxed()
    }),
    silver("batch_duplicates", "A number that stands twice in a batch is answered as if it stood there once.", |p| {
        batches::duplicates(p).boxed()
    }),
    silver("batch_mixed", "A number whose answer is broken takes none of the others with it.", |p| {
        batches::mixed(p).boxed()
    }),
    silver("odd_requests", "No batch is too small, too large or too foreign for a typed answer.", |p| {
        batches::odd_requests(p).boxed()
    }),
    silver("client_fault", "400 and 422 are told and not tried again.", |p| statuses::client_fault(p).boxed()),
    silver("host_refusals", "What the host refuses becomes the error that fits.", |p| {
        statuses::host_refusals(p).boxed()
    }),
    silver("filing_key", "A filing that is sent carries its key.", |p| filings::filing_key(p).boxed()),
    silver("dispute_stranger", "A dispute at an agency that it does not speak or file for is refused.", |p| {
        filings::dispute_stranger(p).boxed()
    }),
    silver("packet_complete", "A packet says what to do, and leaves no required field to guesswork.", |p| {
        filings::packet_complete(p).boxed()
    }),
    silver("directory_told", "It tells people where to file by hand, what is known, and which lines it sees.", |p| {
        people::directory_told(p).boxed()
    }),
    silver("standings_shown", "Its table of standings and its cassettes show the same ones.", |p| {
        people::standings_shown(p).boxed()
    }),
    gold("retry_after_forms", "Retry-After as a date, and 429 without it, are understood.", |p| {
        statuses::retry_after_forms(p).boxed()
    }),
    gold("stops_when_refused", "After 401 or 429 the rest of a batch is not asked.", |p| {
        batches::stops_when_refused(p).boxed()
    }),
    gold("asked_once", "A number that stands twice in a batch is asked for once.", |p| batches::asked_once(p).boxed()),
    gold("provenance", "Each function that it declares is known from its agency: recorded or documented.", |p| {
        itself::provenance(p).boxed()
    }),
    bronze("origins_named", "Nothing is sent that its manifest does not permit.", |p| {
        manners::origins_named(p).boxed()
    }),
    bronze("secrets_kept", "Keys are sent as placeholders, and what an agency repeats of them goes nowhere.", |p| {
        manners::secrets_kept(p).boxed()
    }),
    silver("plain_words", "What it tells and logs is fit for people: nothing empty, nothing garbled.", |p| {
        manners::plain_words(p).boxed()
    }),
    gold("frugal", "It stays far below its limits, and logs little while all is well.", |p| manners::frugal(p).boxed()),
];

/// Every rule, in the order in which they are judged.
pub(crate) fn list() -> Vec<Rule> {
    LAWS.iter().map(|law| law.rule).collect()
}

/// Judges an adapter by each of them that it is not exempt from.
pub(crate) async fn judge(bench: &Bench<'_>) -> Judgement {
    let probes = Probes::of(bench).await;
    let mut verdicts = Vec::new();
    for Law { rule, judge } in &LAWS {
        let verdict = match bench.folder.manifest.exempt.get(rule.id) {
            Some(exemption) => Verdict::Exempt(exemption.reason.clone()),
            None => judge(&probes).await,
        };
        (bench.judged)(rule);
        verdicts.push((*rule, verdict));
    }
    (verdicts, probes.calls())
}
