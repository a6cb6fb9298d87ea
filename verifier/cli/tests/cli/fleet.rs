//! `cloister fleet forecast`: offline, against a Verifier, and with what is fetched.

use std::fs;

use cloister_api::v1;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::forecast::Machine;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_simulator::TdxGuest;
use cloister_simulator::publisher::{Catalogue, Publisher};
use cloister_simulator::tdx::TcbInfo;
use serde_json::{Value, json};

use crate::operator::Desk;
use crate::program::{Run, cloister};
use crate::recorded::case;
use crate::simulated::{AT, Case, pki, report_data};

fn forecast(words: &[&str]) -> Run {
    cloister(["fleet", "forecast", "--json"].iter().chain(words))
}

/// What Intel is going to say: the current level with more microcode, and the old one outdated.
fn next(info: &mut TcbInfo) {
    let mut better = info.tcb_levels[0].clone();
    better.tcb.sgxtcbcomponents[0].svn += 2;
    info.tcb_levels[0].tcb_status = "OutOfDate".to_owned();
    info.tcb_levels[0].advisory_ids = vec!["INTEL-SA-01234".to_owned()];
    info.tcb_levels.insert(0, better);
}

/// A case, and the paths of its anchor, Evidence and early set.
fn early() -> (Case, [String; 3]) {
    let case = Case::tdx();
    let collateral = TdxGuest::new(&pki()).with_tcb_info(next).collateral_json();
    case.put("early.json", &collateral);
    let paths = ["anchor.json", "evidence", "early.json"];
    let paths = paths.map(|name| case.path(name).to_str().unwrap().to_owned());
    (case, paths)
}

/// The failures of the first machine that are no end of collateral or certificates.
fn failures(told: &Value) -> Vec<Value> {
    let failures = told["machines"][0]["failures"].as_array().unwrap();
    let ends = |failure: &&Value| failure["cause"]["kind"].as_str().unwrap().ends_with("_ends");
    failures.iter().filter(|failure| !ends(failure)).cloned().collect()
}

#[test]
fn a_machine_that_is_short_in_the_early_set_is_two_with_what_mends_it() {
    let (_case, [anchor, evidence, early]) = early();
    let base = ["--evidence", &evidence, "--simulator-anchor", &anchor, "--at", AT];
    let run = forecast(&base);
    assert_eq!((run.exit, failures(&run.json())), (0, vec![]), "{}", run.stdout);
    let run = forecast(&[&base[..], &["--early", &early]].concat());
    let told = run.json();
    assert_eq!((run.exit, &told["machines"][0]["fails_within"]), (2, &json!(true)), "{told}");
    let failure = &failures(&told)[0];
    assert_eq!(failure["announced"], false);
    assert_eq!(failure["cause"]["status"], "OutOfDate");
    assert_eq!(failure["cause"]["advisories"], json!(["INTEL-SA-01234"]));
    let short = &failure["mend"]["short"][0];
    let (have, need) = (short["have"].as_u64().unwrap(), short["need"].as_u64().unwrap());
    assert_eq!((need - have, &short["component"]), (2, &json!("SGX TCB component 0")));

    let announced = ["--early", &early, "--switch-on", "2026-09-01T00:00:00Z"];
    for (within, exit) in [("90d", 0), ("91d", 2)] {
        let more = [&announced[..], &["--within", within]].concat();
        let run = forecast(&[&base[..], &more].concat());
        assert_eq!(run.exit, exit, "{within}: {}", run.stdout);
    }
}

