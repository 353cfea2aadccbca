//! What every program says about a call, and the one outcome we make of it.

use numbers::outcome::{CallReport, Heard, Outcome, Rank, Redress, Verdict, merge, normalise};
use proptest::prelude::*;

/// Reads `sip=603 phrase="Network Blocked" talk=3` into a report; a value with spaces stands between backquotes.
fn report(text: &str) -> CallReport {
    let mut report = CallReport::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').unwrap_or_else(|| panic!("no value in {rest:?}"));
        let (value, after) = match after.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`').unwrap_or_else(|| panic!("no end in {after:?}")),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        let word = Some(value.to_string());
        let figure = || Some(value.parse().unwrap_or_else(|_| panic!("{value:?} is no figure")));
        match name {
            "sip" => report.sip_code = figure().map(|code: u32| code as u16),
            "phrase" => report.sip_reason = word,
            "reason" => report.reason_header = word,
            "info" => report.call_info = word,
            "q850" => report.q850 = figure().map(|cause: u32| cause as u16),
            "status" => report.dialstatus = word,
            "tech" => report.tech_cause = word,
            "by" => report.answered_by = word,
            "dispo" => report.disposition = word,
            "dial" => report.dial_time_s = figure(),
            "talk" => report.talk_s = figure(),
            "placed" => report.not_placed = value == "no",
            _ => panic!("no such part of a report: {name}"),
        }
        rest = after.trim_start();
    }
    report
}

fn verdict(text: &str) -> Verdict {
    normalise(&report(text)).unwrap_or_else(|| panic!("{text}: says nothing"))
}

/// The outcome, then what is remarkable about it: `suspected`, `unconfirmed`, `complaint`, `suppress`, `abandoned`, `redress`, `note`.
fn shown(verdict: &Verdict) -> String {
    let remarks = [
        (verdict.suspected_block, "suspected"),
        (!verdict.confirmed, "unconfirmed"),
        (verdict.complaint, "complaint"),
        (verdict.suppress_callee, "suppress"),
        (verdict.abandoned(), "abandoned"),
        (verdict.redress.is_some(), "redress"),
        (verdict.note.is_some(), "note"),
    ];
    let mut shown = verdict.outcome.word().to_string();
    for (_, remark) in remarks.into_iter().filter(|(holds, _)| *holds) {
        shown.push(' ');
        shown.push_str(remark);
    }
    shown
}

/// Each line is a report, an arrow and what is made of it; `nothing` when it tells nothing.
fn check(table: &str) {
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.rsplit_once(" -> ").unwrap_or_else(|| panic!("no arrow in {line:?}"));
        let got = normalise(&report(said)).map_or("nothing".to_string(), |verdict| shown(&verdict));
        if got != expected.trim() {
            wrong.push(format!("{said}\n    expected {expected}\n    got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn answered_by_a_person() {
    check(
        "
        sip=200 talk=6 -> answered_human
        sip=200 q850=16 status=ANSWER talk=45 -> answered_human
        sip=200 q850=16 status=ANSWER by=HUMAN talk=45 -> answered_human
        status=completed sip=200 by=human talk=30 -> answered_human
        status=normal_clearing sip=200 by=human_residence talk=30 -> answered_human
        status=normal_clearing sip=200 by=human_business -> answered_human
        status=NORMAL_CLEARING q850=16 talk=30 -> answered_human
        dispo=SALE -> answered_human
        dispo=NI talk=20 -> answered_human
        dispo=CALLBK talk=20 -> answered_human
        dispo=DEC talk=20 -> answered_human
        dispo=XFER talk=20 -> answered_human
        dispo=sale -> answered_human
        dispo=DNC talk=20 -> answered_human complaint suppress
        dispo=answered_human -> answered_human
        dispo=SALE by=machine_start talk=90 -> answered_human
        dispo=SALE sip=603 phrase=Decline -> answered_human
        talk=30 -> answered_human
        ",
    );
}

#[test]
fn short_and_unknown_answers() {
    check(
        "
        sip=200 talk=5 -> short_call
        sip=200 talk=0 -> short_call
        status=ANSWER q850=16 talk=3 -> short_call
        status=completed talk=5 -> short_call
        status=completed by=human talk=2 -> short_call
        status=completed by=unknown talk=2 -> short_call
        dispo=DNC talk=3 -> short_call complaint suppress
        status=NORMAL_CLEARING q850=16 talk=1 -> short_call
        sip=200 q850=16 status=ANSWER tech=`SIP 200 OK` -> answered_unknown
        status=SUCCESS q850=16 -> answered_unknown
        status=completed by=unknown talk=60 -> answered_unknown
        status=normal_clearing sip=200 by=not_sure talk=60 -> answered_unknown
        status=normal_clearing sip=200 by=silence talk=60 -> answered_unknown
        status=ANSWER by=NOTSURE talk=60 -> answered_unknown
        status=ANSWER by=HANGUP talk=60 -> answered_unknown
        by=unknown -> answered_unknown
        dispo=PU -> answered_unknown
        dispo=PM -> answered_unknown
        dispo=NOTSURE -> answered_unknown
        dispo=DAIR talk=40 -> answered_unknown
        dispo=DROP sip=200 talk=2 -> answered_unknown abandoned
        dispo=PDROP -> answered_unknown abandoned
        ",
    );
}

#[test]
fn machines_and_faxes() {
    check(
        "
        sip=200 by=MACHINE talk=4 -> voicemail
        status=completed sip=200 by=machine_start -> voicemail
        status=completed by=machine_end_beep talk=20 -> voicemail
        status=completed by=machine_end_silence -> voicemail
        status=completed by=machine_end_other -> voicemail
        by=machine -> voicemail
        dispo=A -> voicemail
        dispo=AA talk=3 -> voicemail
        dispo=AM -> voicemail
        dispo=AL -> voicemail
        sip=200 by=fax talk=4 -> fax
        by=fax_detected -> fax
        dispo=AFAX -> fax
        ",
    );
}

#[test]
fn unanswered_and_busy() {
    check(
        "
        sip=408 -> no_answer
        sip=480 dial=20 -> no_answer
        sip=480 dial=1 -> no_answer suspected
        sip=487 -> no_answer
        q850=18 -> no_answer
        q850=19 -> no_answer
        q850=20 -> no_answer
        q850=16 status=NOANSWER -> no_answer
        q850=16 talk=0 -> no_answer
        q850=127 status=CANCEL -> no_answer
        q850=16 status=NORMAL_CLEARING talk=0 -> no_answer
        status=CANCEL -> no_answer
        status=no-answer sip=487 -> no_answer
        status=canceled -> no_answer
        status=timeout -> no_answer
        status=originator_cancel -> no_answer
        status=NO_USER_RESPONSE -> no_answer
        status=ALLOTTED_TIMEOUT -> no_answer
        dispo=NA -> no_answer
        dispo=N -> no_answer
        talk=0 -> no_answer
        sip=486 -> busy
        sip=600 phrase=`Busy Everywhere` -> busy
        q850=17 -> busy
        status=BUSY -> busy
        status=user_busy -> busy
        dispo=AB -> busy
        dispo=B -> busy
        ",
    );
}

#[test]
fn refusals_are_no_blocks_without_proof() {
    check(
        "
        sip=603 phrase=Decline -> rejected
        sip=603 phrase=Decline dial=1 -> rejected suspected
        sip=603 phrase=Decline dial=2 -> rejected
        sip=603 -> rejected
        q850=21 -> rejected
        q850=21 status=CHANUNAVAIL -> rejected
        status=busy sip=603 -> rejected
        status=failed sip=603 -> rejected
        status=no-answer sip=603 -> rejected
        status=call_rejected -> rejected
        status=call_rejected sip=603 -> rejected
        dispo=ADCT -> rejected
        dispo=HUC21 q850=21 -> rejected
        dispo=blocked_network -> rejected
        ",
    );
}

#[test]
fn blocks() {
    check(
        "
        sip=607 -> blocked_unwanted complaint suppress
        status=failed sip=607 -> blocked_unwanted complaint suppress
        status=no-answer sip=607 -> blocked_unwanted complaint suppress
        sip=607 q850=21 -> blocked_unwanted complaint suppress
        status=UNWANTED q850=16 -> blocked_unwanted complaint suppress
        sip=608 -> blocked_analytics
        status=failed sip=608 -> blocked_analytics
        status=busy sip=608 -> blocked_analytics
        sip=608 info=`<https://c.example/card>;purpose=jwscard` -> blocked_analytics redress
        sip=608 info=`<https://c.example/i.png>;purpose=icon, <https://c.example/card>; purpose=\"jwscard\"` -> blocked_analytics redress
        sip=608 info=`<http://c.example/card>;purpose=jwscard` -> blocked_analytics
        sip=608 info=`<https://c.example/i.png>;purpose=icon` -> blocked_analytics
        dispo=ADCT status=CONGESTION q850=21 tech=`SIP 608 Rejected` -> blocked_analytics
        ",
    );
}

