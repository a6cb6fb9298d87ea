//! Sizes that a bundle may have, each with the reason for its value.

/// One bundle. A hundred policies of ten lines each are about 64 KiB.
pub const BUNDLE_BYTES_MAX: usize = 256 * 1024;

/// Policies in one bundle: each is evaluated on every request, at about a microsecond.
pub const POLICIES_MAX: usize = 1024;

/// Brackets inside brackets in one policy. Cedar's parser exhausts a 2 MiB stack in a debug build
/// somewhere above 100.
pub const NESTING_MAX: usize = 32;

/// Operator characters, and `if`s, in one policy. Cedar's validator gives up without a finding on
/// a chain of about 1,000; a condition of this length wants to be several policies.
pub const OPERATORS_MAX: usize = 256;

/// Peers whose questions are kept prepared, in one direction: as many as a runtime has channels.
/// Beyond that everything is prepared anew.
pub(crate) const PREPARED_MAX: usize = 1024;

/// Answers that are remembered about one peer: the operations that it uses, in a few shapes each.
pub(crate) const ANSWERS_MAX: usize = 32;

/// Texts that one of them may depend on. What has more is asked about anew.
pub(crate) const ANSWER_FACTS_BYTES_MAX: usize = 256;

/// Policies that one of them may name.
pub(crate) const ANSWER_POLICIES_MAX: usize = 16;

/// Entries of a list that a request brings, such as extensions. Real requests have a few; each is
/// looked at by every policy that asks for it.
pub const FACTS_LISTED_MAX: usize = 64;

/// One entry of such a list: a long URI.
pub const FACT_BYTES_MAX: usize = 2048;