#[test]
fn the_table_names_machine_date_reason_and_update_within_80_columns() {
    let (_case, [anchor, evidence, early]) = early();
    let run = cloister([
        "fleet",
        "forecast",
        "--evidence",
        &evidence,
        "--simulator-anchor",
        &anchor,
        "--at",
        AT,
        "--early",
        &early,
    ]);
    assert_eq!(run.exit, 2, "{}", run.stdout);
    for word in ["ppid", "early set", "INTEL-SA-01234", "1 of 1 machines fail"] {
        assert!(run.stdout.replace("\n", " ").contains(word), "{word} in {}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
}

#[test]
fn amds_minimum_counts_from_its_day_on() {
    let case = Case::snp();
    let minimum = "[[minimum]]\nproduct = \"milan\"\neffective = \"2026-07-02T00:00:00Z\"\n\
                   bulletin = \"AMD-SB-9999\"\n\
                   tcb = { boot_loader = 4, tee = 0, snp = 25, microcode = 219 }\n";
    case.put("amd.toml", minimum.as_bytes());
    let paths = ["anchor.json", "evidence", "amd.toml"];
    let [anchor, evidence, file] = paths.map(|n| case.path(n).to_str().unwrap().to_owned());
    let base = ["--evidence", &evidence, "--simulator-anchor", &anchor, "--at", AT];
    for (within, exit) in [("29d", 0), ("30d", 2)] {
        let run = forecast(&[&base[..], &["--minimums", &file, "--within", within]].concat());
        assert_eq!(run.exit, exit, "{within}: {}", run.stdout);
        let failure = &failures(&run.json())[0];
        assert_eq!(failure["from"], "2026-07-02T00:00:00Z");
        assert_eq!(failure["cause"]["bulletin"], "AMD-SB-9999");
        assert_eq!(failure["mend"]["short"][0]["component"], "SNP");
        assert!(failure["mend"]["short"][0]["carried_by"].as_str().unwrap().contains("firmware"));
    }
    for (from, to) in [("snp = 25", "snpp = 25"), ("boot_loader = 4", "fmc = 1, boot_loader = 4")] {
        case.put("amd.toml", minimum.replace(from, to).as_bytes());
        let run = forecast(&[&base[..], &["--minimums", &file]].concat());
        assert_eq!(
            (run.exit, &run.json()["error"]["id"]),
            (1, &json!("forecast.minimums")),
            "{to}"
        );
    }
}

/// What a Verifier keeps of the case's machine.
fn known() -> v1::Machine {
    let guest = TdxGuest::new(&pki());
    let evidence = Evidence::parse(Tee::Tdx, &guest.quote(&report_data())).unwrap();
    let at = UnixTime::parse_rfc3339(AT).unwrap();
    let with = Endorsements::Tdx(guest.collateral());
    let verified = verify(evidence, &with, &pki().anchors(), at).unwrap();
    let machine = Machine::of(&verified, at).unwrap();
    v1::Machine {
        id: machine.id(),
        attested: serde_json::to_string(&machine).unwrap(),
        ..v1::Machine::default()
    }
}

#[test]
fn the_verifiers_machines_are_forecast_with_one_call() {
    let (_case, [anchor, _, early]) = early();
    let desk = Desk::new();
    let words = ["fleet", "forecast", "--json", "--simulator-anchor", &anchor, "--at", AT];
    let run = desk.run(&words);
    assert_eq!((run.exit, &run.json()["machines"]), (0, &json!([])), "an empty fleet");
    desk.verifier.machines.lock().unwrap().push(known());
    let run = desk.run(&words);
    assert_eq!(run.exit, 3, "without any set nothing can be said: {}", run.stdout);
    let run = desk.run(&[&words[..], &["--early", &early]].concat());
    assert_eq!((run.exit, failures(&run.json()).len()), (2, 1), "{}", run.stdout);
    assert_eq!(desk.asked(), ["list_machines"; 3]);
    desk.verifier.machines.lock().unwrap()[0].attested = "{}".to_owned();
    let run = desk.run(&words);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &json!("cli.machine")));
}

#[test]
fn both_sets_are_fetched_for_the_families_that_no_file_has() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let catalogue = Catalogue::new(&pki()).with_tdx(|guest| guest.with_tcb_info(next));
    let publisher = runtime.block_on(Publisher::start(catalogue)).unwrap();
    let (url, (_case, [anchor, ..])) = (publisher.url(), early());
    let desk = Desk::new();
    desk.verifier.machines.lock().unwrap().push(known());
    let words = ["fleet", "forecast", "--json", "--simulator-anchor", &anchor, "--at", AT];
    let run = desk.run(&[&words[..], &["--fetch", "--kds", &url, "--pcs", &url]].concat());
    assert_eq!(run.exit, 2, "{}", run.stdout);
    let asked = publisher.requests();
    for update in ["update=standard", "update=early"] {
        assert!(asked.iter().any(|path| path.contains("/tcb?") && path.contains(update)));
    }
    drop(publisher);
    let run = desk.run(&[&words[..], &["--fetch", "--kds", &url, "--pcs", &url]].concat());
    assert_eq!((run.exit, run.json()["unfetched"].as_array().unwrap().len()), (3, 2));
}

#[test]
fn a_set_that_is_not_intels_is_refused() {
    let (case, [anchor, evidence, early]) = early();
    let text = fs::read_to_string(case.path("early.json")).unwrap();
    fs::write(case.path("early.json"), text.replacen("UpToDate", "OutOfDate", 1)).unwrap();
    let base = ["--evidence", &evidence, "--at", AT];
    let run = forecast(&[&base[..], &["--simulator-anchor", &anchor, "--early", &early]].concat());
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &json!("tdx.tcb_info.signature")));
    assert_eq!(forecast(&base).exit, 2, "a simulator's machine where hardware is demanded");
}

#[test]
fn the_recorded_machine_of_2025_was_going_to_fail() {
    let (Some(before), Some(after)) =
        (case("tdx/v4-nearai-time-dependent-a"), case("tdx/v4-nearai-time-dependent-b"))
    else {
        return;
    };
    let early = after.join("collateral.json");
    let at = "2025-06-19T18:31:38Z";
    let base = ["--evidence", before.to_str().unwrap(), "--at", at];
    assert_eq!(forecast(&base).exit, 0);
    let run = forecast(&[&base[..], &["--early", early.to_str().unwrap()]].concat());
    let failure = &failures(&run.json())[0];
    assert_eq!((run.exit, &failure["cause"]["status"]), (2, &json!("OutOfDate")), "{failure}");
    let verified = ["evidence", "verify", "--json", "--at", "2026-03-31T22:20:07Z"];
    let later = cloister(verified.iter().chain(&[after.to_str().unwrap()]));
    assert_eq!(later.json()["tcb_status"], failure["cause"]["status"]);
}
