//! nginx with TLS and tinyproxy: each on a free loopback port, in a temporary folder of its own,
//! and gone when its `Program` is dropped.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, thread};

use crate::certificates::Identity;

/// A running program.
pub(crate) struct Program {
    pub(crate) port: u16,
    process: Child,
    folder: PathBuf,
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only where there is nothing left to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// nginx: `/hello` (13 bytes), and `/files/NAME`, which takes PUT. `None` if it is not installed.
pub(crate) fn nginx(identity: &Identity) -> Option<Program> {
    start("nginx", |command, port, folder| {
        fs::write(folder.join("certificate"), &identity.certificate).expect("a file");
        fs::write(folder.join("key"), &identity.key).expect("a file");
        fs::write(folder.join("hello"), "hello, world\n").expect("a file");
        fs::create_dir(folder.join("files")).expect("a folder");
        let config = config_file(folder, &nginx_config(port, folder));
        command.arg("-p").arg(folder).arg("-c").arg(config);
        command.args(["-e", "stderr"]);
    })
}

/// A proxy that opens tunnels to that port. `None` if it is not installed.
pub(crate) fn tinyproxy(allowed: u16) -> Option<Program> {
    start("tinyproxy", |command, port, folder| {
        let text = format!(
            "Listen 127.0.0.1\nPort {port}\nAllow 127.0.0.1\nMaxClients 64\nTimeout 20\n\
             LogFile \"{}\"\nLogLevel Warning\nConnectPort {allowed}\n",
            folder.join("log").display()
        );
        let config = config_file(folder, &text);
        command.arg("-d").arg("-c").arg(config);
    })
}

/// With `master_process off` nginx is one process, which is all there is to end.
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
            add_header X-Client-Port $remote_port always;
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_certificate {folder}/certificate;
                ssl_certificate_key {folder}/key;
                root {folder};
                location = /hello {{ }}
                location /files/ {{ dav_methods PUT; client_max_body_size 0; }}
                location / {{ return 404; }}
            }}
        }}\n"
    )
}

fn config_file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config");
    fs::write(&path, text).expect("a file");
    path
}

fn start(name: &str, configure: impl Fn(&mut Command, u16, &Path)) -> Option<Program> {
    let Some(path) = find(name) else {
        leave_out(name);
        return None;
    };
    // Somebody else may take the port between its choice and its use: another one, then.
    for _ in 0..3 {
        let (port, folder) = (free_port(), new_folder());
        let mut command = Command::new(&path);
        configure(&mut command, port, &folder);
        let output = File::create(folder.join("stderr")).expect("a file");
        let process = command
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("a process");
        let mut program = Program {
            port,
            process,
            folder,
        };
        if program.is_ready() {
            return Some(program);
        }
        let messages = fs::read_to_string(program.folder.join("stderr"));
        eprintln!("{name}: {}", messages.unwrap_or_default());
    }
    panic!("{name} does not start");
}

impl Program {
    /// Waits up to ten seconds until the port answers.
    fn is_ready(&mut self) -> bool {
        for _ in 0..500 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return false;
            }
            // A connection to an unused port can meet itself; that is no answer.
            let address = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
                .and_then(|stream| stream.local_addr());
            if address.is_ok_and(|address| address.port() != self.port) {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

/// Looks in `PATH`, and where Debian puts servers.
fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Writes past the capture of test output, so that a plain `cargo test` shows it.
fn leave_out(name: &str) {
    let required = env::var("STDHTTP_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "{name} is not installed");
    let _ = writeln!(io::stderr(), "tls: {name} is not installed: left out");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    listener.local_addr().expect("an address").port()
}

fn new_folder() -> PathBuf {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("stdhttp-tls-{}-{serial}", std::process::id());
    let folder = env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
