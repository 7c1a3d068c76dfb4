//! The little of DER that is read and written here.

mod read;
mod write;

pub(super) use read::{Reader, unix_time};
pub(super) use write::{
    bit_string, context, element, integer, null, octet_string, oid, sequence, small,
};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = vec![7; 70_000];
        let der = sequence(&[&integer(&[0, 0, 0x80, 1]), &octet_string(&long), &null()]);
        let mut outer = Reader::new(&der);
        let mut inner = Reader::new(outer.take(SEQUENCE).unwrap());
        assert!(outer.any().is_none());
        assert_eq!(inner.take(INTEGER), Some(&[0, 0x80, 1][..]));
        assert_eq!(inner.take(INTEGER), None, "it is a string");
        assert_eq!(inner.take(OCTET_STRING), Some(&long[..]));
        assert_eq!(inner.any().unwrap().whole, [5, 0]);
        assert!(inner.any().is_none());
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(small(1), [2, 1, 1]);
    }

    #[test]
    fn what_is_cut_or_not_der_is_nothing() {
        let der = sequence(&[&octet_string(&[1; 200])]);
        for len in 0..der.len() {
            assert!(Reader::new(&der[..len]).any().is_none(), "{len}");
        }
        // No length, more length than fits, and a length that is longer than need be.
        for bytes in [&[0x30, 0x80, 0, 0][..], &[4, 0x85, 1, 0, 0, 0, 0], &[4, 0x81, 1, 7]] {
            assert!(Reader::new(bytes).any().is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(unix_time(b"19700101000000Z"), Some(0));
        assert_eq!(unix_time(b"20000229123456Z"), Some(951_827_696));
        assert_eq!(unix_time(b"20991231235959Z"), Some(4_102_444_799));
        for text in ["20001301000000Z", "20000100000000Z", "20000101240000Z", "2000010100000Z", "x"]
        {
            assert_eq!(unix_time(text.as_bytes()), None, "{text}");
        }
    }
}
