//! One target under libFuzzer. `CLOISTER_FUZZ_TARGET` names it; its seeds are written to the folder
//! `CLOISTER_FUZZ_SEEDS`, which libFuzzer reads when it starts. Without a name, lists the targets,
//! each with the length of its longest input.
#![no_main]

use std::sync::LazyLock;

use cloister_fuzz::mutation::Mutator;
use cloister_fuzz::{ALL, Target, target};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("CLOISTER_FUZZ_TARGET").expect("CLOISTER_FUZZ_TARGET is set");
    target(&name).unwrap_or_else(|| panic!("there is no target `{name}`"))
});

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| (TARGET.seeds)());

fn start() {
    if std::env::var_os("CLOISTER_FUZZ_TARGET").is_none() {
        ALL.iter().for_each(|target| println!("{} {}", target.name, target.bytes_max));
        std::process::exit(0);
    }
    write_seeds();
}

fn write_seeds() {
    let folder = std::env::var_os("CLOISTER_FUZZ_SEEDS").expect("CLOISTER_FUZZ_SEEDS is set");
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder).expect("the folder for seeds can be made");
    for (at, seed) in SEEDS.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{at:02}")), seed).expect("a seed can be written");
    }
}

fuzz_target!(
    init: start(),
    |data: &[u8]| {
        (TARGET.run)(data);
    }
);

// Half of the inputs are changed as `cargo ci` changes them: libFuzzer alone rarely edits a length
// together with what it counts, or splices two genuine inputs.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut corpus = vec![data[..size].to_vec()];
    corpus.extend(SEEDS.iter().cloned());
    let changed = Mutator::new(seed.into()).next_input(&corpus, max_size.min(data.len()));
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
