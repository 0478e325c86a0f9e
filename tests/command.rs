//! The promise: `stdhttp-server` serves as `python -m http.server` does, and says in one line what is
//! wrong where it can't.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use stdhttp::{HTTPConnection, HTTPResponse, Wire};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stdhttp-server");

/// A directory to be served, removed at the end.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("command-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("hello.txt"), "hello").unwrap();
        fs::write(path.join("strange"), "strange").unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The command while it serves.
struct Serving {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The line that says where.
    line: String,
    port: u16,
}

impl Serving {
    /// Starts it on a free port, which its first line tells.
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        Self::wait(start(command.arg("0").args(arguments)).unwrap())
    }

    /// The same, with the system's action for an interrupt, also where these tests run in the
    /// background of a shell, which has its children ignore it.
    #[cfg(unix)]
    fn start_in_foreground(arguments: &[&str]) -> Self {
        if !ignores_interrupts() {
            return Self::start(arguments);
        }
        let mut command = Command::new("env");
        let command = command.args(["--default-signal=INT", PROGRAM, "0"]);
        Self::wait(start(command.args(arguments)).unwrap())
    }

    /// Python's, if there is one; in CI there must be.
    fn start_python(arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new("python3");
        let command = command.args(["-u", "-m", "http.server", "0"]);
        let python = start(command.args(arguments)).ok();
        let missing = python.is_none();
        assert!(!missing || std::env::var_os("CI").is_none(), "no Python");
        python.map(Self::wait)
    }

    fn wait(mut child: Child) -> Self {
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.split(' ').nth(5).expect("a port").parse().unwrap();
        Self {
            child,
            output,
            line,
            port,
        }
    }

    fn connect(&self) -> HTTPConnection {
        HTTPConnection::new("127.0.0.1", self.port).unwrap()
    }

    /// Ends it; what it wrote to standard error.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut errors = String::new();
        let mut output = self.child.stderr.take().unwrap();
        output.read_to_string(&mut errors).unwrap();
        errors
    }
}

fn start(command: &mut Command) -> io::Result<Child> {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn()
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get<'c>(conn: &'c mut HTTPConnection, target: &str) -> HTTPResponse<'c, Wire<TcpStream>> {
    conn.request("GET", target, (), &[]).unwrap();
    conn.getresponse().unwrap()
}

/// Runs the command to its end; exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(PROGRAM).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().expect("an exit"), text(stdout), text(stderr))
}

/// Runs it into a failure; the exit status, and the one line that it wrote.
fn fail(arguments: &[&str]) -> (i32, String) {
    let (status, output, errors) = run(arguments);
    assert_eq!(
        (output.as_str(), errors.lines().count()),
        ("", 1),
        "{errors}"
    );
    let line = errors.trim_end().strip_prefix("stdhttp-server: ");
    (status, line.expect("its name").to_owned())
}

#[test]
fn it_serves_a_directory_and_logs_what_it_does() {
    let site = Site::new("serves");
    let serving = Serving::start(&["-d", site.path(), "-b", "127.0.0.1"]);
    let port = serving.port;
    let expected =
        format!("Serving HTTP on 127.0.0.1 port {port} (http://127.0.0.1:{port}/) ...\n");
    assert_eq!(serving.line, expected);

    let mut conn = serving.connect();
    let mut response = get(&mut conn, "/hello.txt");
    assert_eq!((response.status(), response.version()), (200, 11));
    assert_eq!(response.getheader("content-type").unwrap(), "text/plain");
    assert_eq!(response.read(None).unwrap(), b"hello");
    assert!(conn.is_connected());
    let mut response = get(&mut conn, "/");
    let listing = String::from_utf8(response.read(None).unwrap()).unwrap();
    assert!(listing.contains("hello.txt"), "{listing}");
    let mut response = get(&mut conn, "/none");
    assert_eq!(response.status(), 404);
    response.read(None).unwrap();
    conn.close();

    let log = serving.end();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 4, "{log}");
    for (line, end) in lines.iter().zip([
        "] \"GET /hello.txt HTTP/1.1\" 200 -",
        "] \"GET / HTTP/1.1\" 200 -",
        "] code 404, message File not found",
        "] \"GET /none HTTP/1.1\" 404 -",
    ]) {
        assert!(line.starts_with("127.0.0.1 - - ["), "{line}");
        assert!(line.ends_with(end), "{line}");
    }
}

