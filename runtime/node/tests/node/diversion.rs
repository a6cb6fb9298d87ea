//! An address is a hint: whoever answers there has to be the agent that was meant.

use crate::client::{send, whole};
use crate::node::{Image, Node};
use crate::world::World;
use cloister_node::phase::Phase;

#[tokio::test]
async fn a_genuine_runtime_of_another_agent_is_not_mistaken_for_the_one_that_was_meant() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let c = Node::boot(&world, "carol", &["alice"]).await;
    // Bob's host sends everybody who looks for Bob to Carol.
    let diverted = format!("advertise = \"{}\"", c.runtime.addresses().listen);
    let b = Image::admitted(&world, "bob", &["alice"]).await.start_with(&world, &diverted).await;
    b.until(Phase::Admitted).await;
    let (_, answer) = whole(send(&a, "bob", "SendMessage", "for bob only").await).await;
    assert!(answer["error"].is_object() || answer["error"].is_string(), "{answer}");
    assert!(c.agent().seen().is_empty() && b.agent().seen().is_empty());
    assert_eq!(c.runtime.channels().counts().1, 0);
    let (_, answer) = whole(send(&a, "carol", "SendMessage", "for carol").await).await;
    assert_eq!(crate::client::echoed(&answer), Some("for carol"));
}