/// The verdicts of FreeSWITCH on what is a 603+ and what only looks like one.
#[test]
fn a_603_plus_needs_code_phrase_and_text() {
    check(
        "
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;url=https://r.example/r?id=abc\";location=RLN` -> blocked_network redress
        sip=603 phrase=`Network Blocked` reason=`Q.850;cause=21;text=\"v=analytics1;tel=+12125550143;email=r@c.example\"` -> blocked_network redress
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;tel=+12125550143\"` dial=12 -> blocked_network redress
        sip=603 phrase=`NETWORK  blocked` reason=`Reason: sip ; text=\" v=analytics1 ; odd=1; id=a_b-9\" ; cause=603` -> blocked_network redress
        sip=603 phrase=`Network Blocked` reason=`Q.850;cause=16, SIP;cause=603;text=\"v=analytics1;id=7\"` -> blocked_network redress
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;url=http://r.example\"` -> blocked_network
        sip=403 tech=`SIP 603 Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;id=7\"` q850=21 -> blocked_network redress
        sip=603 tech=sip:603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;id=7\"` q850=21 status=CALL_REJECTED -> blocked_network redress
        sip=603 phrase=Decline reason=`SIP;cause=603;text=\"v=analytics1;id=7\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"spam\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics10;id=7\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"id=7;v=analytics1;\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` reason=`SIP;cause=486;text=\"v=analytics1;id=7\"` -> rejected suspected note
        sip=603 phrase=`Network Blocked` -> rejected suspected
        sip=603 tech=sip:603 phrase=`Network Blocked` -> rejected suspected
        sip=486 phrase=`Busy Here` reason=`SIP;cause=603;text=\"v=analytics1;id=7\"` -> busy suspected note
        sip=486 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;id=7\"` -> busy suspected note
        q850=21 reason=`Q.850;cause=21;text=\"v=analytics1;id=7\"` -> rejected suspected note
        ",
    );
}

