//! What can be wrong with SEV-SNP Evidence, by stage.

pub mod appraise;
pub mod parse;
pub mod verify;
