//! The configfs-tsm client where the kernel, the firmware or a neighbour misbehaves, step by step.

use cloister_attester::AttesterError;
use cloister_attester::limits::{ATTEMPTS_AFTER_IO_ERROR_MAX, ATTEMPTS_MAX};
use cloister_simulator::tsm_fs::{Outcome, Step, TsmFs};

use crate::support::{Counter, Kernel, answered, first, report_data, snp};

const EINTR: i32 = 4;
const EIO: i32 = 5;
const EAGAIN: i32 = 11;
const EBUSY: i32 = 16;
const ENOTTY: i32 = 25;
const ETIMEDOUT: i32 = 110;
const ALWAYS: u32 = u32::MAX;

const INTRUDER: Outcome = Outcome::Interfere([0xee; 64]);

/// Serves an SNP guest with one kind of trouble, so many times.
fn kernel(times: u32, at: Step, outcome: Outcome) -> Option<(Kernel, Counter)> {
    let (counter, script) = first(times, at, outcome);
    Kernel::mount(TsmFs::new(snp()).with_script(script)).map(|kernel| (kernel, counter))
}

/// Trouble that ends is overcome by attempts in entries of their own.
fn overcome(times: u32, at: Step, outcome: Outcome) {
    let Some((kernel, counter)) = kernel(times, at, outcome) else { return };
    let collected = kernel.attester().collect(&report_data(1)).unwrap();
    assert_eq!(answered(&collected), report_data(1));
    assert_eq!(counter.attempts(), times + 1);
    assert_eq!(kernel.entries(), 0, "entries stay behind");
}

/// Trouble that does not end is reported, after so many attempts.
fn give_up(
    at: Step,
    outcome: Outcome,
    attempts: u32,
    is_expected: impl Fn(&AttesterError) -> bool,
) {
    let Some((kernel, counter)) = kernel(ALWAYS, at, outcome) else { return };
    let error = kernel.attester().collect(&report_data(1)).unwrap_err();
    assert!(is_expected(&error), "{error}");
    assert_eq!(counter.attempts(), attempts, "{error}");
    assert_eq!(kernel.entries(), 0, "entries stay behind");
}

#[test]
fn another_writer_before_the_report_is_noticed_and_overcome() {
    overcome(2, Step::ReadOutblob, INTRUDER);
}

#[test]
fn another_writer_between_report_and_certificates_is_noticed_and_overcome() {
    overcome(2, Step::ReadAuxblob, INTRUDER);
}

#[test]
fn another_writer_before_our_write_is_noticed_and_overcome() {
    overcome(1, Step::StoreInblob, INTRUDER);
}

#[test]
fn a_write_of_ours_that_was_lost_is_noticed_and_overcome() {
    overcome(1, Step::StoreInblob, Outcome::Fail(EBUSY));
}

#[test]
fn a_writer_that_never_stops_is_reported_as_a_conflict() {
    for step in [Step::ReadOutblob, Step::ReadAuxblob] {
        give_up(step, INTRUDER, ATTEMPTS_MAX, |error| {
            matches!(error, AttesterError::Conflict { attempts: ATTEMPTS_MAX, .. })
        });
    }
}

#[test]
fn a_busy_kernel_is_asked_again_and_reported_if_it_stays_so() {
    for error in [EBUSY, EAGAIN, EINTR] {
        overcome(3, Step::ReadOutblob, Outcome::Fail(error));
        give_up(Step::ReadOutblob, Outcome::Fail(error), ATTEMPTS_MAX, |error| {
            matches!(error, AttesterError::Busy { attempts: ATTEMPTS_MAX, .. })
        });
    }
}

#[test]
fn a_failing_firmware_is_asked_once_more_and_not_again() {
    overcome(1, Step::ReadOutblob, Outcome::Fail(EIO));
    for error in [EIO, ETIMEDOUT] {
        give_up(Step::ReadOutblob, Outcome::Fail(error), ATTEMPTS_AFTER_IO_ERROR_MAX, |error| {
            matches!(error, AttesterError::Firmware { .. })
        });
    }
}

#[test]
fn a_closed_channel_to_the_firmware_is_final() {
    give_up(Step::ReadOutblob, Outcome::Fail(ENOTTY), 1, |error| {
        matches!(error, AttesterError::Unavailable { .. })
    });
}

#[test]
fn a_lost_write_hidden_behind_another_writers_is_found_by_the_report_data() {
    // Both counts agree: ours was dropped and the intruder's took its place.
    // The second reading of the counter is the one after our write.
    let mut readings = 0;
    let script = move |step| {
        readings += u32::from(step == Step::ReadGeneration);
        if step == Step::StoreInblob {
            Outcome::Fail(EBUSY)
        } else if step == Step::ReadGeneration && readings == 2 {
            INTRUDER
        } else {
            Outcome::Proceed
        }
    };
    let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_script(script)) else { return };
    let error = kernel.attester().collect(&report_data(1)).unwrap_err();
    assert!(matches!(error, AttesterError::OtherReportData), "{error}");
}