#[test]
fn bad_lists_refused_numbers_and_broken_networks() {
    check(
        "
        sip=404 -> invalid_number
        sip=604 -> invalid_number
        sip=410 -> invalid_number
        sip=484 -> invalid_number
        sip=485 -> invalid_number
        q850=1 -> invalid_number
        q850=2 -> invalid_number
        q850=3 -> invalid_number
        q850=22 -> invalid_number
        q850=28 -> invalid_number
        q850=1 status=CHANUNAVAIL -> invalid_number
        status=failed sip=404 -> invalid_number
        status=not_found -> invalid_number
        status=UNALLOCATED_NUMBER -> invalid_number
        status=NO_ROUTE_DESTINATION -> invalid_number
        status=INVALID_NUMBER_FORMAT -> invalid_number
        status=NUMBER_CHANGED -> invalid_number
        dispo=DC -> invalid_number
        dispo=ADC -> invalid_number
        dispo=CPDSV -> invalid_number
        sip=403 -> caller_id_refused
        sip=606 -> caller_id_refused
        sip=401 -> caller_id_refused
        sip=407 -> caller_id_refused
        sip=428 -> caller_id_refused
        sip=436 -> caller_id_refused
        sip=437 -> caller_id_refused
        sip=438 -> caller_id_refused
        q850=57 -> caller_id_refused
        q850=55 -> caller_id_refused
        q850=21 tech=`SIP 403 Forbidden` -> caller_id_refused
        sip=500 -> network_failed
        sip=502 -> network_failed
        sip=503 -> network_failed
        sip=504 -> network_failed
        sip=488 -> network_failed
        sip=408 q850=102 -> network_failed
        sip=408 q850=18 -> no_answer
        sip=408 status=RECOVERY_ON_TIMER_EXPIRE -> network_failed
        q850=27 -> network_failed
        q850=34 -> network_failed
        q850=38 -> network_failed
        q850=41 -> network_failed
        q850=42 -> network_failed
        q850=47 -> network_failed
        q850=88 -> network_failed
        q850=102 -> network_failed
        q850=127 -> network_failed
        status=CONGESTION -> network_failed
        status=CHANUNAVAIL -> network_failed
        status=unspecified -> network_failed
        status=NORMAL_TEMPORARY_FAILURE -> network_failed
        status=NETWORK_OUT_OF_ORDER -> network_failed
        dispo=CPDATB -> network_failed
        dispo=HUC34 -> network_failed
        dispo=DNCCAR -> not_placed
        dispo=ADCCAR -> not_placed
        status=DONTCALL -> not_placed
        placed=no -> not_placed
        ",
    );
}

