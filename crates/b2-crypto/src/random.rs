//! Randomness is an argument: this crate draws none.

/// Something that fills bytes with randomness that nobody can guess.
///
/// Give it the operating system's, such as `getrandom::fill`. Any function that takes a slice and
/// may fail is one:
///
/// ```
/// use b2_crypto::{NoRandomness, Randomness};
///
/// # fn fill_from_the_system(bytes: &mut [u8]) -> Result<(), std::io::Error> { bytes.fill(4); Ok(()) }
/// let mut system = |bytes: &mut [u8]| fill_from_the_system(bytes).map_err(|_| NoRandomness);
/// let mut salt = [0; 16];
/// system.fill(&mut salt)?;
/// # Ok::<(), NoRandomness>(())
/// ```
pub trait Randomness {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// If there is no randomness to be had; nothing is encrypted then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

impl<F: FnMut(&mut [u8]) -> Result<(), NoRandomness>> Randomness for F {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self(bytes)
    }
}

/// The source of randomness failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness, and without it nothing can be encrypted")]
#[expect(clippy::exhaustive_structs, reason = "a marker that callers have to make")]
pub struct NoRandomness;
