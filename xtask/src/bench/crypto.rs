//! `cargo xtask bench crypto`: the suites beside openssl and libtomcrypt, and the format beside
//! its bare AEAD, by AWS-LC and in Rust, on one core and in one run, in seconds of the processor.

use std::collections::BTreeMap;
use std::process::Command;

use crate::failure::Failure;
use crate::oracles::{needs_openssl, perl};
use crate::program;
use crate::table::Table;

/// The options of `cargo xtask bench crypto`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {}

/// A suite and who is measured beside it.
struct Row {
    name: &'static str,
    /// What openssl calls it.
    openssl: Option<&'static str>,
    /// What libtomcrypt calls it, with the lengths of key and IV.
    tomcrypt: Option<&'static str>,
    bar: Option<Bar>,
}

/// Whom the suite must not be slower than, but for a tenth.
#[derive(Clone, Copy, PartialEq)]
enum Bar {
    /// Both use the instructions that the processor has for it.
    OpenSsl,
    TomCrypt,
}

/// What of the peer's speed is enough.
const SUITE_BAR: f64 = 0.9;
const FORMAT_BAR: f64 = 0.8;

const fn row(
    name: &'static str,
    openssl: Option<&'static str>,
    tomcrypt: Option<&'static str>,
    bar: Option<Bar>,
) -> Row {
    Row { name, openssl, tomcrypt, bar }
}

use Bar::{OpenSsl, TomCrypt};

/// Every suite. The two with blocks that nobody else has today, TEA and XSalsa20 stand alone.
const SUITES: &[Row] = &[
    row("aes-128-cbc", Some("aes-128-cbc"), Some("aes-cbc:16:16"), Some(OpenSsl)),
    row("aes-192-cbc", Some("aes-192-cbc"), Some("aes-cbc:24:16"), Some(OpenSsl)),
    row("aes-256-cbc", Some("aes-256-cbc"), Some("aes-cbc:32:16"), Some(OpenSsl)),
    row("aes-128-ctr", Some("aes-128-ctr"), Some("aes-ctr:16:16"), Some(OpenSsl)),
    row("aes-192-ctr", Some("aes-192-ctr"), Some("aes-ctr:24:16"), Some(OpenSsl)),
    row("aes-256-ctr", Some("aes-256-ctr"), Some("aes-ctr:32:16"), Some(OpenSsl)),
    row("rijndael-cbc", Some("aes-256-cbc"), Some("rijndael-cbc:32:16"), Some(OpenSsl)),
    row("rijndael-192-cbc", None, None, None),
    row("rijndael-256-cbc", None, None, None),
    row("blowfish-cbc", Some("bf-cbc"), Some("blowfish-cbc:56:8"), Some(TomCrypt)),
    row("cast5-cbc", Some("cast5-cbc"), Some("cast5-cbc:16:8"), Some(TomCrypt)),
    row("des-cbc", Some("des-cbc"), Some("des-cbc:8:8"), Some(TomCrypt)),
    row("idea-cbc", None, Some("idea-cbc:16:8"), Some(TomCrypt)),
    row("rc2-cbc", Some("rc2-cbc"), Some("rc2-cbc:16:8"), Some(TomCrypt)),
    row("rc4", Some("rc4"), Some("rc4:256:0"), Some(TomCrypt)),
    row("tea-cbc", None, None, None),
    row("tripledes-cbc", Some("des-ede3-cbc"), Some("tripledes-cbc:24:8"), Some(TomCrypt)),
    row("twofish-cbc", None, Some("twofish-cbc:32:16"), Some(TomCrypt)),
    row("chacha", Some("chacha20"), Some("chacha:32:12"), Some(OpenSsl)),
    row("xsalsa20", None, None, None),
    row("blowfish-ctr", None, Some("blowfish-ctr:56:8"), Some(TomCrypt)),
    row("cast5-ctr", None, Some("cast5-ctr:16:8"), Some(TomCrypt)),
    row("des-ctr", None, Some("des-ctr:8:8"), Some(TomCrypt)),
    row("idea-ctr", None, Some("idea-ctr:16:8"), Some(TomCrypt)),
    row("rc2-ctr", None, Some("rc2-ctr:16:8"), Some(TomCrypt)),
    row("tripledes-ctr", None, Some("tripledes-ctr:24:8"), Some(TomCrypt)),
    row("twofish-ctr", None, Some("twofish-ctr:32:16"), Some(TomCrypt)),
];

const FORMATS: [&str; 2] = ["aes-256-gcm", "xchacha20-poly1305"];
const DIRECTIONS: [&str; 2] = ["encrypt", "decrypt"];

/// Bytes per second by name and direction.
type Rates = BTreeMap<(String, String), f64>;

/// Measures everybody, prints the tables, and fails if a bar is missed.
pub(crate) fn run(_args: &Args) -> Result<(), Failure> {
    needs_openssl()?;
    let mut peer = perl()?;
    peer.arg("speed").args(SUITES.iter().filter_map(|row| row.tomcrypt));
    let ours = ours(&["--features", "aws-lc-rs", "--"])?;
    let portable = self::ours(&["--", "format"])?;
    let tomcrypt = rates(&program::stdout(&mut peer)?);
    let mut missed = suites(&ours, &tomcrypt)?;
    missed.append(&mut formats(&[("AWS-LC", ours), ("Rust", portable)])?);
    if missed.is_empty() {
        return Ok(());
    }
    let missed = missed.join(", ");
    Err(Failure::Wrong(format!("slower than the bar: {missed}; a busy machine may be the reason")))
}

