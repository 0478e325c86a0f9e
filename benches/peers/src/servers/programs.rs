//! The servers that are programs of others: nginx, Go's net/http, Python's http.server.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Running, Stage};
use crate::{Result, ensure};

const GO: &str = include_str!("programs/server.go");
const PYTHON: &str = include_str!("programs/server.py");

/// Looks in `PATH`, and where Debian puts servers.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// One process, which `master_process off` makes it, as with `worker_processes 1`.
pub(super) fn nginx<'a>(program: &Path, stage: &'a Stage<'a>) -> Result<Running<'a>> {
    Running::other(program, stage, |command, port| {
        let folder = stage.folder;
        let config = folder.join("nginx.conf");
        fs::write(&config, nginx_config(port, folder))?;
        command.arg("-p").arg(folder).arg("-c").arg(config);
        command.args(["-e", "stderr"]);
        Ok(())
    })
}

fn nginx_config(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/nginx.pid;
        events {{ worker_connections 4096; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            default_type text/plain;
            server {{
                listen 127.0.0.1:{port} backlog=1024;
                root {folder};
                location = /hello {{ return 200 \"hello, world\\n\"; }}
            }}
        }}"
    )
}

pub(super) fn python<'a>(program: &Path, stage: &'a Stage<'a>) -> Result<Running<'a>> {
    Running::other(program, stage, |command, port| {
        command.args(["-c", PYTHON, &port.to_string()]);
        command.arg(stage.folder);
        Ok(())
    })
}

/// Builds the server the first time.
pub(super) fn go<'a>(program: &Path, stage: &'a Stage<'a>) -> Result<Running<'a>> {
    let server = stage.folder.join("go-server");
    if !server.exists() {
        let source = stage.folder.join("server.go");
        fs::write(&source, GO)?;
        let mut build = Command::new(program);
        build.args(["build", "-o"]).arg(&server).arg(&source);
        ensure(build.status()?.success(), "go does not build its server")?;
    }
    Running::other(&server, stage, |command, port| {
        command.arg(port.to_string()).arg(stage.folder);
        Ok(())
    })
}
