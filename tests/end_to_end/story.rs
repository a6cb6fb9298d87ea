//! What `cargo demo` shows, as a test.

use cloister_devnet::demo::{self, Options};
use cloister_devnet::enclave::Agents;
use cloister_devnet::narrator::Narrator;

#[tokio::test]
async fn two_enclaves_are_admitted_talk_and_are_cut_off_and_a_changed_image_is_refused() {
    let options = Options { agents: Agents::Rust, keep: false, narrator: Narrator::new(true) };
    let summary = demo::run(&options).await.unwrap();
    assert_eq!((summary.admitted, summary.refused), (2, 1));
    assert_eq!(summary.refusal_codes, ["reference.match"]);
    assert!(summary.stream_events > 3, "a stream is more than its first and last event");
    assert!(summary.refused_after_quarantine);
    assert!(summary.simulated);
}
