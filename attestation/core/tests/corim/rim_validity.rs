//! `rim-validity`: from when to when Reference Values hold.

use cloister_attestation::corim::{CorimError, ImageRim, SignedCorim, Validity};
use cloister_attestation::time::UnixTime;

use super::world::{FROM, NOW, UNTIL, key, publisher, rim};

fn at(rim: &ImageRim, now: u64) -> Result<ImageRim, CorimError> {
    let key = key();
    let signed = SignedCorim::parse(&rim.sign(&key, "publisher").unwrap()).unwrap();
    signed.verified_by(&publisher(&key), UnixTime::from_secs(now))
}

#[test]
fn holds_from_its_first_to_its_last_second() {
    let (from, until) = (FROM.as_secs(), UNTIL.as_secs());
    for (now, holds) in [(from - 1, false), (from, true), (until, true), (until + 1, false)] {
        match at(&rim(), now) {
            Ok(_) => assert!(holds, "{now}"),
            Err(error) => {
                assert!(!holds && matches!(error, CorimError::Validity { .. }), "{now}: {error}");
            }
        }
    }
}

#[test]
fn without_a_beginning_it_holds_until_its_end() {
    let rim = ImageRim { validity: Validity { not_before: None, not_after: UNTIL }, ..rim() };
    assert!(at(&rim, 0).is_ok());
    assert!(at(&rim, UNTIL.as_secs() + 1).is_err());
    assert!(at(&rim, NOW.as_secs()).is_ok());
}