/// But for ports and times.
#[test]
fn the_lines_are_those_of_python() {
    let site = Site::new("python");
    fs::create_dir(site.0.join("folder")).unwrap();
    let arguments = ["-d", site.path(), "-b", "127.0.0.1", "-p", "HTTP/1.0"];
    let Some(python) = Serving::start_python(&arguments) else {
        println!("left out: there is no Python");
        return;
    };
    let lines = |serving: Serving| {
        for target in [
            "/hello.txt",
            "/",
            "/folder",
            "/folder/",
            "/none",
            "/a%1b?b=c",
        ] {
            let mut conn = serving.connect();
            get(&mut conn, target).read(None).unwrap();
        }
        let first = serving.line.replace(&serving.port.to_string(), "PORT");
        let log = serving.end();
        let parts = log
            .lines()
            .filter(|line| line.starts_with("127.0.0.1 - - ["));
        let parts = parts.filter_map(|line| Some(line.split_once("] ")?.1.to_owned()));
        let mut lines = vec![first];
        lines.extend(parts);
        lines
    };
    assert_eq!(lines(Serving::start(&arguments)), lines(python));
}

#[test]
fn it_listens_everywhere_unless_told_otherwise() {
    let site = Site::new("everywhere");
    let serving = Serving::start(&["--directory", site.path()]);
    let port = serving.port;
    let both = TcpListener::bind("[::1]:0").is_ok() && cfg!(unix);
    let expected = match both {
        true => format!("Serving HTTP on :: port {port} (http://[::]:{port}/) ...\n"),
        false => format!("Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n"),
    };
    assert_eq!(serving.line, expected);
    let hosts: &[&str] = if both {
        &["127.0.0.1", "::1"]
    } else {
        &["127.0.0.1"]
    };
    for host in hosts {
        let mut conn = HTTPConnection::new(host, port).unwrap();
        assert_eq!(get(&mut conn, "/hello.txt").read(None).unwrap(), b"hello");
    }
}

#[test]
fn options_change_what_is_sent() {
    let site = Site::new("options");
    let fields = ["-H", "X-A", "one two", "--header", "X-B", "2"];
    let directory = format!("--directory={}", site.path());
    let others = ["--content-type=text/strange", &directory, "-b127.0.0.1"];
    let serving = Serving::start(&[&fields[..], &others].concat());
    let mut conn = serving.connect();
    let response = get(&mut conn, "/strange");
    for (name, value) in [
        ("x-a", "one two"),
        ("x-b", "2"),
        ("content-type", "text/strange"),
    ] {
        assert_eq!(response.getheader(name).unwrap(), value);
    }
}

#[test]
fn http_1_0_is_one_request_on_a_connection() {
    let site = Site::new("version");
    let serving = Serving::start(&["-d", site.path(), "-p", "HTTP/1.0", "-b", "127.0.0.1"]);
    let mut conn = serving.connect();
    let mut response = get(&mut conn, "/hello.txt");
    assert_eq!(response.version(), 10);
    assert_eq!(response.read(None).unwrap(), b"hello");
    assert!(!conn.is_connected());
}

