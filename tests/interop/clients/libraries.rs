//! Libraries that speak HTTP: Python's http.client, urllib.request, requests and aiohttp, Node's
//! fetch, Go's net/http. Each has a program of its own, in `programs`, which fails where an answer
//! is not what it should be.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::site::{BIG, Served, run, succeed};
use crate::servers::{client, new_folder, python_with_libraries, script, target};

fn program(name: &str) -> PathBuf {
    script("clients/programs").join(name)
}

/// Runs a client before a server: the interpreter, then what it is told before port and length.
fn serve(interpreter: &Path, arguments: &[&str]) -> Served {
    let served = Served::start();
    let (port, big) = (served.port.to_string(), BIG.to_string());
    let arguments = [arguments, &[&port, &big]].concat();
    succeed(run(interpreter, &served.folder.0, &arguments));
    served
}

#[test]
fn python() {
    let Some(python) = python_with_libraries() else {
        return;
    };
    let served = serve(&python, &[&program("client.py").to_string_lossy()]);
    assert!(served.take_seen().len() > 120);
}

#[test]
fn node_fetch() {
    let Some(node) = client("node") else { return };
    let served = serve(&node, &[&program("client.mjs").to_string_lossy()]);
    assert!(served.take_seen().len() > 160);
}

#[test]
fn go() {
    let Some(go) = client("go") else { return };
    let folder = new_folder();
    let built = folder.0.join("client");
    let mut build = Command::new(go);
    build.args(["build", "-o"]).arg(&built);
    build.arg(program("client.go"));
    build.env("GOCACHE", target().join("servers/go"));
    succeed(build.output().expect("go can't be run"));
    let served = serve(&built, &[]);
    assert!(served.take_seen().len() > 110);
}
