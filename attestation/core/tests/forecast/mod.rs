//! Forecasts: which machine fails, from which moment on, and what mends it.

mod recorded;
mod snp;
mod tdx;