/// What Asterisk 22 was seen to report: the dialer's code, the cause, DIALSTATUS and the tech string.
#[test]
fn as_asterisk_reports() {
    check(
        "
        sip=200 q850=16 status=ANSWER tech=`SIP 200 OK` talk=20 -> answered_human
        sip=404 q850=1 status=CHANUNAVAIL tech=`SIP 404 Not Found` -> invalid_number
        sip=603 q850=16 status=NOANSWER tech=`SIP 180 Ringing` talk=0 -> no_answer
        sip=480 q850=19 status=NOANSWER tech=`SIP 480 Temporarily Unavailable` -> no_answer
        sip=484 q850=28 status=CHANUNAVAIL tech=`SIP 484 Address Incomplete` -> invalid_number
        sip=486 q850=17 status=BUSY tech=`SIP 486 Busy Here` -> busy
        sip=486 q850=17 status=BUSY tech=`SIP 600 Busy Everywhere` -> busy
        sip=503 q850=34 status=CONGESTION tech=`SIP 503 Service Unavailable` -> network_failed
        sip=403 q850=21 status=CHANUNAVAIL tech=`SIP 603 Decline` -> rejected
        sip=403 q850=21 status=CHANUNAVAIL tech=`SIP 603 Network Blocked` -> blocked_network unconfirmed
        sip=404 q850=1 status=CHANUNAVAIL tech=`SIP 604 Does Not Exist Anywhere` -> invalid_number
        sip=500 q850=127 status=CHANUNAVAIL tech=`SIP 607 Unwanted` -> blocked_unwanted complaint suppress
        sip=500 q850=127 status=CHANUNAVAIL tech=`SIP 608 Rejected` -> blocked_analytics
        ",
    );
}

/// What FreeSWITCH 1.11 was seen to report on the first leg.
#[test]
fn as_freeswitch_reports() {
    check(
        "
        sip=200 q850=16 status=SUCCESS talk=20 -> answered_human
        sip=404 q850=1 status=UNALLOCATED_NUMBER tech=sip:404 phrase=`Not Found` -> invalid_number
        sip=480 q850=16 status=NO_ANSWER talk=0 dial=20 -> no_answer
        sip=480 q850=16 status=NO_USER_RESPONSE tech=sip:480 phrase=`Temporarily Unavailable` -> no_answer
        sip=484 q850=28 status=INVALID_NUMBER_FORMAT tech=sip:484 -> invalid_number
        sip=486 q850=17 status=USER_BUSY tech=sip:486 -> busy
        sip=503 q850=34 status=NORMAL_CIRCUIT_CONGESTION tech=sip:503 -> network_failed
        sip=600 q850=17 status=USER_BUSY tech=sip:600 phrase=`Busy Everywhere` -> busy
        sip=603 q850=21 status=CALL_REJECTED tech=sip:603 phrase=Decline -> rejected
        sip=604 q850=3 status=NO_ROUTE_DESTINATION tech=sip:604 -> invalid_number
        sip=607 q850=16 status=UNWANTED tech=sip:607 phrase=Unwanted -> blocked_unwanted complaint suppress
        sip=608 q850=21 status=CALL_REJECTED tech=sip:608 phrase=Rejected -> blocked_analytics
        ",
    );
}

#[test]
fn reports_that_tell_nothing() {
    check(
        "
        dial=3 -> nothing
        status=ringing -> nothing
        status=in-progress -> nothing
        status=queued by=` ` -> nothing
        q850=0 sip=0 -> nothing
        q850=16 -> nothing
        status=NORMAL_CLEARING q850=16 -> nothing
        tech=`DAHDI 21` dispo=MYCODE -> nothing
        sip=302 -> nothing
        reason=nonsense -> nothing
        ",
    );
}

