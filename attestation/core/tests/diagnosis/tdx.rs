//! TDX quotes: fields, and registers explained by the events of logs.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::diagnosis::{Difference, Explanation, Measured, compare};
use cloister_attestation::event_log::{EventLog, LogKind};
use cloister_attestation::evidence::Evidence;
use cloister_simulator::{Ccel, TdxGuest};

use crate::tdx::guest::{guest, outcome};

fn evidence(guest: &TdxGuest) -> Evidence {
    Evidence::Tdx(outcome(guest).unwrap().quote().clone())
}

fn boot(kernel: &str, command_line: &str) -> Ccel {
    Ccel::default()
        .naming(1, "kernel image", Digest48::sha384(kernel.as_bytes()))
        .measuring(1, 4, &[0; 4])
        .measuring(2, 0x0d, format!("kernel_cmdline: {command_line}").as_bytes())
}

fn parsed(log: &Ccel) -> EventLog {
    EventLog::parse(LogKind::Ccel, &log.encode()).unwrap()
}

/// The two guests with these logs beside their quotes.
fn compared(one: &Ccel, two: &Ccel, sent: [Option<&Ccel>; 2]) -> Vec<Difference> {
    let (a, b) = (
        evidence(&guest().with_event_log(one.clone())),
        evidence(&guest().with_event_log(two.clone())),
    );
    let [first, second] = sent.map(|log| log.map(parsed));
    let (mut a, mut b) = (Measured::of(&a), Measured::of(&b));
    if let Some(log) = &first {
        a = a.with_log(log);
    }
    if let Some(log) = &second {
        b = b.with_log(log);
    }
    compare(&a, &b)
}

fn components(found: &[Difference]) -> Vec<&str> {
    found.iter().map(|difference| difference.component.as_str()).collect()
}

#[test]
fn a_register_is_explained_by_the_events_that_differ() {
    let (old, new) = (boot("5.15", "quiet"), boot("6.8", "quiet"));
    let found = compared(&old, &new, [Some(&old), Some(&new)]);
    assert_eq!(components(&found), ["RTMR1"]);
    let Explanation::Events(events) = &found[0].explanation else { panic!("{found:?}") };
    let labels: Vec<&str> = events.iter().map(|event| event.label.as_str()).collect();
    assert_eq!(labels, ["kernel image"]);
}

#[test]
fn a_changed_command_line_is_called_so() {
    let (old, new) = (boot("6.8", "quiet"), boot("6.8", "init=/bin/sh"));
    let found = compared(&old, &new, [Some(&old), Some(&new)]);
    assert_eq!(components(&found), ["RTMR2"]);
    let Explanation::Events(events) = &found[0].explanation else { panic!("{found:?}") };
    assert_eq!(events[0].label, "kernel command line");
}

#[test]
fn a_log_that_does_not_give_its_register_explains_nothing() {
    let (old, new) = (boot("5.15", "quiet"), boot("6.8", "quiet"));
    for sent in [[Some(&new), Some(&new)], [Some(&old), Some(&old)]] {
        let found = compared(&old, &new, sent);
        assert!(matches!(found[0].explanation, Explanation::None(_)), "{found:?}");
    }
}

#[test]
fn one_log_alone_narrows_it_down_and_no_log_says_so() {
    let (old, new) = (boot("5.15", "quiet"), boot("6.8", "quiet"));
    let found = compared(&old, &new, [Some(&old), None]);
    let expected = ["kernel image", "separator"].map(str::to_owned).to_vec();
    assert_eq!(found[0].explanation, Explanation::OneOf(expected));
    let found = compared(&old, &new, [None, None]);
    assert!(matches!(found[0].explanation, Explanation::None(_)));
}

#[test]
fn each_field_differs_under_its_own_name() {
    let changed = |change: fn(&mut cloister_simulator::tdx::TdFields)| {
        let (a, b) = (evidence(&guest()), evidence(&guest().with_td_fields(change)));
        let found = compare(&Measured::of(&a), &Measured::of(&b));
        components(&found).join(" ")
    };
    assert_eq!(changed(|td| td.mr_td[0] ^= 1), "MRTD");
    assert_eq!(changed(|td| td.mr_config_id[0] ^= 1), "MRCONFIGID");
    assert_eq!(changed(|td| td.mr_owner[0] ^= 1), "MROWNER");
    assert_eq!(changed(|td| td.mr_owner_config[0] ^= 1), "MROWNERCONFIG");
    assert_eq!(changed(|td| td.mr_seam[0] ^= 1), "MRSEAM");
    assert_eq!(changed(|td| td.rtmr[3][0] ^= 1), "RTMR3");
    assert_eq!(changed(|td| td.report_data[0] ^= 1), "");
}
