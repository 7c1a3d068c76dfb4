//! The rules in force, and trouble by seed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rule::{BadRule, FaultRule, SeededFaults};
use crate::fault::{Fault, Matcher};

/// What befalls one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) delay_ms: Option<u64>,
    pub(crate) fault: Option<Fault>,
}

/// Everything that is still to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<FaultRule>,
    seeded: Option<SeededFaults>,
    /// Requests of each operation since the seed was set.
    seen: BTreeMap<String, u64>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, rule: FaultRule) -> Result<(), BadRule> {
        rule.check()?;
        self.state().rules.push(rule);
        Ok(())
    }

    /// Adds a fault that was put together in Rust.
    pub(crate) fn inject(&self, matcher: Matcher, fault: &Fault) {
        let Matcher { operation, skip, count } = matcher;
        self.state().rules.push(FaultRule { operation, skip, count, ..rule_of(fault) });
    }

    pub(crate) fn set_seed(&self, seeded: SeededFaults) {
        let mut state = self.state();
        state.seeded = Some(seeded);
        state.seen.clear();
    }

    pub(crate) fn clear(&self) {
        *self.state() = State::default();
    }

    /// The rules that are not used up, and the seed.
    pub(crate) fn list(&self) -> (Vec<FaultRule>, Option<SeededFaults>) {
        let state = self.state();
        (state.rules.clone(), state.seeded.clone())
    }

    /// What befalls a request of this operation. Every rule that matches
    /// counts it; the first whose turn it is strikes.
    pub(crate) fn strike(&self, operation: &str) -> Strike {
        let mut state = self.state();
        if state.rules.is_empty() && state.seeded.is_none() {
            return Strike::default();
        }
        let mut struck = None;
        for rule in &mut state.rules {
            if !rule.matcher().covers(operation) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.count > 0 && struck.is_none() {
                rule.count -= 1;
                let fault = rule.fault().unwrap_or_default();
                struck = Some(Strike { delay_ms: rule.delay_ms, fault });
            }
        }
        state.rules.retain(|rule| rule.count > 0);
        struck.unwrap_or_else(|| state.draw(operation))
    }
}

impl State {
    /// Trouble by seed: the same for the same number of the same operation,
    /// however the requests of different operations interleave.
    fn draw(&mut self, operation: &str) -> Strike {
        let Some(seeded) = &self.seeded else { return Strike::default() };
        let number = self.seen.entry(operation.to_owned()).or_default();
        *number += 1;
        let name = operation.bytes().fold(seeded.seed, |sum, byte| mix(sum ^ u64::from(byte)));
        let dice = mix(name ^ *number);
        // 53 bits make a fraction that is exact.
        let share = (dice >> 11) as f64 / (1_u64 << 53) as f64;
        if share >= seeded.rate {
            return Strike::default();
        }
        let size = mix(dice) % 4096;
        let status = |status, code: &str| Fault::Status {
            status,
            code: code.to_owned(),
            retry_after_s: None,
        };
        let fault = match mix(dice ^ 1) % 8 {
            0 => return Strike { delay_ms: Some(size % 500), fault: None },
            1 => status(503, "service_unavailable"),
            2 => status(500, "internal_error"),
            3 => Fault::LoseRequest,
            4 => Fault::LoseReply,
            5 => Fault::Truncate(size),
            6 => Fault::Corrupt,
            _ => Fault::ExpireToken,
        };
        Strike { delay_ms: None, fault: Some(fault) }
    }
}

/// SplitMix64's last step.
const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn rule_of(fault: &Fault) -> FaultRule {
    let mut rule = FaultRule::default();
    match fault {
        Fault::Refuse | Fault::LoseRequest => rule.lose_request = true,
        Fault::LoseReply => rule.lose_reply = true,
        Fault::Delay(delay) => rule.delay_ms = Some(*delay),
        Fault::Status { status, code, retry_after_s } => {
            rule.status = Some(*status);
            rule.code = Some(code.clone());
            rule.retry_after = *retry_after_s;
        }
        Fault::Truncate(bytes) => rule.cut_after_bytes = Some(*bytes),
        Fault::Corrupt => rule.corrupt = true,
        Fault::ExpireToken | Fault::CloseUrl => rule.expire_token = true,
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_strike_in_turn_and_are_used_up() {
        let faults = Faults::default();
        faults.add("b2_list_keys:skip=1,lose-reply".parse().unwrap()).unwrap();
        faults.inject(Matcher::any(), &Fault::Delay(5));
        let strike = |operation: &str| faults.strike(operation);
        assert_eq!(strike("b2_list_keys"), Strike { delay_ms: Some(5), fault: None });
        let lost = Strike { delay_ms: None, fault: Some(Fault::LoseReply) };
        assert_eq!(strike("b2_list_keys"), lost);
        assert_eq!(strike("b2_list_keys"), Strike::default());
        assert!(faults.list().0.is_empty());
    }

    #[test]
    fn a_seed_gives_the_same_trouble_again_at_about_its_rate() {
        let play = |seed: u64| {
            let faults = Faults::default();
            faults.set_seed(SeededFaults::new(seed, 0.2));
            (0..1000).map(|_| faults.strike("b2_upload_file")).collect::<Vec<_>>()
        };
        let struck = play(7).iter().filter(|strike| **strike != Strike::default()).count();
        assert!((150..250).contains(&struck), "{struck}");
        assert_eq!(play(7), play(7));
        assert_ne!(play(7), play(8));
    }
}
