//! `cargo xtask ci`: everything that must pass before a change is merged.
//!
//! The steps are data in `steps`; each is nothing but commands that one can type oneself.

mod steps;

use std::process::Command;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;

use crate::failure::Failure;
use crate::program;
use crate::table::Table;
use steps::{Line, STEPS, Step};

/// The options of `cargo xtask ci`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names the steps and their commands, and runs nothing.
    #[arg(long)]
    list: bool,
    /// Runs only this step; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// Leaves this step out; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = names())]
    skip: Vec<String>,
}

fn names() -> PossibleValuesParser {
    STEPS.iter().map(|step| step.name).into()
}

/// Runs the chosen steps in order and stops at the first failure.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let chosen = choose(args);
    if args.list {
        for step in chosen {
            println!("{:<10} {}", step.name, step.title);
            step.lines.iter().for_each(|line| println!("{:<10}   {line}", ""));
        }
        return Ok(());
    }
    let mut times = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        println!("\n=== {}/{} {}: {}", index + 1, chosen.len(), step.name, step.title);
        let begun = Instant::now();
        let result = run_step(step);
        times.push((step.name, begun.elapsed()));
        println!("=== {} took {}", step.name, seconds(begun.elapsed()));
        if let Err(failure) = result {
            let again = format!("run it alone: cargo xtask ci --only {}", step.name);
            return Err(Failure::Wrong(format!("{}\n  {again}", failure.in_full())));
        }
    }
    println!("\n{}\n\nEverything passed.", render(&times));
    Ok(())
}

fn choose(args: &Args) -> Vec<&'static Step> {
    let named = |names: &[String], step: &Step| names.iter().any(|name| name == step.name);
    let wanted = |step: &&Step| args.only.is_empty() || named(&args.only, step);
    STEPS.iter().filter(wanted).filter(|step| !named(&args.skip, step)).collect()
}

fn run_step(step: &Step) -> Result<(), Failure> {
    if let Some((probe, remedy)) = step.needs {
        let mut probe = command(&probe);
        if !program::output(&mut probe)?.status.success() {
            return Err(Failure::missing(format!("`{}` does not run", line(&probe)), remedy));
        }
    }
    step.lines.iter().try_for_each(run_line)
}

fn run_line(line: &Line) -> Result<(), Failure> {
    println!("$ {line}");
    let mut command = command(line);
    let started = command.status();
    let status = started.map_err(|source| Failure::Start { program: line.to_string(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Wrong(format!("`{line}` failed ({status})")))
}

fn command(line: &Line) -> Command {
    let mut command = program::cargo();
    command.args(line.words).envs(line.env.iter().copied());
    command
}

fn line(command: &Command) -> String {
    program::line(command)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn render(times: &[(&str, Duration)]) -> String {
    let mut table = Table::new(["step", "time"]);
    for (name, time) in times {
        table.row([(*name).to_owned(), seconds(*time)]);
    }
    let total = times.iter().map(|(_, time)| *time).sum();
    table.row(["total".to_owned(), seconds(total)]);
    table.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(only: &[&str], skip: &[&str]) -> Vec<&'static str> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let args = Args { list: false, only: owned(only), skip: owned(skip) };
        choose(&args).into_iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_run_in_their_own_order_whatever_the_order_of_the_options() {
        assert_eq!(chosen(&["tests", "fmt"], &[]), ["fmt", "tests"]);
        assert_eq!(chosen(&[], &[]).len(), STEPS.len());
        assert_eq!(chosen(&["tests", "fmt"], &["fmt"]), ["tests"]);
    }

    #[test]
    fn a_failing_command_fails_its_step() {
        let good = Line { env: &[], words: &["--version"] };
        let bad = Line { env: &[], words: &["no-such-subcommand"] };
        assert!(run_line(&good).is_ok());
        let failure = run_line(&bad).unwrap_err().to_string();
        assert!(failure.starts_with("`cargo no-such-subcommand` failed"), "{failure}");
    }

    #[test]
    fn a_step_whose_tool_is_absent_says_how_to_get_it() {
        let probe = Line { env: &[], words: &["no-such-subcommand"] };
        let step = Step { name: "x", title: "x", needs: Some((probe, "get it")), lines: &[] };
        assert!(run_step(&step).unwrap_err().to_string().ends_with("get it"));
    }
}
