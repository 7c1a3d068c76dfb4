//! `cargo xtask bench crypto`: the suites beside openssl and libtomcrypt, and the format beside
//! its bare AEAD, on one core and in one run, in seconds of the processor.

use std::collections::BTreeMap;
use std::process::Command;

use crate::failure::Failure;
use crate::oracles::{needs_openssl, perl};
use crate::program;
use crate::table::Table;

/// The options of `cargo xtask bench crypto`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {}

/// A name of ours, and what openssl and libtomcrypt call it with the lengths of key and IV.
const PEERS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("aes-128-cbc", Some("aes-128-cbc"), None),
    ("aes-256-cbc", Some("aes-256-cbc"), None),
    ("aes-256-ctr", Some("aes-256-ctr"), None),
    ("blowfish-cbc", Some("bf-cbc"), Some("blowfish-cbc:56:8")),
    ("cast5-cbc", Some("cast5-cbc"), Some("cast5-cbc:16:8")),
    ("des-cbc", Some("des-cbc"), Some("des-cbc:8:8")),
    ("idea-cbc", None, Some("idea-cbc:16:8")),
    ("rc2-cbc", Some("rc2-cbc"), Some("rc2-cbc:16:8")),
    ("rc4", Some("rc4"), Some("rc4:256:0")),
    ("tripledes-cbc", Some("des-ede3-cbc"), Some("tripledes-cbc:24:8")),
    ("twofish-cbc", None, Some("twofish-cbc:32:16")),
    ("chacha", Some("chacha20"), Some("chacha:32:12")),
];

const FORMATS: [&str; 2] = ["aes-256-gcm", "xchacha20-poly1305"];
const DIRECTIONS: [&str; 2] = ["encrypt", "decrypt"];

/// Bytes per second by name and direction.
type Rates = BTreeMap<(String, String), f64>;

/// Measures everybody and prints the tables.
pub(crate) fn run(_args: &Args) -> Result<(), Failure> {
    needs_openssl()?;
    let mut peer = perl()?;
    peer.arg("speed").args(PEERS.iter().filter_map(|peer| peer.2));
    let mut ours = program::cargo();
    ours.args(["run", "--quiet", "--release", "-p", "b2-crypto", "--example", "speed"]);
    let ours = rates(&program::stdout(&mut ours)?);
    let tomcrypt = rates(&program::stdout(&mut peer)?);
    let mut table =
        Table::new(["suite", "direction", "MB/s", "openssl", "ratio", "libtomcrypt", "ratio"]);
    for (name, openssl, _) in PEERS {
        for direction in DIRECTIONS {
            let own = rate(&ours, name, direction);
            let ssl = openssl.map(|name| openssl_speed(name, direction)).transpose()?;
            let tom = tomcrypt.get(&((*name).to_owned(), direction.to_owned())).copied();
            let cells = [ssl, ratio(own, ssl), tom, ratio(own, tom)];
            let [a, b, c, d] =
                [(cells[0], true), (cells[1], false), (cells[2], true), (cells[3], false)].map(
                    |(cell, is_rate)| {
                        cell.map_or_else(|| "-".to_owned(), |value| shown(value, is_rate))
                    },
                );
            table.row([(*name).to_owned(), direction.to_owned(), shown(own, true), a, b, c, d]);
        }
    }
    println!("{}\n", table.render());
    let mut table = Table::new(["format", "direction", "MB/s", "bare AEAD", "ratio"]);
    for name in FORMATS {
        for direction in DIRECTIONS {
            let own = rate(&ours, &format!("format-{name}"), direction);
            let bare = rate(&ours, &format!("bare-{name}"), direction);
            let cells = [shown(own, true), shown(bare, true), shown(own / bare, false)];
            let [a, b, c] = cells;
            table.row([name.to_owned(), direction.to_owned(), a, b, c]);
        }
    }
    println!("{}", table.render());
    Ok(())
}

fn ratio(own: f64, peer: Option<f64>) -> Option<f64> {
    peer.map(|peer| own / peer)
}

fn shown(value: f64, is_rate: bool) -> String {
    if is_rate { format!("{:.0}", value / 1e6) } else { format!("{value:.2}") }
}

fn rate(rates: &Rates, name: &str, direction: &str) -> f64 {
    rates.get(&(name.to_owned(), direction.to_owned())).copied().unwrap_or(f64::NAN)
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
        assert_eq!(rate(&rates, "aes-256-cbc", "encrypt"), 1000.0);
        assert_eq!(rate(&rates, "rc4", "decrypt"), 5.0);
        assert!(rate(&rates, "rc4", "encrypt").is_nan());
    }
}
