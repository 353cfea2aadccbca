//! An agency that is known from cassettes alone: answers what they show, also about other numbers.

use crate::stage::Tape;
use numbers::E164;
use sandbox::{HttpError, HttpRequest, HttpResponse};

pub(super) type Reply = Result<HttpResponse, HttpError>;

/// Exchanges that were seen, and the numbers that they were about.
#[derive(Clone, Debug, Default)]
pub(super) struct Agency {
    exchanges: Vec<(HttpRequest, Reply)>,
    numbers: Vec<E164>,
}

impl Agency {
    pub fn new(tape: &Tape, replies: &[Reply], numbers: &[E164]) -> Agency {
        let exchanges = tape.requests.iter().cloned().zip(replies.iter().cloned()).collect();
        Agency { exchanges, numbers: numbers.to_vec() }
    }

    /// What it says to a request while it is asked about `asked`: what was seen, with the numbers put in that are asked
    /// about now. A request of which nothing like it was seen gets the answer to the nearest that was.
    pub fn reply(&self, turn: usize, request: &HttpRequest, asked: &[E164]) -> Reply {
        let nothing = || Err(HttpError::Unreachable("the cassettes show no answer to this".to_owned()));
        for swap in self.swaps(asked) {
            if let Some((_, reply)) = self.exchanges.iter().find(|(seen, _)| swap.request(seen) == *request) {
                return swap.reply(reply);
            }
        }
        let alike = |(seen, _): &&(HttpRequest, Reply)| seen.method == request.method && seen.origin == request.origin;
        let nearest = self.exchanges.iter().filter(alike).nth(turn).or_else(|| self.exchanges.iter().rfind(alike));
        let Some((seen, reply)) = nearest else { return nothing() };
        let from = self.numbers.iter().find(|number| mentions(seen, **number));
        let to = asked.iter().find(|number| mentions(request, **number));
        match (from, to) {
            (Some(from), Some(to)) => Swap::of([(*from, *to)]).reply(reply),
            _ => reply.clone(),
        }
    }

    fn swaps(&self, asked: &[E164]) -> Vec<Swap> {
        let mut distinct = asked.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut swaps = vec![Swap::default()];
        for asked in [asked, &distinct] {
            if asked.len() == self.numbers.len() {
                swaps.push(Swap::of(self.numbers.iter().copied().zip(asked.iter().copied())));
            }
        }
        for from in &self.numbers {
            swaps.extend(distinct.iter().map(|to| Swap::of([(*from, *to)])));
        }
        swaps
    }
}

/// Whether a request is about this number.
pub(super) fn mentions(request: &HttpRequest, number: E164) -> bool {
    let mut texts = vec![request.path.as_str(), request.body.as_deref().unwrap_or_default()];
    texts.extend(request.query.iter().chain(&request.headers).map(|(_, value)| value.as_str()));
    texts.iter().any(|text| is_in(text, number))
}

/// Whether a text holds this number in any of its spellings.
pub(super) fn is_in(text: &str, number: E164) -> bool {
    spellings(number).iter().any(|spelling| text.contains(spelling))
}

/// As agencies write a number; the first stands inside every longer form without separators.
fn spellings(number: E164) -> Vec<String> {
    let text = number.to_string();
    let Some(national) = text.strip_prefix("+1").filter(|national| national.len() == 10) else {
        return vec![text.trim_start_matches('+').to_owned()];
    };
    let (area, exchange, line) = (&national[..3], &national[3..6], &national[6..]);
    vec![
        national.to_owned(),
        format!("{area}-{exchange}-{line}"),
        format!("({area}) {exchange}-{line}"),
        format!("{area}.{exchange}.{line}"),
    ]
}

/// Puts some numbers in the places of others.
#[derive(Clone, Debug, Default)]
pub(super) struct Swap(Vec<(String, String)>);

impl Swap {
    pub fn of(numbers: impl IntoIterator<Item = (E164, E164)>) -> Swap {
        let pairs = numbers.into_iter().filter(|(from, to)| from != to);
        Swap(pairs.flat_map(|(from, to)| spellings(from).into_iter().zip(spellings(to))).collect())
    }

    fn text(&self, text: &str) -> String {
        // By way of marks that no text holds, so that two numbers can change places.
        const MARKS: u32 = 0xF_0000;
        let mark = |index: usize| u32::try_from(index).ok().and_then(|index| char::from_u32(MARKS + index));
        let marks: Vec<(char, &(String, String))> =
            self.0.iter().enumerate().filter_map(|(index, pair)| Some((mark(index)?, pair))).collect();
        let marked =
            marks.iter().fold(text.to_owned(), |text, (mark, (from, _))| text.replace(from, &mark.to_string()));
        marks.iter().fold(marked, |text, (mark, (_, to))| text.replace(*mark, to))
    }

    fn pairs(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.clone(), self.text(value))).collect()
    }

    fn request(&self, request: &HttpRequest) -> HttpRequest {
        HttpRequest {
            method: request.method,
            origin: request.origin.clone(),
            path: self.text(&request.path),
            query: self.pairs(&request.query),
            headers: self.pairs(&request.headers),
            body: request.body.as_deref().map(|body| self.text(body)),
        }
    }

    pub fn reply(&self, reply: &Reply) -> Reply {
        let response = reply.as_ref().map_err(Clone::clone)?;
        let headers = self.pairs(&response.headers);
        Ok(HttpResponse { status: response.status, headers, body: self.text(&response.body) })
    }
}