/// Our own rates, of the crate with these features.
fn ours(words: &[&str]) -> Result<Rates, Failure> {
    let mut ours = program::cargo();
    ours.args(["run", "--quiet", "--release", "-p", "b2-crypto", "--example", "speed"]).args(words);
    Ok(rates(&program::stdout(&mut ours)?))
}

fn suites(ours: &Rates, tomcrypt: &Rates) -> Result<Vec<String>, Failure> {
    let heads = ["suite", "direction", "MB/s", "openssl", "ratio", "libtomcrypt", "ratio", "bar"];
    let (mut table, mut missed) = (Table::new(heads), Vec::new());
    for suite in SUITES {
        for direction in DIRECTIONS {
            let own = rate(ours, suite.name, direction)?;
            let ssl = suite.openssl.map(|name| openssl_speed(name, direction)).transpose()?;
            let tom = suite.tomcrypt.map(|name| rate(tomcrypt, name, direction)).transpose()?;
            let peer = match suite.bar {
                Some(Bar::OpenSsl) => ssl,
                Some(Bar::TomCrypt) => tom,
                None => None,
            };
            let verdict = verdict(ratio(own, peer), SUITE_BAR);
            if verdict == MISSED {
                missed.push(format!("{} {direction}", suite.name));
            }
            let cell = |value: Option<f64>, is_rate| {
                value.map_or_else(|| "-".to_owned(), |value| shown(value, is_rate))
            };
            table.row([
                suite.name.to_owned(),
                direction.to_owned(),
                shown(own, true),
                cell(ssl, true),
                cell(ratio(own, ssl), false),
                cell(tom, true),
                cell(ratio(own, tom), false),
                verdict.to_owned(),
            ]);
        }
    }
    println!("{}\n", table.render());
    Ok(missed)
}

fn formats(implementations: &[(&str, Rates)]) -> Result<Vec<String>, Failure> {
    let heads = ["format", "by", "direction", "MB/s", "bare AEAD", "ratio", "bar"];
    let (mut table, mut missed) = (Table::new(heads), Vec::new());
    for (name, (by, ours)) in
        FORMATS.iter().flat_map(|name| implementations.iter().map(move |one| (*name, one)))
    {
        for direction in DIRECTIONS {
            let own = rate(ours, &format!("format-{name}"), direction)?;
            let bare = rate(ours, &format!("bare-{name}"), direction)?;
            let verdict = verdict(Some(own / bare), FORMAT_BAR);
            if verdict == MISSED {
                missed.push(format!("format {name} by {by} {direction}"));
            }
            let cells = [shown(own, true), shown(bare, true), shown(own / bare, false)];
            let [a, b, c] = cells;
            let [name, by, direction, verdict] = [name, by, direction, verdict].map(str::to_owned);
            table.row([name, by, direction, a, b, c, verdict]);
        }
    }
    println!("{}", table.render());
    Ok(missed)
}

const MISSED: &str = "missed";

fn verdict(ratio: Option<f64>, bar: f64) -> &'static str {
    match ratio {
        Some(ratio) if ratio >= bar => "met",
        Some(_) => MISSED,
        None => "-",
    }
}

fn ratio(own: f64, peer: Option<f64>) -> Option<f64> {
    peer.map(|peer| own / peer)
}

fn shown(value: f64, is_rate: bool) -> String {
    if is_rate { format!("{:.0}", value / 1e6) } else { format!("{value:.2}") }
}

fn rate(rates: &Rates, name: &str, direction: &str) -> Result<f64, Failure> {
    let rate = rates.get(&(name.to_owned(), direction.to_owned())).copied();
    rate.ok_or_else(|| Failure::Wrong(format!("nobody measured {name}, {direction}")))
}

/// Lines of name, direction and bytes per second.
fn rates(text: &str) -> Rates {
    let lines = text.lines().filter_map(|line| {
        let [name, direction, rate] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
        Some(((name.to_owned(), direction.to_owned()), rate.parse().ok()?))
    });
    lines.collect()
}

/// The best of three, as ours is the best of several rounds.
fn openssl_speed(name: &str, direction: &str) -> Result<f64, Failure> {
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let mut command = Command::new("openssl");
        command.args(["speed", "-mr", "-seconds", "1", "-bytes", "65536"]);
        command.args(["-provider", "legacy", "-provider", "default", "-evp", name]);
        if direction == "decrypt" {
            command.arg("-decrypt");
        }
        let output = program::stdout(&mut command)?;
        let line = output.lines().find_map(|line| line.strip_prefix("+F:"));
        let rate = line.and_then(|line| line.rsplit(':').next()?.trim().parse::<f64>().ok());
        let told = Failure::Wrong(format!("`openssl speed` told no rate for {name}: {output}"));
        best = best.max(rate.ok_or(told)?);
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        let rates = rates("aes-256-cbc encrypt 1000\nnoise\nrc4 decrypt 5\n");
        assert_eq!(rate(&rates, "aes-256-cbc", "encrypt").ok(), Some(1000.0));
        assert_eq!(rate(&rates, "rc4", "decrypt").ok(), Some(5.0));
        assert!(rate(&rates, "rc4", "encrypt").is_err());
    }

    #[test]
    fn a_bar_is_met_or_missed() {
        assert_eq!(verdict(Some(0.9), SUITE_BAR), "met");
        assert_eq!(verdict(Some(0.89), SUITE_BAR), MISSED);
        assert_eq!(verdict(None, SUITE_BAR), "-");
    }
}
