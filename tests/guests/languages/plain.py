"""The invented agency of ../plain, in Python: it keeps the same cassettes and the same rules as the script.

Built by `componentize-py`; adapters/OTHER_LANGUAGES.md says how.
"""

import json
import math
from datetime import timezone
from email.utils import parsedate_to_datetime

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.agency import CheckAnswer_Observations, FilingUpdate, InboundAnswer
from wit_world.imports import clock, config, http, log, types
from wit_world.imports.types import (
    Description,
    Error_Protocol,
    Error_Rejected,
    Error_RetryAfter,
    Error_Unauthorized,
    Error_Unavailable,
    Error_Unsupported,
    FilingAnswer_Filed,
    Observation,
    Score,
    Status,
    TrackAnswer_Absent,
    TrackAnswer_Found,
)

STATES = {
    "received": types.FilingStatus.SUBMITTED,
    "accepted": types.FilingStatus.ACCEPTED,
    "refused": types.FilingStatus.REFUSED,
}


class Agency(exports.Agency):
    def describe(self):
        functions = ["check", "register", "dispute", "track", "inbound", "probe"]
        return Description("plain", "1.0.0", functions, ["plain"])

    def check(self, request):
        observations, first = [], None
        # A number that stands there twice is asked for once; a dictionary keeps their order.
        for number in dict.fromkeys(request.numbers):
            try:
                answer = ask(http.Method.GET, f"/numbers/{number[1:]}")
                observations.append(observation(number, read(answer, number)))
            except Err as failure:
                first = first or failure
                log.write(log.Level.WARN, f"{number} is left out: {failure.value}")
                if not isinstance(failure.value, (Error_Protocol, Error_Rejected)):
                    break
        if first and not observations:
            raise first
        return CheckAnswer_Observations(observations)

    def register(self, request):
        business = request.business
        filing = {"name": business.legal_name, "ein": business.ein, "numbers": request.numbers}
        answer = ask(http.Method.POST, "/filings", filing, [("Idempotency-Key", request.key)])
        return FilingAnswer_Filed(filed(an_object(answer)))

    def dispute(self, request):
        if request.agency != "plain":
            raise Err(Error_Unsupported(f"this is not the place for {request.agency}"))

        def field(label, value):
            return types.PacketField("", label, value, True, False, None)

        raise Err(
            types.Error_NeedsPerson(
                types.Packet(
                    title=f"Dispute the label of {request.number}",
                    url="https://www.plain.example/dispute",
                    steps=["Open the page.", "Fill in the fields and send them."],
                    fields=[
                        field("Number", request.number),
                        field("Business", request.business.legal_name),
                        field("Statement", request.statement),
                    ],
                    files=[],
                    email=None,
                    tracking=["reference"],
                    acknowledged_in_days=2,
                    effective_in_days=7,
                    confidence="official",
                )
            )
        )

    def track(self, key):
        filings = an_object(ask(http.Method.GET, "/filings", query=[("key", key)])).get("filings")
        if not isinstance(filings, list):
            raise protocol("`filings` is no list")
        return TrackAnswer_Found(filed(filings[0])) if filings else TrackAnswer_Absent()

    def inbound(self, request):
        event = an_object(request.body)
        if event.get("kind") == "label":
            number = a_text(event.get("number"), "number")
            return InboundAnswer([observation(number, read(request.body, number))], [])
        if event.get("kind") != "filing":
            raise protocol("`kind` is neither label nor filing")
        return InboundAnswer([], [FilingUpdate(a_text(event.get("key"), "key"), filed(event))])

    def probe(self):
        account = an_object(ask(http.Method.GET, "/account"))
        return types.Probed(f"the account {a_text(account.get('name'), 'name')}", 0)

    def call_started(self, call):
        raise Err(Error_Unsupported("nobody there wants to know"))


def ask(method, path, body=None, headers=(), query=()):
    """One request, whose refusals are errors."""
    request = http.Request(
        method=method,
        origin="api",
        path=path,
        query=list(query),
        headers=[("Authorization", "Bearer {{secret:API_KEY}}"), *headers],
        body=None if body is None else json.dumps(body, separators=(",", ":")),
    )
    try:
        response = http.fetch(request)
    except Err as refused:
        raise Err(meaning(refused.value)) from None
    status = response.status
    if status == 429:
        raise Err(Error_RetryAfter(wait(response.headers)))
    if status in (401, 403):
        raise Err(Error_Unauthorized(f"the key is not accepted ({status})"))
    if status >= 500:
        raise Err(Error_Unavailable(f"the agency has a fault ({status})"))
    if status not in (200, 201):
        raise Err(Error_Rejected(f"the agency refuses ({status})"))
    return response.body


def meaning(refused):
    """What a refusal of the host means for whoever called."""
    match refused:
        case http.HttpError_TimedOut():
            return Error_Unavailable("the agency did not answer in time")
        case http.HttpError_Unreachable(reason):
            return Error_Unavailable(reason)
        case http.HttpError_RateLimited(seconds):
            return Error_RetryAfter(seconds)
        case http.HttpError_SecretMissing(name):
            return Error_Unauthorized(f"the secret {name} is not configured")
        case http.HttpError_TooLarge(size):
            return Error_Protocol(f"the answer is longer than {size} bytes")
        case http.HttpError_Denied(reason):
            return Error_Unsupported(reason)


def wait(headers):
    """Seconds or a date; a minute where nobody says."""
    written = next((value for name, value in headers if name.lower() == "retry-after"), "").strip()
    if written.isdecimal():
        return max(int(written), 1)
    try:
        at = parsedate_to_datetime(written).replace(tzinfo=timezone.utc).timestamp()
    except (TypeError, ValueError):
        return 60
    return max(math.ceil(at - clock.now_ms() / 1000), 1)


def read(body, number):
    answer = an_object(body)
    if answer.get("number") != number:
        raise protocol(f"the answer is about {json.dumps(answer.get('number'))}")
    reputation = answer.get("reputation")
    if not isinstance(reputation, dict):
        raise protocol("`reputation` is no object")
    score, blocked, label = (reputation.get(name) for name in ("score", "blocked", "label"))
    # True and False are numbers to Python.
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= 100:
        raise protocol("`score` is no figure from 0 to 100")
    if not isinstance(blocked, bool):
        raise protocol("`blocked` is neither true nor false")
    if "label" not in reputation or not (label is None or isinstance(label, str)):
        raise protocol("`label` is no text")
    return score, blocked, label


def observation(number, reputation):
    score, blocked, label = reputation
    flagged = score >= int(config.get("flagged_from"))
    return Observation(
        number=number,
        agency="plain",
        carrier=None,
        status=Status.BLOCKED if blocked else Status.FLAGGED if flagged else Status.UNFLAGGED,
        label=label,
        score=Score(score, 0, 100),
        observed_at=clock.now_ms() // 1000,
        cost_micros=0,
    )


def filed(filing):
    if not isinstance(filing, dict):
        raise protocol("the filing is no object")
    status = STATES.get(a_text(filing.get("state"), "state"))
    if status is None:
        raise protocol("`state` is a new word")
    return types.Filing(a_text(filing.get("id"), "id"), status, None, [])


def an_object(body):
    try:
        answer = json.loads(body)
    except ValueError:
        raise protocol("the answer is no JSON") from None
    if not isinstance(answer, dict):
        raise protocol("the answer is no object")
    return answer


def a_text(value, name):
    if isinstance(value, str) and value:
        return value
    raise protocol(f"`{name}` is no text")


def protocol(reason):
    return Err(Error_Protocol(reason))
