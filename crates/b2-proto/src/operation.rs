//! The rows of the generated tables: facts about operations and headers.

use crate::Capability;

/// Facts about an operation. [`OPERATIONS`](crate::OPERATIONS) lists them all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The name in the URL, such as `b2_hide_file`.
    pub name: &'static str,
    /// The API family, such as `file`.
    pub family: &'static str,
    /// Where it is called.
    pub host: Host,
    /// The HTTP methods the service takes, the usual one first.
    pub methods: &'static [&'static str],
    /// What the key must be allowed; none where the key itself is presented. Some fields need
    /// more, as their docs tell, and copies need `readFiles` on a private source as well.
    pub capability: Option<Capability>,
    /// What a call costs.
    pub transaction_class: TransactionClass,
}

impl OperationInfo {
    /// The operation of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        crate::OPERATIONS.iter().find(|operation| operation.name == name)
    }
}

/// The kind of address an operation is called at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// The fixed address of the service, known beforehand.
    Realm,
    /// `apiUrl` of the answer to authorization.
    Api,
    /// `uploadUrl` of the answer that also gave the upload token.
    Upload,
    /// `downloadUrl` of the answer to authorization.
    Download,
}

/// The price class of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the price list has three classes")]
pub enum TransactionClass {
    /// Free.
    A,
    /// Charged at the lower price: downloads and file info.
    B,
    /// Charged at the higher price: listings, copies, settings and authorization.
    C,
}

/// Facts about a header of a request or an answer that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderInfo {
    /// The name in lower case. `x-bz-info-*` stands for every header of file info.
    pub name: &'static str,
    /// Whether every request or answer of this kind has it.
    pub required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OPERATIONS;

    #[test]
    fn operations_are_found_by_name() {
        let hide = OperationInfo::named("b2_hide_file").unwrap();
        assert_eq!(hide.capability, Some(Capability::WriteFiles));
        assert_eq!(hide.transaction_class, TransactionClass::A);
        assert!(OperationInfo::named("b2_teleport_file").is_none());
    }

    #[test]
    fn operations_are_sorted_and_named_once() {
        assert!(OPERATIONS.is_sorted_by(|left, right| left.name < right.name));
        let known = |operation: &&OperationInfo| match &operation.capability {
            Some(capability) => Capability::KNOWN.contains(capability),
            None => operation.host == Host::Realm,
        };
        assert!(OPERATIONS.iter().all(|operation| known(&operation)));
    }
}
