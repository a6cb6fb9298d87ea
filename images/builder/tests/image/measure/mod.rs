//! What the calculators predict, against synthetic firmware, recorded launches and an independent
//! implementation.

mod event_logs;
mod firmware;
mod oracle;
mod parsers;
mod predictions;
mod recorded_snp;
mod synthetic;
mod tdx;
mod vectors;
mod vtpm;
