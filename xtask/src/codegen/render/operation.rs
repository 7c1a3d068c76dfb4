//! The table of operations.

use crate::codegen::item::Operation;

/// `generated/operations.rs`.
pub(super) fn table(operations: &[Operation]) -> String {
    let mut out = String::from("//! The operations of the newest API version.\n\n");
    out.push_str("use crate::{Capability, Host, OperationInfo, TransactionClass};\n\n");
    out.push_str("/// Every operation of the newest API version, by name.\n");
    out.push_str("pub const OPERATIONS: &[OperationInfo] = &[\n");
    for operation in operations {
        out.push_str(&row(operation));
    }
    out.push_str("];\n");
    out
}

fn row(operation: &Operation) -> String {
    let capability = match &operation.capability {
        Some(capability) => format!("Some(Capability::{capability})"),
        None => "None".to_owned(),
    };
    format!(
        "OperationInfo {{ name: {:?}, family: {:?}, host: Host::{:?}, methods: &{:?}, \
         capability: {capability}, transaction_class: TransactionClass::{:?} }},\n",
        operation.name,
        operation.family,
        operation.host,
        operation.methods,
        operation.transaction_class
    )
}
