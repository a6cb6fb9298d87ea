//! Measured images: how they are built, and what each platform will measure of them.
#![forbid(unsafe_code)]
