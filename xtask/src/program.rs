//! Other programs, run and told apart from their output.

use std::process::{Command, Output};

use crate::failure::Failure;
use crate::workspace;

/// The cargo that runs this program, working at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

/// Runs a program to its end and gives its standard output.
pub(crate) fn stdout(command: &mut Command) -> Result<String, Failure> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Program {
        command: line(command),
        status: output.status.to_string(),
        output: said(&output),
    })
}

/// Runs a program to its end; what it says goes to the terminal.
pub(crate) fn attached(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    println!("$ {line}");
    let started = command.status();
    let status = started.map_err(|source| Failure::Start { program: line.clone(), source })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("`{line}` failed ({status})")))
    }
}

/// Runs a program to its end, whatever it says.
pub(crate) fn output(command: &mut Command) -> Result<Output, Failure> {
    command.output().map_err(|source| Failure::Start { program: line(command), source })
}

/// Everything a program printed.
pub(crate) fn said(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// A command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let words = command.get_args().map(|word| quoted(&word.to_string_lossy()));
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_a_shell_understands_it() {
        let mut command = Command::new("/usr/bin/rclone");
        command.args(["lsl", "b2:x/a b", "it's", ""]);
        assert_eq!(line(&command), r"rclone lsl 'b2:x/a b' 'it'\''s' ''");
    }
}
