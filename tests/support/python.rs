//! Python as a judge of cookies and credentials, in one long-lived process
//! (`support/judge_cookies.py`).

#![allow(unreachable_pub, reason = "the module of two test files")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::base64;

/// The running process.
#[derive(Debug)]
pub struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Starts it, if there is a Python; in CI there must be.
    pub fn start() -> Option<Self> {
        let python = Self::spawn();
        let missing = python.is_none();
        assert!(
            !missing || std::env::var_os("CI").is_none(),
            "Python is missing"
        );
        if missing {
            println!("left out: there is no Python");
        }
        python
    }

    fn spawn() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/judge_cookies.py");
        let mut python = Command::new("python3");
        let python = python
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = python.stderr(Stdio::null()).spawn().ok()?;
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        let mut python = Self {
            child,
            input,
            output,
        };
        python.ask("quoted", &[b"a"]).is_some().then_some(python)
    }

    /// The answer; nothing where Python refuses.
    pub fn ask(&mut self, what: &str, arguments: &[&[u8]]) -> Option<Vec<u8>> {
        let coded = arguments.iter().map(|argument| match argument {
            [] => " =".to_owned(),
            octets => format!(" {}", base64::encode(octets)),
        });
        let question = format!("{what}{}", coded.collect::<String>());
        writeln!(self.input, "{question}").ok()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).ok()?;
        match answer.trim_end() {
            "!" | "" => None,
            "=" => Some(Vec::new()),
            coded => Some(base64::decode(coded)),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
