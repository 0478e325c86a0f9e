//! How servers are started: each listens on a free loopback port, lives in a temporary folder of
//! its own, and is gone when its `Server` is dropped. Here are nginx, HAProxy, origins on Python's
//! http.server and Node's http, and the proxies tinyproxy and squid; `fronts` and `programs` have
//! tables of others.
//!
//! The origins all serve the same: `/hello` (with an ETag), `/nothing` (204), `/files/NAME` (GET,
//! PUT, DELETE), `/chunked/NAME` (the same file, chunked, with the trailer `X-Check`) and `/small`
//! (413 to any upload). `X-Client-Port` in a response tells which connection it came by.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What `/hello` serves.
pub(crate) const HELLO: &[u8] = b"hello, world\n";

/// The credentials that `tinyproxy` asks for: "user:secret" in Base64.
pub(crate) const PROXY_AUTHORIZATION: &str = "Basic dXNlcjpzZWNyZXQ=";

/// A running server; dropping it ends the process and removes its folder.
pub(crate) struct Server {
    pub(crate) port: u16,
    process: Child,
    folder: Folder,
    /// Files elsewhere that it does not get to remove.
    leftovers: Vec<PathBuf>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for file in &self.leftovers {
            let _ = fs::remove_file(file);
        }
    }
}

/// A temporary folder, removed when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Static files and WebDAV uploads.
pub(crate) fn nginx() -> Option<Server> {
    start("nginx", |command, port, folder| {
        let config = write_config(folder, &nginx_config(port, folder));
        command.arg("-p").arg(folder).arg("-c").arg(config);
        command.args(["-e", "stderr"]);
    })
}

/// Python's http.server.
pub(crate) fn python() -> Option<Server> {
    start("python3", |command, port, folder| {
        command.arg(script("server.py")).arg(port.to_string());
        command.arg(folder);
    })
}

/// Node's http; it closes a connection that was idle for its own while, or so many seconds.
pub(crate) fn node(idle: Option<u32>) -> Option<Server> {
    start("node", |command, port, folder| {
        command.arg(script("server.mjs")).arg(port.to_string());
        command.arg(folder);
        command.args(idle.map(|seconds| seconds.to_string()));
    })
}

/// A reverse proxy in front of the origin at that port.
pub(crate) fn haproxy(origin: u16) -> Option<Server> {
    start("haproxy", |command, port, folder| {
        let config = write_config(folder, &haproxy_config(port, origin));
        command.arg("-db").arg("-f").arg(config);
    })
}

/// A forward proxy that asks for `PROXY_AUTHORIZATION` and opens tunnels to the given ports only.
pub(crate) fn tinyproxy(allowed: &[u16]) -> Option<Server> {
    start("tinyproxy", |command, port, folder| {
        let config = write_config(folder, &tinyproxy_config(port, folder, allowed));
        command.arg("-d").arg("-c").arg(config);
    })
}

/// A forward proxy that asks for `PROXY_AUTHORIZATION` and serves the given port only. The name
/// keeps the memory that it shares with nobody apart from that of any other squid.
pub(crate) fn squid(allowed: u16) -> Option<Server> {
    let mut server = start("squid", |command, port, folder| {
        let config = write_config(folder, &squid_config(port, folder, allowed));
        command
            .args(["-N", "-n", &format!("interop{port}"), "-f"])
            .arg(config);
    })?;
    let shared = |part| format!("/dev/shm/interop{}-cf__{part}.shm", server.port).into();
    server.leftovers = ["metadata", "queues", "readers"].map(shared).into();
    Some(server)
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
    listener.local_addr().expect("no local address").port()
}

/// `master_process off` makes nginx one process, which is all there is to end.
fn nginx_config(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid;
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            default_type text/plain;
            keepalive_requests 2000;
            add_header X-Client-Port $remote_port always;
            server {{
                listen 127.0.0.1:{port};
                root {folder};
                location = /hello {{ }}
                location = /nothing {{ return 204; }}
                location = /small {{ dav_methods PUT; client_max_body_size 1k; }}
                location /files/ {{ dav_methods PUT DELETE; client_max_body_size 0; }}
                location /chunked/ {{ alias {folder}/files/; add_trailer X-Check done; }}
                location / {{ return 404; }}
            }}
        }}"
    )
}

fn haproxy_config(port: u16, origin: u16) -> String {
    format!(
        "global
            maxconn 64
        defaults
            mode http
            timeout connect 10s
            timeout client 20s
            timeout server 20s
        frontend front
            bind 127.0.0.1:{port}
            http-response set-header X-Client-Port %[src_port]
            default_backend origin
        backend origin
            server origin 127.0.0.1:{origin}
        "
    )
}

