//! Cuts the Rust code out of docs/tls.md: the first block is the adapter, the second its use, the
//! third a server, the fourth an opener of URLs, the fifth and the sixth TLS for sessions.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tls.md");
    println!("cargo::rerun-if-changed={}", page.display());
    let text = fs::read_to_string(&page).expect("docs/tls.md can't be read");
    let blocks = rust_blocks(&text);
    let [adapter, usage, server, opening, sessions, native] = blocks.as_slice() else {
        panic!("docs/tls.md has {} blocks of Rust, not 6", blocks.len());
    };
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("adapter.rs"), adapter).expect("OUT_DIR can't be written to");
    fs::write(folder.join("serving.rs"), server).expect("OUT_DIR can't be written to");
    fs::write(folder.join("opening.rs"), opening).expect("OUT_DIR can't be written to");
    fs::write(folder.join("sessions.rs"), sessions).expect("OUT_DIR can't be written to");
    fs::write(folder.join("native.rs"), native).expect("OUT_DIR can't be written to");
    fs::write(folder.join("usage.rs"), usage).expect("OUT_DIR can't be written to");
}

/// What stands between the fences.
fn rust_blocks(text: &str) -> Vec<&str> {
    text.split("\n```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```\n"))
        .map(|(block, _)| block)
        .collect()
}
