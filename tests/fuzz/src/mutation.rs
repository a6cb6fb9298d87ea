//! Seeded changes to genuine input, of the kinds that break parsers.

use cloister_domain::random::Random;

/// Deterministic choices: the same seed makes the same inputs on every machine.
#[derive(Clone, Debug)]
pub struct Mutator {
    random: Random,
}

/// Bytes at which signs, lengths and tags change their meaning.
const EDGES: [u8; 10] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff, 0x30];

/// Values that a length or count is set to.
const LENGTHS: [u32; 9] = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// Pieces of text that mean something to a reader of JSON, PEM, TOML or a time.
const WORDS: [&[u8]; 14] = [
    b"null",
    b"{}",
    b"[]",
    b"\"\"",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\\u0000",
    b"9999-12-31T23:59:59Z",
    b"1969-12-31T23:59:59Z",
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"Revoked",
    b"\xff\xfe",
];

impl Mutator {
    /// Starts a sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { random: Random::new(seed) }
    }

    /// The next input: one of `seeds` with one to four changes, of at most `bytes_max` bytes.
    #[must_use]
    pub fn next_input(&mut self, seeds: &[Vec<u8>], bytes_max: usize) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input, seeds);
        }
        input.truncate(bytes_max);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        match self.below(10) {
            0 | 1 => self.flip(input),
            2 => self.overwrite(input),
            3 => input.truncate(self.below(input.len() + 1)),
            4 => self.extend(input),
            5 => self.cut(input),
            6 => self.double(input),
            7 => self.splice(input, &seeds[self.peek(seeds.len())]),
            8 => self.length(input),
            _ => self.word(input),
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let at = self.below(input.len());
        let bit = self.below(8);
        if let Some(byte) = input.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn overwrite(&mut self, input: &mut [u8]) {
        let (at, value) = (self.below(input.len()), EDGES[self.below(EDGES.len())]);
        let count = self.below(4) + 1;
        input.iter_mut().skip(at).take(count).for_each(|byte| *byte = value);
    }

    fn extend(&mut self, input: &mut Vec<u8>) {
        let value = EDGES[self.below(EDGES.len())];
        let count = [1, 2, 16, 4096][self.below(4)];
        input.resize(input.len() + count, value);
    }

    fn cut(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        input.drain(range);
    }

    /// A piece twice: what duplicate fields and entries look like.
    fn double(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        let (end, piece) = (range.end, input[range].to_vec());
        input.splice(end..end, piece);
    }

    /// A piece of another genuine input over or into this one.
    fn splice(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        let piece = other[self.range(other.len())].to_vec();
        let at = self.below(input.len() + 1);
        let replaced = if self.below(2) == 0 { piece.len() } else { 0 };
        let end = (at + replaced).min(input.len());
        input.splice(at..end, piece);
    }

    /// A number of one, two or four bytes, of either byte order, off by one or at an edge.
    fn length(&mut self, input: &mut [u8]) {
        let width = [1, 2, 4][self.below(3)];
        let at = self.below(input.len());
        let big_endian = self.below(2) == 0;
        let Some(field) = input.get_mut(at..at + width) else { return };
        let read = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        let value =
            if big_endian { field.iter().fold(0, read) } else { field.iter().rev().fold(0, read) };
        let changed = match self.below(3) {
            0 => value.wrapping_add(1),
            1 => value.wrapping_sub(1),
            _ => LENGTHS[self.below(LENGTHS.len())],
        };
        let bytes = changed.to_le_bytes();
        if big_endian {
            field.iter_mut().rev().zip(bytes).for_each(|(to, from)| *to = from);
        } else {
            field.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }

    fn word(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let word = WORDS[self.below(WORDS.len())];
        let replaced = self.below(word.len() + 1);
        let end = (at + replaced).min(input.len());
        input.splice(at..end, word.iter().copied());
    }

    /// A piece of up to 64 bytes, or anywhere up to the end.
    fn range(&mut self, len: usize) -> core::ops::Range<usize> {
        let start = self.below(len + 1);
        let longest = if self.below(4) == 0 { len - start } else { (len - start).min(64) };
        start..start + self.below(longest + 1)
    }

    fn peek(&self, below: usize) -> usize {
        self.clone().below(below)
    }

    /// A number below `below`, or 0 if that is 0.
    fn below(&mut self, below: usize) -> usize {
        if below == 0 { 0 } else { self.random.index(below) }
    }
}

#[cfg(test)]
mod tests {
    use super::Mutator;

    fn inputs(seed: u64) -> Vec<Vec<u8>> {
        let seeds = [vec![7; 40], b"{\"a\":1}".to_vec(), Vec::new()];
        let mut mutator = Mutator::new(seed);
        (0..2000).map(|_| mutator.next_input(&seeds, 64)).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn inputs_differ_and_keep_to_the_limit() {
        let mut inputs = inputs(3);
        assert!(inputs.iter().all(|input| input.len() <= 64));
        inputs.sort();
        inputs.dedup();
        assert!(inputs.len() > 1000, "{}", inputs.len());
    }
}
