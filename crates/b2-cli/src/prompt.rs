//! Questions to a person at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Whether there is someone to answer.
pub(crate) fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line.
pub(crate) async fn line(question: &str) -> Result<String, Failure> {
    ask(question)?;
    Ok(exact_line().await?.trim().to_owned())
}

/// Asks for a line that is not shown while it is typed. It is taken as it is:
/// spaces at its ends count.
pub(crate) async fn secret(question: &str) -> Result<Zeroizing<String>, Failure> {
    let hidden = Hidden::begin()?;
    ask(question)?;
    let answer = exact_line().await;
    drop(hidden);
    // The end of line was not shown either.
    ask("\n")?;
    answer
}

/// Asks for a yes; anything else is a no.
pub(crate) async fn agrees(question: &str) -> Result<bool, Failure> {
    let answer = line(&format!("{question} [y/N] ")).await?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Reads a line of standard input, without the end of the line.
pub(crate) async fn exact_line() -> Result<Zeroizing<String>, Failure> {
    let unreadable = |source| Failure::local("standard input cannot be read", source);
    let read = tokio::task::spawn_blocking(|| {
        // Long enough not to move, which would leave a copy behind. That of
        // standard input's own buffer cannot be wiped.
        let mut line = Zeroizing::new(String::with_capacity(LINE));
        io::stdin().read_line(&mut line)?;
        end(&mut line);
        Ok(line)
    });
    read.await.map_err(io::Error::from).and_then(|line| line).map_err(unreadable)
}

/// Bytes of a line that nobody exceeds by typing.
const LINE: usize = 4096;

/// Removes the end of the line and nothing else.
fn end(line: &mut String) {
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
}

fn ask(question: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr();
    let asked = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    asked.map_err(|source| Failure::local("the question cannot be asked", source))
}

/// What is typed is not shown until this is dropped, which an interruption
/// does too: it lives in the future and not on the thread that reads.
#[cfg(unix)]
struct Hidden(rustix::termios::Termios);

#[cfg(unix)]
impl Hidden {
    fn begin() -> Result<Self, Failure> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let begin = || {
            let before = tcgetattr(io::stdin())?;
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ECHO);
            tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
            Ok(Self(before))
        };
        begin().map_err(|source: io::Error| Failure::local("the key cannot be hidden", source))
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that is gone needs no repair.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// There is no safe way to hide what is typed here.
#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn begin() -> Result<Self, Failure> {
        Err(Failure::Usage(
            "the key cannot be hidden while it is typed: give it through a pipe, as `-`".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_the_line_is_removed() {
        for (typed, line) in [
            ("key\n", "key"),
            ("key\r\n", "key"),
            (" correct horse \n", " correct horse "),
            ("no end\r", "no end\r"),
            ("\n", ""),
            ("", ""),
        ] {
            let mut typed = typed.to_owned();
            end(&mut typed);
            assert_eq!(typed, line);
        }
    }
}
