//! The known answers of the derivations of `b2-crypto`, asked of others too.
//!
//! OpenSSL and libtomcrypt have the functions of RFC 8018, and OpenSSL its own rule; Mono has
//! that of .NET. The one of Windows' `CryptDeriveKey` is in no library of Debian's under its name, and
//! Mono does not support it; but documents of Office are encrypted with keys that it makes, and who
//! reads those, `msoffcrypto`, confirms it for SHA-1. With other hashes `derive.py` alone has it, from
//! its documentation.

use std::fs;
use std::process::Command;

use serde::Deserialize;

use super::worker::{PERL, PYTHON3, needs};
use super::{bytes, hex};
use crate::failure::Failure;
use crate::{program, workspace};

const ANSWERS: &str = "crates/b2-crypto/tests/vectors/derivations.json";
const SCRIPT: &str = include_str!("derive.py");
/// libtomcrypt's, through CryptX; `pbkdf1` gives a few bytes behind those that were asked for.
const CRYPTX: &str = "use Crypt::KeyDerivation qw(pbkdf1 pbkdf2);
my ($rule, $hash, $password, $salt, $times, $length) = @ARGV;
my $derive = { pbkdf1 => \\&pbkdf1, pbkdf2 => \\&pbkdf2 }->{$rule} or die 'no such rule';
my $key = $derive->(pack('H*', $password), pack('H*', $salt), $times, uc $hash, $length);
print unpack('H*', substr($key, 0, $length)), qq(\\n);";

/// What EVP_BytesToKey gives for the cipher with the longest key and IV.
const OPENSSL_LEN: usize = 80;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    source: String,
    confirmed_by: Vec<String>,
    derivation: String,
    hash: String,
    #[serde(default)]
    password: String,
    /// In place of a password that is no text.
    password_hex: Option<String>,
    salt: String,
    iterations: u32,
    /// How many bytes were asked for at first, if not all at once.
    first: Option<usize>,
    output: String,
}

/// Asks about every answer; gives how many there are.
pub(super) fn confirm() -> Result<usize, Failure> {
    let path = workspace::root().join(ANSWERS);
    let text = fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    let answers: Vec<Answer> = serde_json::from_str(&text)
        .map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?;
    let import = ["-c", "import msoffcrypto"];
    let packages = "python3 python3-msoffcrypto-tool";
    needs(Command::new(PYTHON3).args(import), "msoffcrypto for Python", packages)?;
    answers.iter().try_for_each(Answer::confirm)?;
    Ok(answers.len())
}

impl Answer {
    fn confirm(&self) -> Result<(), Failure> {
        let what = format!("{} with {} ({})", self.derivation, self.hash, self.source);
        let expected = bytes(&self.output).filter(|output| !output.is_empty());
        let expected = expected.ok_or_else(|| Failure::Wrong(format!("{what}: no hex")))?;
        if self.confirmed_by.is_empty() {
            return Err(Failure::Wrong(format!("{what}: say who confirmed it")));
        }
        for name in &self.confirmed_by {
            let len = match (&**name, &*self.derivation) {
                ("openssl", "openssl") => expected.len().min(OPENSSL_LEN),
                _ => expected.len(),
            };
            let mut question = self.question(name, len)?;
            let said = program::stdout(&mut question)?;
            // `openssl kdf` puts colons between the bytes.
            let given = bytes(&said.trim().replace(':', ""));
            if given.as_deref() != Some(&expected[..len]) {
                let said = said.trim();
                let data = &self.output;
                return Err(Failure::Wrong(format!("{what}: {name} says {said}, the data {data}")));
            }
        }
        Ok(())
    }

    fn question(&self, who: &str, len: usize) -> Result<Command, Failure> {
        let (times, len) = (self.iterations.to_string(), len.to_string());
        let password = self.password_hex.clone();
        let password = password.unwrap_or_else(|| hex(self.password.as_bytes()));
        let rule = match self.first {
            Some(first) => format!("{}:{first}", self.derivation),
            None => self.derivation.clone(),
        };
        let words = [&*rule, &self.hash, &password, &self.salt, &times, &len];
        let mut command = match (who, &*self.derivation) {
            ("openssl", "pbkdf1" | "pbkdf2") => return Ok(self.openssl(&password, &len)),
            ("mono", _) => {
                let mut command = super::mono::program()?;
                command.arg("derive");
                command
            }
            ("openssl" | "the paper" | "msoffcrypto", _) => {
                let mut command = Command::new(PYTHON3);
                command.args(["-c", SCRIPT, who]);
                command
            }
            ("libtomcrypt", _) => {
                let mut command = Command::new(PERL);
                command.args(["-MCryptX", "-e", CRYPTX]);
                command
            }
            _ => return Err(Failure::Wrong(format!("{}: who is {who}?", self.source))),
        };
        command.args(words);
        Ok(command)
    }

    fn openssl(&self, password: &str, len: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["kdf", "-keylen", len, "-provider", "legacy", "-provider", "default"]);
        let options = [
            format!("digest:{}", self.hash.to_uppercase()),
            format!("hexpass:{password}"),
            format!("hexsalt:{}", self.salt),
            format!("iter:{}", self.iterations),
        ];
        for option in &options {
            command.args(["-kdfopt", option]);
        }
        command.arg(self.derivation.to_uppercase());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            source: "RFC 6070".to_owned(),
            confirmed_by: ["openssl", "libtomcrypt"].map(str::to_owned).to_vec(),
            derivation: "pbkdf2".to_owned(),
            hash: "sha1".to_owned(),
            password: "password".to_owned(),
            password_hex: None,
            salt: "73616c74".to_owned(),
            iterations: 1,
            first: None,
            output: "0c60c80f961f0e71f3a9b524af6012062fe037a6".to_owned(),
        }
    }

    #[test]
    fn an_answer_that_nobody_can_confirm_is_refused() {
        for confirmed_by in [vec![], vec!["somebody".to_owned()]] {
            assert!(Answer { confirmed_by, ..answer() }.confirm().is_err());
        }
        assert!(Answer { output: String::new(), ..answer() }.confirm().is_err());
    }

    #[test]
    fn each_oracle_is_asked_for_what_the_row_says() {
        let lines = ["openssl", "libtomcrypt"]
            .map(|who| program::line(&answer().question(who, 20).unwrap()));
        for word in ["PBKDF2", "hexpass:70617373776f7264", "hexsalt:73616c74", "iter:1"] {
            assert!(lines[0].contains(word), "{}", lines[0]);
        }
        assert!(lines[1].ends_with("pbkdf2 sha1 70617373776f7264 73616c74 1 20"), "{}", lines[1]);
        let rule = Answer { derivation: "dotnet".to_owned(), ..answer() };
        let line = program::line(&rule.question("the paper", 100).unwrap());
        assert!(line.contains("'the paper' dotnet sha1"), "{line}");
    }
}
