//! Codes of the calculators.

cloister_attestation::codes! {
    /// The firmware does not read.
    FIRMWARE = "image.measure.firmware", Operator, "OVMF, OvmfPkg/ResetVector",
        "Pass the firmware exactly as the platform launches it: OVMF.amdsev.fd for SEV-SNP, OVMF.fd for TDX.",
        "The table at the end of the firmware, or the metadata that it points at, is missing, runs outside of the file, or holds something that this version does not know. A calculator that skipped it would predict a digest that no machine reports.";
    /// The firmware cannot measure a kernel.
    KERNEL_HASHES = "image.measure.kernel_hashes", Operator, "QEMU, docs/system/i386/amd-memory-encryption.rst",
        "Pass a firmware that has a page for the hashes of kernel, initrd and command line (OVMF's AmdSev build).",
        "This firmware has no page for the hashes of what it boots, so the launch digest would say nothing about kernel, initrd and command line: any other would give the same digest. The generic OVMF is such a firmware.";
    /// A PE image does not read.
    PE = "image.measure.pe", Operator, "PE Format, Appendix A (Authenticode)",
        "Build the image again with `cloister image build`.",
        "The UKI or the kernel is not a PE32+ image for x86-64, has a section outside of the file or over another one, or lacks a section that is measured.";
    /// The kernel is not one that QEMU loads.
    KERNEL = "image.measure.kernel", Operator, "Linux x86 boot protocol",
        "Use a bzImage of boot protocol 2.12 or later.",
        "QEMU writes addresses into the kernel's setup header before the firmware measures it. The prediction makes the same changes, and this file has no such header, or its command line asks for a change (vga=) that is not made here.";
    /// A shapes document does not read.
    SHAPE = "image.measure.shape", Operator, "",
        "Correct the field named in the message; images/shapes has examples.",
        "A shapes document says in which shapes an image is offered: firmware, processors, features, memory. This one lacks a field, has an unknown one, or holds a value out of range. Nothing is guessed: a shape that is not stated would not be measured as predicted.";
    /// An input is missing or too large.
    INPUT = "image.measure.input", Operator, "",
        "Pass the input that the message names.",
        "A launch shape needs something of the image that is not there (a UKI, a disk), or an input is larger than its limit.";
    /// A recorded event log is not one of a launch without images in RTMR0.
    LOG = "image.measure.event_log", Operator, "UEFI 2.10 section 38.4.1",
        "Record the log again on a fresh guest of this shape, and pass it as it is.",
        "RTMR0 is taken from a recorded event log only if every event in it is one of the platform's: its memory, its firmware volume, its variables, its ACPI tables. A log with anything else there, with a payload that contradicts its digest, or without an event for RTMR0 is refused.";
    /// Reference Values cannot be made of predictions.
    TUPLES = "image.measure.tuples", Operator, "",
        "Name at least one shape that predicts everything a platform measures.",
        "Reference Values match whole tuples. None of the shapes predicts a whole tuple, so nothing could be admitted: a vTPM without its paravisor, for example, has nothing that the hardware vouches for.";
}
