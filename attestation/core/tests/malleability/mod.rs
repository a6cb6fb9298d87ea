//! The second spelling that every ECDSA signature has.

/// `order - scalar`, both big-endian.
pub(crate) fn negated(scalar: &[u8], order_hex: &str) -> Vec<u8> {
    let order = hex::decode(order_hex).unwrap();
    assert_eq!(order.len(), scalar.len());
    let mut out = vec![0; order.len()];
    let mut borrow = 0;
    for at in (0..order.len()).rev() {
        let difference = i16::from(order[at]) - i16::from(scalar[at]) - borrow;
        borrow = i16::from(difference < 0);
        out[at] = u8::try_from(difference + 256 * borrow).unwrap();
    }
    assert_eq!(borrow, 0, "the scalar is below the order");
    out
}

#[test]
fn negating_twice_gives_the_scalar_back() {
    let scalar = [0, 1, 2, 0xff];
    assert_eq!(negated(&negated(&scalar, "ffffff00"), "ffffff00"), scalar);
}
