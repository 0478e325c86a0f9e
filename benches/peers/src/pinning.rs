//! Which CPU a process runs on.

use std::env;
use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::Result;

const CLIENTS_CPU: &str = "0";
const SERVERS_CPU: &str = "1";

/// Whether processes are bound to a CPU.
pub(crate) struct Pinning {
    taskset: bool,
}

impl Pinning {
    pub(crate) fn find() -> Self {
        let can_pin = |cpu| {
            let mut command = Command::new("taskset");
            command.args(["-c", cpu, "true"]);
            let output = command.output();
            output.is_ok_and(|output| output.status.success())
        };
        Self {
            taskset: can_pin(CLIENTS_CPU) && can_pin(SERVERS_CPU),
        }
    }

    /// This program, started again as a client.
    pub(crate) fn client(&self) -> Result<Command> {
        Ok(self.other_client(&env::current_exe()?))
    }

    /// This program, started again as a server.
    pub(crate) fn server(&self) -> Result<Command> {
        Ok(self.other_server(&env::current_exe()?))
    }

    /// Another program that is a client.
    pub(crate) fn other_client(&self, program: &Path) -> Command {
        self.command(CLIENTS_CPU, program)
    }

    /// Another program that is a server. `taskset` becomes that program, under the same process id.
    pub(crate) fn other_server(&self, program: &Path) -> Command {
        self.command(SERVERS_CPU, program)
    }

    fn command(&self, cpu: &str, program: &Path) -> Command {
        if !self.taskset {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", cpu]).arg(program);
        command
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.taskset {
            true => write!(
                f,
                "Servers ran on CPU {SERVERS_CPU}, clients on CPU {CLIENTS_CPU}."
            ),
            false => write!(
                f,
                "No process was bound to a CPU: there is no `taskset` or no second CPU."
            ),
        }
    }
}
