use std::sync::Arc;

use tokio::time::advance;

use super::{Asked, Bond, Book, Entry, PeerId, PushError};
use crate::limits::{PUSH_AFTER_TASK, PUSH_CONFIGS_MAX, PUSH_CONFIGS_OF_ONE_MAX, PUSH_UNUSED_MAX};
use crate::operation::V1_0;
use crate::ownership::{Kind, Learner as _};

fn peer(instance: &str) -> PeerId {
    PeerId { agent: "a".into(), trust_domain: "example.org".into(), instance: instance.into() }
}

fn bond(instance: &str, task: Option<&str>, id: Option<&str>) -> Bond {
    let own = |text: &str| text.to_owned();
    Bond { peer: peer(instance), version: V1_0, task: task.map(own), id: id.map(own) }
}

fn kept(book: &Book<()>, entry: &Entry<()>) -> bool {
    book.keeps(entry)
}

#[test]
fn one_peer_cannot_use_up_the_room_of_another() {
    let book = Book::default();
    for _ in 0..PUSH_CONFIGS_OF_ONE_MAX {
        book.add(bond("greedy", None, None), ()).unwrap();
    }
    let refused = book.add(bond("greedy", None, None), ()).unwrap_err();
    assert!(matches!(refused, PushError::Full(_)), "{refused}");
    for other in 1..PUSH_CONFIGS_MAX / PUSH_CONFIGS_OF_ONE_MAX {
        for _ in 0..PUSH_CONFIGS_OF_ONE_MAX {
            book.add(bond(&other.to_string(), None, None), ()).unwrap();
        }
    }
    assert_eq!(book.len(), PUSH_CONFIGS_MAX);
    assert!(book.add(bond("late", None, None), ()).is_err());
}

#[test]
fn a_configuration_is_for_one_task_from_the_first_time_that_one_is_named() {
    let book = Book::default();
    let entry = book.add(bond("x", None, None), ()).unwrap();
    assert!(entry.may_be_for("a") && entry.may_be_for("b"));
    assert_eq!(entry.bind("a"), Ok(()));
    assert_eq!(entry.bind("b"), Err(PushError::OtherTask));
    assert!(entry.may_be_for("a") && !entry.may_be_for("b"));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_ends_some_time_after_its_task_or_when_nobody_uses_it() {
    let book = Book::default();
    let over = book.add(bond("x", Some("t"), None), ()).unwrap();
    let unused = book.add(bond("x", Some("u"), None), ()).unwrap();
    over.end();
    advance(PUSH_AFTER_TASK / 2).await;
    // To hear of the end again prolongs nothing.
    over.end();
    assert!(kept(&book, &over));
    advance(PUSH_AFTER_TASK / 2).await;
    assert!(!kept(&book, &over) && kept(&book, &unused));
    advance(PUSH_UNUSED_MAX - PUSH_AFTER_TASK).await;
    assert!(!kept(&book, &unused));
    assert_eq!(book.len(), 2);
    book.add(bond("x", None, None), ()).unwrap();
    assert_eq!(book.len(), 1, "what is over makes room");
}

#[test]
fn deletion_names_one_configuration_of_one_task_of_one_peer() {
    let book = Book::default();
    let named = book.add(bond("x", Some("t"), Some("c")), ()).unwrap();
    let unnamed = book.add(bond("x", Some("t"), None), ()).unwrap();
    let foreign = book.add(bond("y", Some("t"), Some("c")), ()).unwrap();
    for (task, id) in [("t", "other"), ("other", "c")] {
        book.forget(&peer("x"), task, id);
    }
    assert!(kept(&book, &named) && kept(&book, &unnamed) && kept(&book, &foreign));
    book.forget(&peer("x"), "t", "c");
    assert!(!kept(&book, &named) && kept(&book, &unnamed) && kept(&book, &foreign));
    // Official SDKs give a configuration without an id that of its task.
    book.forget(&peer("x"), "t", "t");
    assert!(!kept(&book, &unnamed) && kept(&book, &foreign));
    book.forget_instances(|instance| instance == "y");
    assert_eq!(book.len(), 0);
}

#[test]
fn what_no_answer_speaks_of_is_forgotten_and_what_one_does_replaces_the_former() {
    let book = Arc::new(Book::default());
    let ask = |id| {
        let entry = book.add(bond("x", Some("t"), id), ()).unwrap();
        (Arc::clone(&entry), Asked::new(Arc::clone(&book), entry))
    };
    let (refused, asked) = ask(Some("c"));
    drop(asked);
    assert!(!kept(&book, &refused));
    let (first, mut asked) = ask(Some("c"));
    assert!(!asked.is_complete());
    asked.learn(Kind::Context, "t");
    assert!(!asked.is_complete());
    asked.learn(Kind::Task, "t");
    assert!(asked.is_complete());
    drop(asked);
    let (other, asked) = ask(Some("d"));
    other.confirm(None);
    drop(asked);
    assert!(kept(&book, &first) && kept(&book, &other));
    let (second, asked) = ask(Some("c"));
    second.confirm(None);
    drop(asked);
    assert!(!kept(&book, &first) && kept(&book, &other) && kept(&book, &second));
}
