//! Cookies: what a server sets is what a naive reader finds, and what is written is read back.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::cookies::{assert_fields, assert_file, assert_kept, assert_stored};

/// A folder of this process's own, in memory where the system has such: a file is written to the
/// disk before it takes an old one's place.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let folder = base.join(format!("stdhttp-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
});

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    match choices.octet() % 32 {
        // Files cost system calls, and are tried less often.
        0 => assert_kept(choices.parts(), &FOLDER),
        1 => assert_file(choices.rest(), &FOLDER),
        2..=9 => assert_fields(choices.rest()),
        _ => drop(assert_stored(choices.rest())),
    }
});
