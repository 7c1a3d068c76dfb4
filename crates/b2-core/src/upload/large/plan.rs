//! How a file is cut into parts.

use crate::error::RequestError;

/// Parts of a large file at most: B2's rule.
pub const MAX_PARTS: u32 = 10_000;

/// Largest part in bytes. B2's documentation has said five billion bytes and
/// 5 GiB; this is the smaller.
pub const MAX_PART_SIZE: u64 = 5_000_000_000;

/// Largest file in bytes: ten terabytes, B2's rule.
pub const MAX_FILE_SIZE: u64 = 10_000_000_000_000;

/// A file of `len` bytes cut into parts of equal size, the last one excepted.
///
/// ```
/// use b2_core::upload::PartPlan;
///
/// let plan = PartPlan::new(250_000_000, 100_000_000, 5_000_000)?;
/// assert_eq!(plan.count(), 3);
/// assert_eq!(plan.slice(3).unwrap().len, 50_000_000);
/// # Ok::<(), b2_core::error::RequestError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlan {
    len: u64,
    part_size: u64,
}

/// A part of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slice {
    /// The part's number, from 1.
    pub number: u32,
    /// Its first byte, counted from the start of the file.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
}

impl PartPlan {
    /// Cuts `len` bytes into parts of `wanted` bytes. The size is raised to
    /// `minimum` and so far that 10,000 parts suffice, and lowered so that
    /// there are two parts, the least that B2 takes.
    ///
    /// # Errors
    ///
    /// [`RequestError::TooLarge`] above [`MAX_FILE_SIZE`];
    /// [`RequestError::OutOfRange`] if there is nothing to cut because `len`
    /// is not above `minimum`.
    pub fn new(len: u64, wanted: u64, minimum: u64) -> Result<Self, RequestError> {
        if len > MAX_FILE_SIZE {
            return Err(RequestError::TooLarge { len, limit: MAX_FILE_SIZE });
        }
        let minimum = minimum.max(1);
        if len <= minimum {
            let (min, max) = (minimum.saturating_add(1), MAX_FILE_SIZE);
            return Err(RequestError::OutOfRange { name: "the length", value: len, min, max });
        }
        let least = len.div_ceil(u64::from(MAX_PARTS)).max(minimum);
        let part_size = wanted.clamp(least, MAX_PART_SIZE.max(least));
        Ok(Self { len, part_size: part_size.min(len.div_ceil(2)).max(minimum) })
    }

    /// The plan that a journal tells of; `None` if it cannot have been one.
    #[must_use]
    pub fn known(len: u64, part_size: u64) -> Option<Self> {
        let plan = Self { len, part_size };
        let whole = part_size > 0 && part_size < len && len <= MAX_FILE_SIZE;
        (whole && len.div_ceil(part_size) <= u64::from(MAX_PARTS)).then_some(plan)
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: a file of no bytes cannot be cut.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Length of every part but the last, in bytes.
    #[must_use]
    pub fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts there are, 2 to 10,000.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.len.div_ceil(self.part_size)).unwrap_or(u32::MAX)
    }

    /// The part of this number; `None` if there is none.
    #[must_use]
    pub fn slice(&self, number: u32) -> Option<Slice> {
        let offset = u64::from(number.checked_sub(1)?).checked_mul(self.part_size)?;
        let len = self.len.checked_sub(offset)?.min(self.part_size);
        (len > 0).then_some(Slice { number, offset, len })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINIMUM: u64 = 5_000_000;

    #[test]
    fn the_edges_are_where_b2_says() {
        assert!(PartPlan::new(MINIMUM, 100_000_000, MINIMUM).is_err());
        let smallest = PartPlan::new(MINIMUM + 1, 100_000_000, MINIMUM).unwrap();
        assert_eq!((smallest.count(), smallest.slice(2).unwrap().len), (2, 1));
        let largest = PartPlan::new(MAX_FILE_SIZE, 100_000_000, MINIMUM).unwrap();
        assert_eq!((largest.count(), largest.part_size()), (MAX_PARTS, 1_000_000_000));
        assert!(PartPlan::new(MAX_FILE_SIZE + 1, 100_000_000, MINIMUM).is_err());
        let exact = PartPlan::new(300_000_000, 100_000_000, MINIMUM).unwrap();
        assert_eq!((exact.count(), exact.slice(3).unwrap().len), (3, 100_000_000));
        assert_eq!((exact.slice(0), exact.slice(4)), (None, None));
    }

    proptest! {
        #[test]
        fn every_file_up_to_ten_terabytes_can_be_cut(
            len in MINIMUM + 1..=MAX_FILE_SIZE,
            wanted in 0_u64..20_000_000_000,
        ) {
            let plan = PartPlan::new(len, wanted, MINIMUM).unwrap();
            let count = plan.count();
            prop_assert!((2..=MAX_PARTS).contains(&count), "{count} parts");
            let mut end = 0;
            // The first, the last and some between; all of them would be slow.
            let step = usize::try_from(count / 97 + 1).unwrap();
            for number in (1..=count).step_by(step).chain([count]) {
                let slice = plan.slice(number).unwrap();
                prop_assert!(slice.len <= MAX_PART_SIZE);
                prop_assert!(slice.len >= MINIMUM || number == count);
                prop_assert_eq!(slice.offset, u64::from(number - 1) * plan.part_size());
                end = slice.offset + slice.len;
            }
            prop_assert_eq!(end, len);
            prop_assert_eq!(plan.slice(count + 1), None);
            prop_assert_eq!(PartPlan::known(len, plan.part_size()), Some(plan));
        }
    }
}
