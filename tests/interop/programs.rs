//! Servers that run a program: Node, Go's net/http, Puma, and Python's for WSGI (gunicorn,
//! waitress), for ASGI (uvicorn, hypercorn) and of their own kind (aiohttp, Tornado).

use std::process::Command;

use stdhttp::Continue;

use crate::row::{IDLE, Row, run};
use crate::servers::{self, Server, script, start, start_python, target};

#[test]
fn programs() {
    run(ROWS, 0);
}

const ROWS: &[Row] = &[
    Row {
        name: "node",
        start: |_| servers::node(Some(IDLE)),
        trailers: true,
        hints: true,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "go",
        start: |_| go(),
        trailers: true,
        hints: true,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "puma",
        start: |_| puma(),
        hints: true,
        expect_refused: Continue::Continue,
        ..Row::PLAIN
    },
    Row {
        name: "gunicorn",
        start: |_| gunicorn(),
        expect_refused: Continue::Continue,
        ..Row::PLAIN
    },
    Row {
        name: "waitress",
        start: |_| waitress(),
        expect_refused: Continue::Continue,
        ..Row::PLAIN
    },
    Row {
        name: "uvicorn",
        start: |_| uvicorn(),
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "hypercorn",
        start: |_| hypercorn(),
        requests: Some(5),
        expect_refused: Continue::Continue,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "aiohttp",
        start: |_| python_script("aiohttp", "aiohttp_server.py"),
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "tornado",
        start: |_| python_script("tornado", "tornado_server.py"),
        request_trailers: 400,
        websocket: true,
        ..Row::PLAIN
    },
];

/// Built from what `.ci/install-servers` has compiled of Go's library beforehand.
fn go() -> Option<Server> {
    start("go", |command, port, folder| {
        let program = folder.join("server");
        let built = Command::new(command.get_program())
            .arg("build")
            .arg("-o")
            .arg(&program)
            .arg(script("programs/server.go"))
            .env("GOCACHE", target().join("servers/go"))
            .output()
            .expect("go can't be run");
        assert!(built.status.success(), "{built:?}");
        *command = Command::new(program);
        command.arg(port.to_string()).arg(IDLE.to_string());
    })
}

fn puma() -> Option<Server> {
    start("puma", |command, port, _| {
        command.arg("-C").arg(script("programs/puma.rb"));
        command.args(["-b", &format!("tcp://127.0.0.1:{port}")]);
        command.env("IDLE", IDLE.to_string());
    })
}

fn gunicorn() -> Option<Server> {
    start_python("gunicorn", |command, port, folder| {
        command.args(["-m", "gunicorn", "--threads", "4", "--chdir"]);
        command.arg(script("programs"));
        command.arg("--worker-tmp-dir").arg(folder);
        command.args(["--keep-alive", &IDLE.to_string()]);
        command.args(["-b", &format!("127.0.0.1:{port}"), "wsgi:app"]);
    })
}

/// It reads the whole body before it calls the program, so that it is the server that refuses.
fn waitress() -> Option<Server> {
    start_python("waitress", |command, port, _| {
        command.args(["-m", "waitress", "--host", "127.0.0.1"]);
        command.args(["--port", &port.to_string()]);
        command.args(["--max-request-body-size", "2000000"]);
        command.args(["--channel-timeout", &IDLE.to_string()]);
        command.args(["--cleanup-interval", "1", "wsgi:app"]);
        command.env("PYTHONPATH", script("programs"));
    })
}

fn uvicorn() -> Option<Server> {
    start_python("uvicorn", |command, port, _| {
        command.args(["-m", "uvicorn", "--host", "127.0.0.1", "--http", "h11"]);
        command.args(["--port", &port.to_string(), "--no-access-log"]);
        command.args(["--timeout-keep-alive", &IDLE.to_string()]);
        command
            .arg("--app-dir")
            .arg(script("programs"))
            .arg("asgi:app");
    })
}

fn hypercorn() -> Option<Server> {
    start_python("hypercorn", |command, port, folder| {
        let config = format!(
            "bind = \"127.0.0.1:{port}\"\nworkers = 0\nkeep_alive_timeout = {IDLE}\n\
             keep_alive_max_requests = 5\n"
        );
        let config = servers::write_config(folder, &config);
        command
            .args(["-m", "hypercorn", "--config"])
            .arg(config)
            .arg("asgi:app");
        command.env("PYTHONPATH", script("programs"));
    })
}

fn python_script(module: &str, name: &str) -> Option<Server> {
    start_python(module, |command, port, _| {
        command.arg(script("programs").join(name));
        command.arg(port.to_string()).arg(IDLE.to_string());
    })
}