#[test]
#[cfg(unix)]
fn scripts_run_only_if_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new("cgi");
    let script = site.0.join("cgi-bin/hello");
    fs::create_dir(site.0.join("cgi-bin")).unwrap();
    fs::write(
        &script,
        "#!/bin/sh\necho 'Content-Type: text/plain'\necho\necho run\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    for (options, beginning) in [(&["--cgi"][..], "run\n"), (&[], "#!/bin/sh\n")] {
        let place = ["-d", site.path(), "-b", "127.0.0.1"];
        let serving = Serving::start(&[&place[..], options].concat());
        let mut conn = serving.connect();
        let body = get(&mut conn, "/cgi-bin/hello").read(None).unwrap();
        assert!(body.starts_with(beginning.as_bytes()), "{options:?}");
    }
}

/// Whether this process ignores SIGINT, where the system shows it.
#[cfg(unix)]
fn ignores_interrupts() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut ignored = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    ignored.any(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 0b10 != 0))
}

#[cfg(unix)]
fn interrupt(serving: &Serving) {
    let pid = serving.child.id().to_string();
    let sent = Command::new("sh")
        .args(["-c", "kill -INT \"$0\"", &pid])
        .status();
    assert!(sent.unwrap().success());
}

/// `std` can't catch the signal: the system's default action ends the process.
#[test]
#[cfg(all(unix, not(all(feature = "sys", target_os = "linux"))))]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    let mut serving = Serving::start_in_foreground(&["-b", "127.0.0.1"]);
    interrupt(&serving);
    assert_eq!(serving.child.wait().unwrap().signal(), Some(2));
    let mut lines = String::new();
    serving.output.read_to_string(&mut lines).unwrap();
    assert_eq!(lines, "");
}

#[test]
#[cfg(all(feature = "sys", target_os = "linux"))]
fn an_interrupt_ends_it_in_good_order() {
    let mut serving = Serving::start_in_foreground(&["-b", "127.0.0.1"]);
    let mut conn = serving.connect();
    assert_eq!(get(&mut conn, "/").status(), 200); // idle now, and no hindrance
    interrupt(&serving);
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    let mut lines = String::new();
    serving.output.read_to_string(&mut lines).unwrap();
    assert_eq!(lines, "\nKeyboard interrupt received, exiting.\n");
}

/// A request under way has time to end, which a second interrupt does not give it.
#[test]
#[cfg(all(feature = "sys", target_os = "linux"))]
fn a_second_interrupt_ends_it_at_once() {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    let mut serving = Serving::start_in_foreground(&["-b", "127.0.0.1"]);
    let mut under_way = TcpStream::connect(("127.0.0.1", serving.port)).unwrap();
    under_way
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    under_way.read_exact(&mut first).unwrap();
    interrupt(&serving);
    let mut line = String::new();
    serving.output.read_line(&mut line).unwrap();
    serving.output.read_line(&mut line).unwrap();
    assert_eq!(line, "\nKeyboard interrupt received, exiting.\n");
    assert!(serving.child.try_wait().unwrap().is_none());
    interrupt(&serving);
    assert_eq!(serving.child.wait().unwrap().signal(), Some(2));
}

/// As it is for what a script starts in the background.
#[test]
#[cfg(unix)]
fn an_interrupt_that_is_ignored_stays_so() {
    let mut command = Command::new("sh");
    let ignoring = "trap '' INT; exec \"$0\" 0 -b 127.0.0.1";
    let serving = Serving::wait(start(command.args(["-c", ignoring, PROGRAM])).unwrap());
    interrupt(&serving);
    let mut conn = serving.connect();
    assert_eq!(get(&mut conn, "/").status(), 200);
}

#[test]
fn help_names_every_option() {
    for option in ["-h", "--help"] {
        let (status, output, errors) = run(&[option]);
        assert_eq!((status, errors.as_str()), (0, ""));
        for name in [
            "usage: stdhttp-server [port]",
            "-b, --bind ADDRESS",
            "-d, --directory DIRECTORY",
            "-p, --protocol VERSION",
            "--cgi",
            "-H, --header NAME VALUE",
            "--content-type TYPE",
            "-h, --help",
        ] {
            assert!(output.contains(name), "{name}");
        }
        assert!(output.lines().all(|line| line.len() <= 80));
    }
}

