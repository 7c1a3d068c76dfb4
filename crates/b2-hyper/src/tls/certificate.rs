//! What a certificate says.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::error::CertificateFault;

/// The fields of an X.509 certificate, as texts.
///
/// Whoever made the certificate chose what it says: nothing here is true
/// before the certificate has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// Whom it is for, such as `C=US, O=Example, CN=api.example`.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// When it begins to be valid, in seconds since 1970 in UTC.
    pub not_before: i64,
    /// When it ends to be valid, in seconds since 1970 in UTC.
    pub not_after: i64,
    /// [`not_before`](Self::not_before) such as `23-Jan-2000 15:00:00`, in UTC.
    pub effective_date: String,
    /// [`not_after`](Self::not_after) such as `23-Jan-2001 15:00:00`, in UTC.
    pub expiration_date: String,
    /// The serial number in hexadecimal digits.
    pub serial_number: String,
    /// `V1` to `V3`.
    pub version: String,
    /// `RSA`, `EC`, `Ed25519` or the number of another kind.
    pub public_key_algorithm: String,
    /// Bits of the public key; 0 if unknown.
    pub public_key_length: u32,
    /// The public key in PEM.
    pub public_key: String,
    /// The name of the algorithm of the signature, or its number.
    pub signature_algorithm: String,
    /// Names and addresses that it is for, separated by commas.
    pub subject_alt_names: String,
    /// What the key may be used for, such as `Digital Signature`.
    pub usage: String,
    /// The same as bits: 0x80 digital signature, 0x40 non-repudiation, 0x20
    /// key encipherment, 0x10 data encipherment, 0x08 key agreement, 0x04
    /// certificate signing, 0x02 CRL signing, 0x01 encipher only; 0x8000
    /// decipher only.
    pub usage_flags: u32,
    /// Object identifiers of purposes, separated by commas.
    pub extended_key_usage: String,
    /// MD5 of the certificate, `ab:cd:…`.
    pub fingerprint: String,
    /// SHA-1 of the certificate, `ab:cd:…`.
    pub fingerprint_sha1: String,
    /// SHA-256 of the certificate, `ab:cd:…`.
    pub fingerprint_sha256: String,
    der: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateFault::Unreadable`] if it is none.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateFault> {
        let parsed = X509Certificate::from_der(der);
        let (_, parsed) = parsed.map_err(|_| CertificateFault::Unreadable)?;
        let key = parsed.public_key();
        let (usage, usage_flags) = usage(&parsed);
        Ok(Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            effective_date: date(parsed.validity().not_before),
            expiration_date: date(parsed.validity().not_after),
            serial_number: hex(parsed.raw_serial(), ""),
            version: parsed.version().to_string(),
            public_key_algorithm: key_algorithm(&key.algorithm.algorithm.to_id_string()),
            public_key_length: key_length(&parsed),
            public_key: pem("PUBLIC KEY", key.raw),
            signature_algorithm: signature(&parsed.signature_algorithm.algorithm.to_id_string()),
            subject_alt_names: alternative_names(&parsed),
            usage,
            usage_flags,
            extended_key_usage: purposes(&parsed),
            fingerprint: hex(&Md5::digest(der), ":"),
            fingerprint_sha1: hex(&Sha1::digest(der), ":"),
            fingerprint_sha256: hex(&Sha256::digest(der), ":"),
            der: der.to_vec(),
        })
    }

    /// The certificate itself, in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate itself, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
}

fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let month = time.month().to_string();
    let month = month.get(..3).unwrap_or(&month);
    let (hour, minute, second) = time.to_hms();
    format!("{:02}-{month}-{} {hour:02}:{minute:02}:{second:02}", time.day(), time.year())
}

fn hex(bytes: &[u8], separator: &str) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let before = if index > 0 { separator } else { "" };
        // Writing to a string does not fail.
        let _ = write!(text, "{before}{byte:02x}");
    }
    text
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = &*base64;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

fn key_algorithm(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10045.2.1" => "EC",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => other,
    }
    .to_owned()
}

fn signature(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => other,
    }
    .to_owned()
}

fn key_length(certificate: &X509Certificate<'_>) -> u32 {
    let oid = certificate.public_key().algorithm.algorithm.to_id_string();
    let bits = match (certificate.public_key().parsed(), &*oid) {
        (_, "1.3.101.112") => 256,
        (_, "1.3.101.113") => 456,
        (Ok(PublicKey::RSA(key)), _) => key.key_size(),
        (Ok(PublicKey::EC(point)), _) => match point.key_size() {
            // Whole bytes of a coordinate of P-521.
            528 => 521,
            bits => bits,
        },
        _ => 0,
    };
    u32::try_from(bits).unwrap_or(0)
}

fn alternative_names(certificate: &X509Certificate<'_>) -> String {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return String::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    names.value.general_names.iter().filter_map(text).collect::<Vec<_>>().join(",")
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|all| std::net::Ipv6Addr::from(all).to_string())
}

fn usage(certificate: &X509Certificate<'_>) -> (String, u32) {
    const NAMES: [(&str, u32); 9] = [
        ("Digital Signature", 0x80),
        ("Non-Repudiation", 0x40),
        ("Key Encipherment", 0x20),
        ("Data Encipherment", 0x10),
        ("Key Agreement", 0x08),
        ("Certificate Signing", 0x04),
        ("CRL Signing", 0x02),
        ("Encipher Only", 0x01),
        ("Decipher Only", 0x8000),
    ];
    let Ok(Some(usage)) = certificate.key_usage() else { return (String::new(), 0) };
    // The parser numbers the bits in the order of the standard.
    let set = |index: usize| usage.value.flags >> index & 1 == 1;
    let chosen: Vec<_> = NAMES.iter().enumerate().filter(|(index, _)| set(*index)).collect();
    let names: Vec<_> = chosen.iter().map(|(_, (name, _))| *name).collect();
    (names.join(","), chosen.iter().map(|(_, (_, flag))| flag).sum())
}

fn purposes(certificate: &X509Certificate<'_>) -> String {
    let mut found = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::ExtendedKeyUsage(usage) = extension.parsed_extension() else {
            continue;
        };
        for (set, oid) in [
            (usage.any, "2.5.29.37.0"),
            (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
            (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
            (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
            (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
            (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
            (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
        ] {
            if set {
                found.push(oid.to_owned());
            }
        }
        found.extend(usage.other.iter().map(|oid| oid.to_id_string()));
    }
    found.join(",")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

    use super::*;

    #[test]
    fn every_field_is_read() {
        let names = ["b2.example".to_owned(), "10.1.2.3".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "The Name");
        params.not_before = rcgen::date_time_ymd(2000, 1, 23);
        params.not_after = rcgen::date_time_ymd(2031, 12, 3);
        params.serial_number = Some(vec![0x12, 0x34].into());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let read = Certificate::from_der(made.der()).unwrap();
        assert!(read.subject.contains("CN=The Name"), "{}", read.subject);
        assert_eq!(read.issuer, read.subject);
        assert_eq!(read.effective_date, "23-Jan-2000 00:00:00");
        assert_eq!(read.expiration_date, "03-Dec-2031 00:00:00");
        assert_eq!((&*read.serial_number, &*read.version), ("1234", "V3"));
        assert_eq!((&*read.public_key_algorithm, read.public_key_length), ("EC", 256));
        assert_eq!(read.signature_algorithm, "ecdsa-with-SHA256");
        assert_eq!(read.subject_alt_names, "b2.example,10.1.2.3");
        assert_eq!((&*read.usage, read.usage_flags), ("Digital Signature,CRL Signing", 0x82));
        assert_eq!(read.extended_key_usage, "1.3.6.1.5.5.7.3.1");
        assert_eq!(read.fingerprint.len(), 47);
        assert_eq!(read.fingerprint_sha1.len(), 59);
        assert_eq!(read.fingerprint_sha256.len(), 95);
        assert_eq!(read.pem().replace("\r\n", "\n"), made.pem().replace("\r\n", "\n"));
        assert!(read.public_key.starts_with("-----BEGIN PUBLIC KEY-----\nMF"));
        assert_eq!(Certificate::from_der(b"no"), Err(CertificateFault::Unreadable));
    }
}
