//! Diagnosis: what differs, by name, and what mends a TCB.

mod events;
mod reference;
mod snp;
mod tcb;
mod tdx;
mod vtpm;
