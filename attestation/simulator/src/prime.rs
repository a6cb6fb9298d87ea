//! Primes for RSA keys: a sieve over a window, then Miller-Rabin.
//!
//! The sieve does most of the work. What it leaves costs one modular exponentiation each.

use rsa::BigUint;

use crate::stream::Stream;

/// Small primes up to this bound are sieved out.
const SIEVE_BOUND: u32 = 1 << 16;

/// Odd candidates examined after one starting point; the expected gap is about 700 of them.
const WINDOW: usize = 1 << 14;

/// Miller-Rabin rounds with bases from the stream, after the round with base 2.
///
/// SPEC: FIPS 186-5 table B.1 asks for 4 for 2048-bit primes.
const ROUNDS: usize = 5;

/// The public exponent of every RSA key here.
pub(crate) const EXPONENT: u32 = 65_537;

/// A probable prime of `bytes` bytes with its two top bits set and `gcd(p - 1, EXPONENT) = 1`.
pub(crate) fn prime(stream: &mut Stream, bytes: usize) -> BigUint {
    let small = small_primes();
    loop {
        let start = starting_point(stream, bytes);
        let composite = sieve(&start, &small);
        let candidates = composite.iter().enumerate().filter(|(_, composite)| !**composite);
        for (index, _) in candidates {
            let candidate = &start + BigUint::from(index) * 2u32;
            if fits_exponent(&candidate) && is_probable_prime(&candidate, stream, bytes) {
                return candidate;
            }
        }
    }
}

fn starting_point(stream: &mut Stream, bytes: usize) -> BigUint {
    let mut start = stream.take(bytes);
    start[0] |= 0xc0;
    // Away from the top, so that the window cannot carry into another bit length.
    start[1] &= 0x7f;
    start[bytes - 1] |= 1;
    BigUint::from_bytes_be(&start)
}

/// Marks which of `start + 2 * index` have a small factor.
fn sieve(start: &BigUint, small: &[u32]) -> Vec<bool> {
    let mut composite = vec![false; WINDOW];
    for &p in small {
        let remainder = remainder(start, p);
        let distance = (p - remainder) % p;
        // Solve start + 2 * index = 0 (mod p) for index; p is odd.
        let first = if distance.is_multiple_of(2) { distance / 2 } else { (distance + p) / 2 };
        let (first, step) = (index(first), index(p));
        composite.iter_mut().skip(first).step_by(step).for_each(|mark| *mark = true);
    }
    composite
}

fn remainder(number: &BigUint, p: u32) -> u32 {
    (number % p).to_bytes_be().iter().fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

fn index(value: u32) -> usize {
    usize::try_from(value).expect("32 bits fit into usize on every supported machine")
}

fn small_primes() -> Vec<u32> {
    let mut composite = vec![false; index(SIEVE_BOUND)];
    let mut primes = Vec::new();
    for n in 3..SIEVE_BOUND {
        if !n.is_multiple_of(2) && !composite[index(n)] {
            primes.push(n);
            composite.iter_mut().skip(index(n)).step_by(index(n)).for_each(|mark| *mark = true);
        }
    }
    primes
}

fn fits_exponent(candidate: &BigUint) -> bool {
    remainder(candidate, EXPONENT) != 1
}

fn is_probable_prime(candidate: &BigUint, stream: &mut Stream, bytes: usize) -> bool {
    let passes = |base: &BigUint| passes_miller_rabin(candidate, base);
    passes(&BigUint::from(2u32))
        && (0..ROUNDS).all(|_| passes(&(BigUint::from_bytes_be(&stream.take(bytes - 1)) + 2u32)))
}

/// SPEC: FIPS 186-5 B.3.1, one round.
fn passes_miller_rabin(candidate: &BigUint, base: &BigUint) -> bool {
    let one = BigUint::from(1u32);
    let minus_one = candidate - &one;
    let twos = trailing_zeros(&minus_one);
    let mut power = base.modpow(&(&minus_one >> twos), candidate);
    if power == one || power == minus_one {
        return true;
    }
    for _ in 1..twos {
        power = &power * &power % candidate;
        if power == minus_one {
            return true;
        }
    }
    false
}

fn trailing_zeros(number: &BigUint) -> usize {
    let bytes = number.to_bytes_le();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let next = bytes.get(zeros).map_or(0, |byte| byte.trailing_zeros());
    zeros * 8 + index(next)
}

#[cfg(test)]
mod tests {
    use rsa::BigUint;

    use super::{is_probable_prime, passes_miller_rabin, prime};
    use crate::stream::Stream;

    #[test]
    fn finds_primes_of_the_length_asked_for_and_the_same_ones_again() {
        let found = prime(&mut Stream::new("seed", "prime"), 32);
        assert_eq!(found, prime(&mut Stream::new("seed", "prime"), 32));
        assert_eq!(found.bits(), 256);
        assert!(is_probable_prime(&found, &mut Stream::new("other", "bases"), 32));
    }

    #[test]
    fn known_composites_are_not_prime() {
        // A Carmichael number, a square of a prime, and the product of two primes found here.
        let a = prime(&mut Stream::new("a", ""), 16);
        let b = prime(&mut Stream::new("b", ""), 16);
        for composite in [BigUint::from(561u32), BigUint::from(65_537u64 * 65_537), a * b] {
            assert!(!passes_miller_rabin(&composite, &BigUint::from(2u32)), "{composite}");
        }
        assert!(passes_miller_rabin(&BigUint::from(65_537u32), &BigUint::from(2u32)));
    }
}