#[test]
fn redress_keeps_only_what_is_well_formed() {
    let block = |text: &str| {
        verdict(&format!(
            "sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;{text}\";location=RLN`"
        ))
        .redress
        .unwrap_or_default()
    };
    let all = block("url=https://r.example/r?id=a=b;tel=+12125550143;email=r@c.example;id=Ab_9-");
    let expected = Redress {
        url: Some("https://r.example/r?id=a=b".into()),
        tel: numbers::E164::parse("+12125550143").ok(),
        email: Some("r@c.example".into()),
        id: Some("Ab_9-".into()),
        location: Some("RLN".into()),
    };
    assert_eq!(all, expected);

    let url = |url: &str| block(&format!("url={url}")).url;
    assert_eq!(url("https://me:secret@r.example/x"), Some("https://r.example/x".into()), "credentials are stripped");
    assert_eq!(url("https://a@b@r.example:8443/x@y"), Some("https://r.example:8443/x@y".into()));
    assert_eq!(url("HTTPS://r.example"), Some("https://r.example".into()));
    assert_eq!(url("https://[2001:db8::1]/x"), Some("https://[2001:db8::1]/x".into()));
    for bad in [
        "http://r.example",
        "javascript:alert(1)",
        "https://",
        "https://me@",
        "https://r.example\\\\@evil.example",
        "https://r.example/<b>",
        "https://r.ex ample/",
        "https://rédress.example/",
        "file:///etc/passwd",
    ] {
        assert_eq!(url(bad), None, "{bad}");
    }
    assert_eq!(url(&format!("https://r.example/{}", "x".repeat(2000))), None, "too long to be an address");
    for bad in ["tel=12125550143", "tel=+1212", "email=nobody", "email=a@b@c.example", "id=a b", "id="] {
        let redress = block(bad);
        assert_eq!((redress.tel, redress.email, redress.id), (None, None, None), "{bad}");
    }
    assert_eq!(block(&format!("id={}", "x".repeat(64))).id.map(|id| id.len()), Some(64));
    assert_eq!(block(&format!("id={}", "x".repeat(65))).id, None);
}

/// What is known after two reports, the earlier first.
fn check_merge(earlier: &str, later: &str, expected: &str) {
    let merged = merge(&verdict(earlier), &verdict(later));
    assert_eq!(shown(&merged), expected, "{earlier} then {later}");
}

#[test]
fn later_evidence_corrects() {
    check_merge("sip=200 talk=40", "by=machine_start", "voicemail");
    check_merge("by=machine_start", "sip=200 talk=40", "voicemail");
    check_merge("sip=200 talk=3", "by=human", "short_call");
    check_merge("by=human", "sip=200 talk=3", "short_call");
    check_merge("by=human", "sip=200 talk=30", "answered_human");
    check_merge("sip=200", "talk=30", "answered_human");
    check_merge("sip=200 talk=30", "by=unknown", "answered_unknown");
    check_merge("by=machine_start talk=60", "dispo=SALE", "answered_human");
    check_merge("by=human talk=60", "dispo=DNC", "answered_human complaint suppress");
    check_merge("dispo=DNC talk=60", "dispo=SALE", "answered_human complaint suppress");
    check_merge("sip=200 talk=3", "dispo=DROP", "answered_unknown abandoned");
}

#[test]
fn the_report_nearest_the_carrier_holds_in_either_order() {
    let plus = "sip=603 phrase=`Network Blocked` reason=`SIP;cause=603;text=\"v=analytics1;id=7\"`";
    for (nearer, farther, expected) in [
        ("sip=607", "q850=127 status=CHANUNAVAIL", "blocked_unwanted complaint suppress"),
        (plus, "sip=403 q850=21", "blocked_network redress"),
        (plus, "sip=403 q850=21 tech=`SIP 603 Network Blocked`", "blocked_network redress"),
        (plus, "dispo=ADCT", "blocked_network redress"),
        ("sip=503 phrase=`Service Unavailable`", "sip=480", "network_failed"),
        ("q850=17", "status=failed", "busy"),
        ("sip=486", "placed=no", "busy"),
    ] {
        check_merge(nearer, farther, expected);
        check_merge(farther, nearer, expected);
    }
    check_merge("sip=486", "sip=480 dial=9", "no_answer");
}

#[test]
fn the_order_of_evidence() {
    let ranks = [
        "talk=0",
        "status=BUSY",
        "q850=17",
        "sip=486",
        "sip=486 phrase=`Busy Here`",
        "sip=486 reason=`Q.850;cause=17`",
        "by=human",
        "dispo=SALE",
    ]
    .map(|said| verdict(said).rank);
    let expected = [
        Rank::Duration,
        Rank::Status,
        Rank::Cause,
        Rank::Sip,
        Rank::SipPhrase,
        Rank::SipReason,
        Rank::Detector,
        Rank::Agent,
    ];
    assert_eq!(ranks, expected);
    assert!(ranks.is_sorted());
}