fn tinyproxy_config(port: u16, folder: &Path, allowed: &[u16]) -> String {
    let folder = folder.display();
    let connect_ports: String = allowed
        .iter()
        .map(|port| format!("ConnectPort {port}\n"))
        .collect();
    format!(
        "Listen 127.0.0.1\nPort {port}\nAllow 127.0.0.1\nMaxClients 64\nTimeout 20\n\
         BasicAuth user secret\nLogFile \"{folder}/log\"\nLogLevel Warning\n{connect_ports}"
    )
}

/// The program that is asked about credentials is a line of shell.
fn squid_config(port: u16, folder: &Path, allowed: u16) -> String {
    let script = folder.join("credentials");
    let text = "while read -r given; do\n\
                [ \"$given\" = 'user secret' ] && echo OK || echo ERR\ndone\n";
    fs::write(&script, text).expect("cannot write a file");
    format!(
        "http_port 127.0.0.1:{port}
        pid_filename none
        visible_hostname localhost
        cache deny all
        cache_log /dev/stderr
        access_log none
        coredump_dir {folder}
        auth_param basic program /bin/sh {script}
        auth_param basic children 1
        auth_param basic realm interop
        acl known proxy_auth REQUIRED
        acl open port {allowed}
        http_access deny !open
        http_access deny !known
        http_access allow known",
        folder = folder.display(),
        script = script.display(),
    )
}

pub(crate) fn write_config(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config");
    fs::write(&path, format!("{text}\n")).expect("cannot write the configuration");
    path
}

/// A file beside this one.
pub(crate) fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "interop", name]
        .iter()
        .collect()
}

/// Starts a program that `configure` has told its port and folder; `None` if it is not installed.
pub(crate) fn start(program: &str, configure: impl Fn(&mut Command, u16, &Path)) -> Option<Server> {
    start_at(program, find(program), configure)
}

/// Starts a module of the Python that `.ci/install-servers` has put into the target directory.
pub(crate) fn start_python(
    module: &str,
    configure: impl Fn(&mut Command, u16, &Path),
) -> Option<Server> {
    let python = target().join("servers/bin/python3");
    start_at(
        module,
        Some(python).filter(|path| path.is_file()),
        configure,
    )
}

/// A client; `None` if it is not installed.
#[cfg(feature = "server")]
pub(crate) fn client(program: &str) -> Option<PathBuf> {
    let path = find(program);
    if path.is_none() {
        leave_out(program);
    }
    path
}

/// The Python that `.ci/install-servers` has put into the target directory, with its libraries.
#[cfg(feature = "server")]
pub(crate) fn python_with_libraries() -> Option<PathBuf> {
    let python = target().join("servers/bin/python3");
    if !python.is_file() {
        leave_out("Python with its libraries");
        return None;
    }
    Some(python)
}

fn start_at(
    program: &str,
    path: Option<PathBuf>,
    configure: impl Fn(&mut Command, u16, &Path),
) -> Option<Server> {
    let Some(path) = path else {
        leave_out(program);
        return None;
    };
    // Somebody else may take the port between its choice and its use: another one, then.
    let mut failure = String::new();
    for _ in 0..3 {
        let (port, folder) = (free_port(), new_folder());
        let mut command = Command::new(&path);
        configure(&mut command, port, &folder.0);
        match spawn(command, port, folder) {
            Ok(server) => return Some(server),
            Err(messages) => failure = messages,
        }
    }
    panic!("{program} does not start:\n{failure}");
}

/// The error is what the program wrote.
fn spawn(mut command: Command, port: u16, folder: Folder) -> Result<Server, String> {
    let output = File::create(folder.0.join("messages")).expect("cannot create a file");
    let process = command
        .current_dir(&folder.0)
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("cannot clone a file handle"))
        .stderr(output)
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut server = Server {
        port,
        process,
        folder,
        leftovers: Vec::new(),
    };
    if server.is_ready() {
        return Ok(server);
    }
    Err(fs::read_to_string(server.folder.0.join("messages")).unwrap_or_default())
}

impl Server {
    /// Waits up to ten seconds until the port answers.
    fn is_ready(&mut self) -> bool {
        for _ in 0..500 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return false;
            }
            if answers(self.port) {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

/// A connection to an unused port can meet itself; that is no answer.
fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .and_then(|stream| stream.local_addr())
        .is_ok_and(|address| address.port() != port)
}

/// Looks in `PATH`, and where Debian puts servers.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// The target directory, where this program lies too.
pub(crate) fn target() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(3);
    target.map(Path::to_owned).unwrap_or_default()
}

/// Writes past the capture of test output, so that a plain `cargo test` shows it.
fn leave_out(program: &str) {
    let required = env::var("STDHTTP_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "{program} is not installed");
    let _ = writeln!(
        io::stderr(),
        "interop: {program} is not installed: left out"
    );
}

pub(crate) fn new_folder() -> Folder {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("stdhttp-interop-{}-{serial}", std::process::id());
    let folder = env::temp_dir().join(name);
    fs::create_dir_all(folder.join("files")).expect("cannot create a folder");
    fs::write(folder.join("hello"), HELLO).expect("cannot write a file");
    Folder(folder)
}
