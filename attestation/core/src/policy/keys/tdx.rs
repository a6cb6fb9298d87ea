//! The section `tdx`.

use super::{Key, key, section};

pub(super) const KEYS: &[Key] = &[
    section("tdx", "Intel TDX. Without this section all of it is refused."),
    key(
        "tdx.debug",
        "DEBUG: the host may read and write the TD's memory.",
        "the host may read and write the TD's memory",
    ),
    key(
        "tdx.profiling",
        "HGS_PLUS_PROF, PERF_PROF or PMT_PROF: the host may profile the TD.",
        "the host may profile what the TD does",
    ),
    key(
        "tdx.sept_ve_disable",
        "SEPT_VE_DISABLE: the host cannot make the TD take an exception on its own memory.",
        "the host may make the TD take exceptions on its own memory",
    ),
    key(
        "tdx.migratable",
        "MIGRATABLE: a migration TD may move the TD.",
        "a migration TD may take the TD's memory elsewhere",
    ),
    key(
        "tdx.pks",
        "PKS: supervisor protection keys are on.",
        "supervisor protection keys may be on or off",
    ),
    key(
        "tdx.perfmon",
        "PERFMON: performance monitoring is on, which has been a side channel.",
        "performance monitoring may be on",
    ),
    key(
        "tdx.other_attributes",
        "Further TDATTRIBUTES that may be set: hex of the field as the quote has it.",
        "",
    ),
    key(
        "tdx.xfam_required",
        "Extended features that have to be on: hex of XFAM as the quote has it.",
        "",
    ),
    key(
        "tdx.xfam_forbidden",
        "Extended features that have to be off: hex of XFAM as the quote has it.",
        "",
    ),
    key("tdx.tcb_statuses", "Intel's TCB statuses that are good enough. Empty refuses all.", ""),
    key(
        "tdx.out_of_date_grace_secs",
        "For how long after its tcbDate an out-of-date TCB is still good enough, in seconds.",
        "a TCB with known vulnerabilities is accepted for that long",
    ),
    key(
        "tdx.advisories",
        "Intel's advisories for the TCB: { only = [...] }, { none_of = [...] } or any.",
        "any published vulnerability may be open",
    ),
    key(
        "tdx.tcb_evaluation_data_number_min",
        "Least tcbEvaluationDataNumber of the collateral: how recent Intel's list has to be. 0 demands nothing.",
        "Intel's list may be an old one, as long as it has not run out",
    ),
    key(
        "tdx.revocation",
        "\"required\": fresh revocation lists of Intel have to have been checked; or \"accept_unknown\".",
        "a platform or a signer that Intel has revoked may be accepted",
    ),
    key(
        "tdx.collateral_age",
        "How long ago TCB info, QE identity and PCK revocation list may have been issued, as { at_most_secs = 2592000 }.",
        "they may be any that have not run out by their own dates",
    ),
    key(
        "tdx.root_crl_age",
        "How long ago the revocation list of Intel's root may have been issued, as { at_most_secs = 34560000 }.",
        "the list may be any that has not run out by its own dates",
    ),
    key(
        "tdx.ppid",
        "PPID of the machines that are known.",
        "any machine of the vendor is accepted, also one whose keys were extracted: who owns the hardware is not verified",
    ),
    key(
        "tdx.platform_instance_id",
        "Platform instance id, for machines that Intel's Platform CA certified.",
        "any instance",
    ),
    key(
        "tdx.dynamic_platform",
        "DynamicPlatform: packages may be added to the platform.",
        "packages may have been added",
    ),
    key(
        "tdx.cached_keys",
        "CachedKeys: Intel keeps the platform's root keys.",
        "Intel may keep the platform's root keys",
    ),
    key(
        "tdx.smt_enabled",
        "SMTEnabled: simultaneous multithreading is on.",
        "multithreading may be on",
    ),
    key(
        "tdx.mr_service_td",
        "MRSERVICETD: other TDs that may act on this one; zero for none.",
        "other TDs may act on this one",
    ),
    section("tdx.event_log", "The firmware's event log."),
    key(
        "tdx.event_log.presence",
        "\"required\", or \"optional\": without one the result says so.",
        "nothing may explain what the registers measured",
    ),
    key(
        "tdx.event_log.repeated_separators",
        "Whether a register may have more than one separator between firmware and what it started.",
        "events may have been moved behind the separator",
    ),
];
