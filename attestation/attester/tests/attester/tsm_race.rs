//! Real concurrency: whoever collects gets the answer to its own question or an error.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cloister_attester::AttesterError;
use cloister_simulator::tsm_fs::TsmFs;

use crate::support::{Kernel, answered, report_data, snp};

const INTRUDER: u8 = 0xee;

fn entries(root: &Path) -> Vec<PathBuf> {
    let Ok(directory) = std::fs::read_dir(root) else { return Vec::new() };
    directory.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

/// Writes into everybody's entries until told to stop.
fn intrude(root: &Path, stop: &AtomicBool) -> u32 {
    let mut writes = 0;
    while !stop.load(Ordering::Relaxed) {
        for entry in entries(root) {
            // Entries come and go; only what hits counts.
            writes += u32::from(std::fs::write(entry.join("inblob"), [INTRUDER; 64]).is_ok());
        }
    }
    writes
}

#[test]
fn a_neighbour_that_writes_into_every_entry_never_gets_its_report_to_us() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let (attester, stop) = (kernel.attester(), AtomicBool::new(false));
    thread::scope(|scope| {
        let intruder = scope.spawn(|| intrude(kernel.path(), &stop));
        for mark in 0..6 {
            match attester.collect(&report_data(mark)) {
                Ok(collected) => assert_eq!(answered(&collected), report_data(mark)),
                Err(AttesterError::Conflict { .. } | AttesterError::OtherReportData) => {}
                Err(error) => panic!("{error}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(intruder.join().unwrap() > 0, "the intruder hit nothing");
    });
    assert_eq!(kernel.entries(), 0);
}

#[test]
fn concurrent_collectors_do_not_disturb_each_other() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let attester = kernel.attester();
    thread::scope(|scope| {
        for mark in 0..8 {
            let attester = &attester;
            scope.spawn(move || {
                for round in 0..4 {
                    let asked = report_data(mark * 16 + round);
                    assert_eq!(answered(&attester.collect(&asked).unwrap()), asked);
                }
            });
        }
    });
    assert_eq!(kernel.entries(), 0);
}