#[test]
fn words_are_one_for_code_and_wire() {
    for outcome in Outcome::ALL {
        let mut report = CallReport { disposition: Some(outcome.word().into()), ..CallReport::default() };
        assert!(normalise(&report).is_some(), "{outcome} is understood as a disposition");
        report.disposition = Some(outcome.word().to_uppercase());
        assert!(normalise(&report).is_some(), "{outcome} in capitals");
    }
    let blocking: Vec<_> = Outcome::ALL.into_iter().filter(|outcome| outcome.blocks()).map(Outcome::word).collect();
    assert_eq!(blocking, ["blocked_network", "blocked_unwanted", "blocked_analytics"]);
    assert!(Outcome::ALL.into_iter().all(|outcome| !(outcome.blocks() && outcome.answered())));
}

fn any_report() -> impl Strategy<Value = CallReport> {
    let word =
        |words: &'static [&'static str]| proptest::option::of(proptest::sample::select(words).prop_map(String::from));
    let header = proptest::option::of(prop_oneof![
        "\\PC{0,60}",
        "(SIP|Q.850);cause=(603|21|16);text=\"v=analytics1;[a-z=;:/@\\\\\"]{0,40}",
    ]);
    (
        proptest::option::of(0u16..800),
        proptest::option::of("\\PC{0,20}|Network Blocked|Decline"),
        header.clone(),
        header,
        proptest::option::of(0u16..140),
        word(&["ANSWER", "NOANSWER", "BUSY", "failed", "completed", "NORMAL_CLEARING", "", "é"]),
        proptest::option::of("\\PC{0,20}|SIP [0-9]{3} (Network Blocked|Ringing)|sip:[0-9]{3}"),
        word(&["human", "machine_start", "fax", "unknown", "?"]),
        word(&["SALE", "DNC", "DROP", "ADCT", "busy", "x"]),
        (proptest::option::of(0u32..20), proptest::option::of(0u32..20), any::<bool>()),
    )
        .prop_map(
            |(
                sip_code,
                sip_reason,
                reason_header,
                call_info,
                q850,
                dialstatus,
                tech_cause,
                answered_by,
                disposition,
                times,
            )| {
                CallReport {
                    sip_code,
                    sip_reason,
                    reason_header,
                    call_info,
                    q850,
                    dialstatus,
                    tech_cause,
                    answered_by,
                    disposition,
                    dial_time_s: times.0,
                    talk_s: times.1,
                    not_placed: times.2,
                }
            },
        )
}

proptest! {
    /// Strangers write half of a report: nothing in it may stop the daemon, and a confirmed block has its proof.
    #[test]
    fn any_report_is_weighed(report in any_report()) {
        if let Some(verdict) = normalise(&report) {
            if verdict.outcome == Outcome::BlockedNetwork && verdict.confirmed {
                prop_assert!(report.reason_header.as_deref().is_some_and(|header| header.contains("analytics1")));
            }
            if let Some(url) = verdict.redress.as_ref().and_then(|redress| redress.url.as_ref()) {
                let authority = url.trim_start_matches("https://").split(['/', '?', '#']).next().unwrap_or("");
                prop_assert!(url.starts_with("https://") && !authority.contains('@'), "{url}");
            }
            prop_assert!(verdict.outcome != Outcome::ShortCall || verdict.talk_s.is_some());
        }
    }

    /// The same report twice is one report, and a lower rank never unseats a higher one.
    #[test]
    fn merging_is_idempotent_and_keeps_the_higher_rank(a in any_report(), b in any_report()) {
        if let (Some(a), Some(b)) = (normalise(&a), normalise(&b)) {
            prop_assert_eq!(merge(&a, &a), a.clone());
            let merged = merge(&a, &b);
            prop_assert_eq!(merged.rank, a.rank.max(b.rank));
            prop_assert_eq!(merge(&merged, &b).outcome, merged.outcome);
            prop_assert_eq!(merged.complaint, a.complaint || b.complaint);
            if a.heard == Heard::Machine && a.rank == Rank::Detector && b.rank < Rank::Detector {
                prop_assert_eq!(merged.outcome, Outcome::Voicemail);
            }
        }
    }
}
