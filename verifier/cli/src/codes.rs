//! What can go wrong on the command line itself.

use cloister_attestation::code::Code;

cloister_attestation::codes! {
    /// A file cannot be read.
    FILE = "cli.file", Caller, "",
        "Name a file that exists, that you may read, and that is no larger than 8 MiB.",
        "A file or folder that the command line names could not be read. The message has the operating system's reason.";
    /// A folder has nothing to judge in it.
    FOLDER = "cli.folder", Caller, "",
        "Name a folder with `report.bin`, `quote.bin` or `hcl_report.bin` and the endorsements beside it.",
        "Evidence is read from a folder by the names of its files: `report.bin` (SEV-SNP) with `vcek.der` or `vlek.der`, `ask.pem` or `asvk.pem`, `ark.pem` and `crl.der`; `quote.bin` (TDX) with `collateral.json`; or `hcl_report.bin` (Azure) with `tpm_quote.bin`, `tpm_signature.bin`, `pcrs.bin` and what belongs to the report or quote. A folder with both a report and a quote is refused, because it is not clear which of them is meant.";
    /// A time is not in the one form that is read.
    TIME = "cli.time", Caller, "RFC 3339",
        "Write the time in UTC as in `2026-08-04T01:04:33Z`.",
        "Evidence is judged at a point in time. It is given in UTC, in whole seconds, with a `Z` at the end.";
    /// A simulator's anchor file does not read.
    ANCHOR = "cli.anchor", Caller, "",
        "Pass the anchor file that the simulator wrote when it started.",
        "A simulator's anchor is a JSON file with the four pins of its roots. This one lacks a pin, has an unknown field, or has a value that is not the hex of a SHA-384 digest.";
    /// A log does not have a bank.
    BANK = "cli.bank", Caller, "",
        "Name one of the banks that the message lists.",
        "A TPM's log holds one digest for each event and bank. Registers of a bank can be replayed only from digests of that bank, by an algorithm that is known here.";
    /// A key file is not protected.
    KEY = "cli.key", Operator, "",
        "Make the key file readable by you alone: `chmod 600 FILE`.",
        "A private key that others on the machine may read is not private, so it is not used.";
    /// A file cannot be written.
    WRITE = "cli.write", Caller, "",
        "Name a file that does not exist yet, in a folder that you may write to.",
        "A file could not be written. Keys never replace a file that is there. The message has the operating system's reason.";
    /// A machine's record does not read.
    MACHINE = "cli.machine", Operator, "",
        "Use the cloister of the Verifier's version.",
        "The Verifier keeps what a machine attested last in a form of its own version. This program does not know it.";
    /// A service cannot be asked.
    FETCH = "cli.fetch", Caller, "",
        "Check the address of the mirror and the machine's network.",
        "Fetching could not begin: the process has no room for it, or a certificate of the system cannot be used.";
    /// A result cannot be made.
    RESULT = "cli.result", Caller, "",
        "Name an audience of at most 512 bytes and a nonce of 8 to 64 bytes.",
        "The Attestation Result could not be signed as a token. The message says why.";
    /// No setting says which Verifier to ask, or how.
    SETTINGS = "cli.settings", Caller, "",
        "Pass `--verifier`, `--ca` and `--token-file`, or write them into the configuration file.",
        "Operator commands need the Verifier's address, the certificate to pin (`trust.pem` in its data folder) and the operator token (`operator.token` there). They are taken from the command line, then from the file that `--config` names, then from `config.toml` in the folder `cloister` of your configuration folder. Unknown keys in the file are refused.";
    /// The pinned certificate does not read.
    TRUST = "cli.trust", Operator, "",
        "Pass the `trust.pem` of the Verifier's data folder.",
        "The file given as `--ca` has no certificate in it that can be pinned. Without a pin the operator token could be sent to anybody, so nothing is sent.";
    /// The Verifier cannot be reached.
    UNREACHABLE = "cli.verifier.unreachable", Operator, "RFC 8446",
        "Check the address, that the Verifier runs (`/readyz`), and that `--ca` is its own `trust.pem`.",
        "No TLS 1.3 connection to the Verifier could be made: nobody answers there, or the one who answers does not have a certificate by the pinned authority for that name.";
    /// The Verifier says no.
    REFUSED = "cli.verifier.refused", Caller, "",
        "Follow the Verifier's message; it names what is wrong with the request.",
        "The Verifier was reached and refused the request: the token is not the operator's, the name or tuple does not exist, or the document is malformed. The message is the Verifier's own.";
    /// The program that boots images cannot be started.
    BOOT = "cli.boot", Caller, "",
        "Install `cloister-boot` beside `cloister`, or into a folder that PATH names.",
        "Booting an image without the hardware takes a software TEE, whose keys are no secret. They are in a program of their own, so that `cloister` has none of them. It was not found, or the system would not start it.";
    /// The folder for manual pages cannot be written.
    MAN = "cli.man", Caller, "",
        "Name a folder that exists and that you may write to.",
        "The manual pages could not be written. The message has the operating system's reason.";
    /// A case file does not read.
    CASES = "cli.policy.cases", Caller, "",
        "Correct the case file at the line or case named; `cloister policy test --help` has an example.",
        "Test cases of an authorization policy are TOML: a table `local`, tables `peer.NAME`, and an array of tables `case`. An unknown key, an unknown peer, operation or binding, or a name that is there twice is refused, because a case that tests something else than it says is worse than none.";
    /// There is nothing to test.
    NO_CASES = "cli.policy.no_cases", Caller, "",
        "Write cases into NAME.test.toml beside NAME.cedar.",
        "A policy without cases is not tested, and a folder without policies has nothing to test, so neither counts as passed.";
    /// No case has the name.
    UNKNOWN_CASE = "cli.policy.case", Caller, "",
        "Pass `--case` with one of the names that the message lists.",
        "An authorization policy is explained for one case of the case file beside it, which names who asks for what.";
    /// A code that is not known.
    UNKNOWN_CODE = "cli.explain.unknown", Caller, "",
        "Run `cloister explain` without a code to list all of them.",
        "No part of this version reports such a code. It may be misspelt, or of another version.";
}

/// Every code that the command line itself can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    CODES
        .iter()
        .chain(crate::audit::CODES)
        .chain(crate::channels::CODES)
        .chain(crate::connect::CODES)
        .chain(crate::remote::CODES)
        .chain(crate::tools::CODES)
        .copied()
}
