//! Cuts the Rust code out of docs/plugins.md, all blocks behind each other.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugins.md");
    println!("cargo::rerun-if-changed={}", page.display());
    let text = fs::read_to_string(&page).expect("docs/plugins.md can't be read");
    let blocks: Vec<&str> = text
        .split("\n```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```\n"))
        .map(|(block, _)| block)
        .collect();
    assert!(!blocks.is_empty(), "docs/plugins.md has no Rust");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("plugins.rs"), blocks.concat()).expect("OUT_DIR can't be written to");
}
