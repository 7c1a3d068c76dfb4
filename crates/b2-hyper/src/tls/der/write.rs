//! Writing.

/// An element with what belongs into it.
pub(in super::super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Vec::with_capacity(len + 6);
    der.push(tag);
    if let Ok(short) = u8::try_from(len)
        && short < 0x80
    {
        der.push(short);
    } else {
        let digits = len.to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        // At most eight.
        der.push(0x80 | (digits.len() - zeros) as u8);
        der.extend_from_slice(&digits[zeros..]);
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

pub(in super::super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(super::SEQUENCE, parts)
}

/// `[number] EXPLICIT`, or a constructed one that is implicit.
pub(in super::super) fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(0xa0 | number, parts)
}

/// A number without a sign, its most significant byte first.
pub(in super::super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let sign: &[u8] = match digits.first() {
        Some(0x80..) | None => &[0],
        _ => &[],
    };
    element(super::INTEGER, &[sign, digits])
}

pub(in super::super) fn small(number: u8) -> Vec<u8> {
    integer(&[number])
}

pub(in super::super) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    element(super::OCTET_STRING, &[bytes])
}

/// A string of whole bytes.
pub(in super::super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(super::BIT_STRING, &[&[0], bytes])
}

/// An object identifier that is encoded already.
pub(in super::super) fn oid(encoded: &[u8]) -> Vec<u8> {
    element(super::OID, &[encoded])
}

pub(in super::super) fn null() -> Vec<u8> {
    vec![5, 0]
}