#[test]
fn a_port_in_use_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (status, line) = fail(&[&port, "-b", "127.0.0.1"]);
    assert_eq!((status, line), (1, format!("port {port} is in use")));
    assert_eq!(fail(&[&port]).0, 1);
}

/// Nobody wants to be served at the addresses that another server has left.
#[test]
fn a_port_in_use_at_some_addresses_is_in_use() {
    let Ok(taken) = TcpListener::bind("[::1]:0") else {
        println!("left out: this machine has no IPv6");
        return;
    };
    let port = taken.local_addr().unwrap().port().to_string();
    let mut child = start(Command::new(PROGRAM).arg(&port)).unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let _ = child.kill();
    let mut errors = String::new();
    let mut output = child.stderr.take().unwrap();
    output.read_to_string(&mut errors).unwrap();
    child.wait().unwrap();
    let expected = format!("stdhttp-server: port {port} is in use\n");
    assert_eq!((line, errors), (String::new(), expected));
}

#[test]
fn a_directory_that_is_not_there_is_one_line() {
    let site = Site::new("absent");
    let absent = format!("{}/none", site.path());
    let expected = format!("there is no directory {absent}");
    assert_eq!(fail(&["-d", &absent]), (1, expected));
    let file = format!("{}/hello.txt", site.path());
    assert_eq!(fail(&["-d", &file]), (1, format!("{file} is no directory")));
}

#[test]
fn an_address_of_others_is_one_line() {
    let (status, line) = fail(&["0", "-b", "192.0.2.1"]);
    assert!(line.starts_with("can't listen on 192.0.2.1:0: "), "{line}");
    assert_eq!(status, 1);
    let (status, line) = fail(&["0", "-b", "not a name"]);
    assert!(line.starts_with("no address for not a name: "), "{line}");
    assert_eq!(status, 1);
}

#[test]
fn wrong_usage_is_one_line_and_exit_status_2() {
    let table: [(&[&str], &str); 20] = [
        (&["65536"], "65536 is no port, 0 to 65535"),
        (&["http"], "http is no port, 0 to 65535"),
        (&["--", "-1"], "-1 is no port, 0 to 65535"),
        (&["-"], "- is no port, 0 to 65535"),
        (&["1", "2"], "more than one port"),
        (&["-x"], "unknown option -x"),
        (&["--bnd", "a"], "unknown option --bnd"),
        (&["-b"], "-b needs a value"),
        (&["--cgi=yes"], "--cgi takes no value"),
        (&["-H", "X-A"], "-H needs a value"),
        (&["-H", "X A", "1"], "\"X A\" is no name of a field"),
        (
            &["-H", "X-A", "1\r\nX-B: 2"],
            "\"1\\r\\nX-B: 2\" is no value of a field",
        ),
        (
            &["-H", "Content-Length", "1"],
            "Content-Length is sent by the server itself",
        ),
        (&["--content-type", "text"], "\"text\" is no media type"),
        (&["--content-type", "text/"], "\"text/\" is no media type"),
        (&["--content-type", "/plain"], "\"/plain\" is no media type"),
        (
            &["--content-type", "text/a\nb"],
            "\"text/a\\nb\" is no media type",
        ),
        (&["-p", "HTTP/1.1", "-x"], "unknown option -x"),
        (
            &["-p", "HTTP/2"],
            "HTTP/2 is no version, HTTP/1.0 or HTTP/1.1",
        ),
        (&["-d"], "-d needs a value"),
    ];
    for (arguments, problem) in table {
        let expected = format!("{problem} (--help lists the options)");
        assert_eq!(fail(arguments), (2, expected), "{arguments:?}");
    }
}

#[test]
fn tls_is_refused_with_the_place_that_tells_more() {
    for option in ["--tls-cert", "--tls-key", "--tls-password-file"] {
        let (status, line) = fail(&[option, "file.pem"]);
        assert!(line.contains("docs/tls.md"), "{line}");
        assert_eq!(status, 2);
    }
}
