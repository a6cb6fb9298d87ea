use tokio::sync::mpsc;

use super::super::outgoing::Outgoing;
use super::{Exchange, MESSAGES_WAITING_MAX, Mode, PENDING_MAX, Piece};

fn out(message: &str) -> Outgoing {
    Outgoing::read(message.as_bytes()).unwrap()
}

fn ask(exchange: &mut Exchange, message: &str) -> (u64, mpsc::Receiver<Piece>) {
    let (number, _, pieces) = exchange.ask(&out(message)).unwrap();
    (number, pieces)
}

/// What has come, without the kind of it.
fn heard(pieces: &mut mpsc::Receiver<Piece>) -> Vec<String> {
    core::iter::from_fn(|| pieces.try_recv().ok())
        .map(|piece| match piece {
            Piece::Answer(message) | Piece::Beside(message) => {
                String::from_utf8(message.to_vec()).unwrap()
            }
        })
        .collect()
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":1}}}"#;

fn progress(token: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":1}}}}"#
    )
}

#[test]
fn callers_with_the_same_id_and_token_get_their_own_answers() {
    let mut exchange = Exchange::new(Mode::Shared);
    let (one, mut of_one) = ask(&mut exchange, CALL);
    let (two, mut of_two) = ask(&mut exchange, CALL);
    assert_ne!(one, two);
    assert_eq!(exchange.hear(progress(&two.to_string()).as_bytes()), None);
    exchange.hear(format!(r#"{{"jsonrpc":"2.0","id":{two},"result":{{"of":"two"}}}}"#).as_bytes());
    exchange.hear(format!(r#"{{"jsonrpc":"2.0","id":{one},"result":{{"of":"one"}}}}"#).as_bytes());
    assert_eq!(heard(&mut of_one), [r#"{"jsonrpc":"2.0","id":1,"result":{"of":"one"}}"#]);
    assert_eq!(
        heard(&mut of_two),
        [progress("1"), r#"{"jsonrpc":"2.0","id":1,"result":{"of":"two"}}"#.to_owned()]
    );
}

#[test]
fn what_belongs_to_no_request_is_nobodys_where_many_ask() {
    let mut exchange = Exchange::new(Mode::Shared);
    let (number, mut pieces) = ask(&mut exchange, CALL);
    for stray in [
        progress("99"),
        progress("\"1\""),
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret"}}"#
            .to_owned(),
        r#"{"jsonrpc":"2.0","id":99,"result":{}}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":"{number}","result":{{}}}}"#),
        "not a message".to_owned(),
        "[]".to_owned(),
    ] {
        assert_eq!(exchange.hear(stray.as_bytes()), None, "{stray}");
    }
    // Servers ask nothing without a session, and are told so.
    let asked = r#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}"#;
    let told = exchange.hear(asked.as_bytes()).unwrap();
    assert!(String::from_utf8(told.to_vec()).unwrap().contains(r#""id":7,"error""#));
    assert!(heard(&mut pieces).is_empty());
    assert!(exchange.tell(&out(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#)).is_none());
}

#[test]
fn a_subscription_hears_its_own_notifications_under_its_own_id() {
    let mut exchange = Exchange::new(Mode::Shared);
    let listen = r#"{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{}}"#;
    let (number, mut pieces) = ask(&mut exchange, listen);
    let (_, mut other) = ask(&mut exchange, listen);
    let changed = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
        )
    };
    exchange.hear(changed(&number.to_string()).as_bytes());
    assert_eq!(heard(&mut pieces), [changed("\"s\"")]);
    assert!(heard(&mut other).is_empty());
    let torn = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{number}}}}}"#
    );
    exchange.hear(torn.as_bytes());
    assert_eq!(pieces.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    assert_eq!(other.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[test]
fn a_session_hears_what_its_process_says_and_answers_what_it_asked_once() {
    let mut exchange = Exchange::new(Mode::Session);
    let early = r#"{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}"#;
    exchange.hear(early.as_bytes());
    let (_, mut pieces) = ask(&mut exchange, CALL);
    let asked = r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}}"#;
    assert_eq!(exchange.hear(asked.as_bytes()), None);
    assert_eq!(heard(&mut pieces), [asked]);
    let mut listener = exchange.listen();
    assert_eq!(heard(&mut listener), [early]);
    exchange.hear(early.as_bytes());
    assert_eq!(heard(&mut listener), [early]);
    let answer = out(r#"{"jsonrpc":"2.0","id":"q","result":{"action":"accept"}}"#);
    assert!(exchange.tell(&answer).is_some());
    assert!(exchange.tell(&answer).is_none(), "it was answered already");
    assert!(exchange.tell(&out(r#"{"jsonrpc":"2.0","id":"r","result":{}}"#)).is_none());
}

#[test]
fn a_cancellation_reaches_the_request_that_its_caller_means() {
    let mut exchange = Exchange::new(Mode::Session);
    let (number, _pieces) = ask(&mut exchange, CALL);
    let cancel = |id: &str| {
        out(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ))
    };
    let told = String::from_utf8(exchange.tell(&cancel("1")).unwrap().to_vec()).unwrap();
    assert!(told.contains(&format!(r#""requestId":{number}"#)), "{told}");
    assert!(exchange.tell(&cancel("\"1\"")).is_none());
    assert!(exchange.tell(&cancel("77")).is_none());
}

#[test]
fn readers_that_do_not_read_and_processes_that_do_not_answer_are_left() {
    let mut exchange = Exchange::new(Mode::Shared);
    let (number, mut pieces) = ask(&mut exchange, CALL);
    for _ in 0..=MESSAGES_WAITING_MAX {
        exchange.hear(progress(&number.to_string()).as_bytes());
    }
    assert_eq!(heard(&mut pieces).len(), MESSAGES_WAITING_MAX);
    assert!(!exchange.give_up(number), "it was given up");
    let _all: Vec<_> = (0..PENDING_MAX).map(|_| ask(&mut exchange, CALL)).collect();
    assert!(exchange.ask(&out(CALL)).is_err());
    exchange.end();
    assert!(exchange.has_ended() && exchange.ask(&out(CALL)).is_err());
}
