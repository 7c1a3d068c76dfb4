//! Digest (RFC 7616).

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use crate::proxy::server::Credentials;

/// What a proxy wants to have digested.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    algorithm: Algorithm,
    session: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    qop: bool,
    stale: bool,
    count: u32,
    /// Chosen with the first answer of a session, which all its secrets are
    /// made of; some servers take that of each request instead.
    cnonce: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

impl Challenge {
    /// The strongest challenge that is understood.
    pub(super) fn choose(offers: &[&str]) -> Option<Self> {
        offers.iter().filter_map(|offer| Self::parse(offer)).max_by_key(|found| found.algorithm)
    }

    fn parse(offer: &str) -> Option<Self> {
        let (scheme, rest) = offer.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let fields = fields(rest);
        let field = |name: &str| {
            fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, text)| text)
        };
        let named = field("algorithm").map_or("MD5", String::as_str);
        let session = named.to_ascii_lowercase().ends_with("-sess");
        let algorithm = match named.to_ascii_uppercase().trim_end_matches("-SESS") {
            "MD5" => Algorithm::Md5,
            "SHA-256" => Algorithm::Sha256,
            "SHA-512-256" => Algorithm::Sha512,
            _ => return None,
        };
        let qop = field("qop");
        // Only `auth-int` would need the body, which is not known yet.
        if qop.is_some_and(|qop| !qop.split(',').any(|each| each.trim() == "auth")) {
            return None;
        }
        Some(Self {
            algorithm,
            session,
            realm: field("realm")?.clone(),
            nonce: field("nonce")?.clone(),
            opaque: field("opaque").cloned(),
            // A session has a cnonce, which is only said together with it.
            qop: qop.is_some() || session,
            stale: field("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            count: 0,
            cnonce: None,
        })
    }

    /// Whether only the nonce was too old.
    pub(super) fn stale(&self) -> bool {
        self.stale
    }

    /// The value of the header for one request.
    pub(super) fn answer(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        random: &[u8],
    ) -> String {
        self.count += 1;
        let cnonce = self.cnonce.take().unwrap_or_else(|| hex(random));
        self.cnonce = self.session.then(|| cnonce.clone());
        let count = format!("{:08x}", self.count);
        let Self { realm, nonce, .. } = &*self;
        let mut secret =
            self.hash(&format!("{}:{realm}:{}", credentials.user, credentials.password.as_str()));
        if self.session {
            secret = self.hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = self.hash(&format!("{method}:{uri}"));
        let response = if self.qop {
            self.hash(&format!("{secret}:{nonce}:{count}:{cnonce}:auth:{request}"))
        } else {
            self.hash(&format!("{secret}:{nonce}:{request}"))
        };
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", \
             algorithm={}{}, response=\"{response}\"",
            quoted(&credentials.user),
            quoted(realm),
            quoted(nonce),
            self.algorithm.name(),
            if self.session { "-sess" } else { "" },
        );
        if self.qop {
            text.push_str(&format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
        }
        text
    }

    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
            Algorithm::Sha512 => hex(&Sha512_256::digest(text)),
        }
    }
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512-256",
        }
    }
}

/// `name=token` and `name="quoted"`, separated by commas.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_owned();
        let after = after.trim_start();
        let (value, tail) = match after.strip_prefix('"') {
            Some(inside) => unquote(inside),
            None => {
                let (value, tail) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), tail)
            }
        };
        found.push((name, value));
        rest = tail;
    }
    found
}

/// The text up to the closing quotation mark, and what follows it.
fn unquote(inside: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = inside.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value, &inside[index + 1..]),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn mufasa() -> Credentials {
        Credentials { user: "Mufasa".into(), password: Zeroizing::new("Circle of Life".into()) }
    }

    fn offer(algorithm: &str) -> String {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    /// The example of RFC 7616, 3.9.1, whose cnonce is a text: here its
    /// digest is taken of the same parts.
    #[test]
    fn the_example_of_the_standard_holds() {
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = Challenge::parse(&offer(algorithm)).unwrap();
            let secret = challenge.hash("Mufasa:http-auth@example.org:Circle of Life");
            let request = challenge.hash("GET:/dir/index.html");
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let nonce = &challenge.nonce;
            let whole = format!("{secret}:{nonce}:00000001:{cnonce}:auth:{request}");
            assert_eq!(challenge.hash(&whole), expected);
        }
    }

    #[test]
    fn the_strongest_offer_is_taken_and_the_count_grows() {
        let offers = [offer("MD5"), offer("SHA-256"), "Basic realm=\"x\"".into()];
        let offers: Vec<_> = offers.iter().map(String::as_str).collect();
        let mut challenge = Challenge::choose(&offers).unwrap();
        assert_eq!(challenge.algorithm, Algorithm::Sha256);
        let first = challenge.answer(&mufasa(), "GET", "/", &[1; 8]);
        let second = challenge.answer(&mufasa(), "GET", "/", &[1; 8]);
        assert!(first.contains("nc=00000001") && second.contains("nc=00000002"), "{second}");
        assert!(!first.contains("Circle"), "{first}");
    }

    /// As a server computes it that knows only the answer and the secret.
    #[test]
    fn a_session_keeps_its_first_cnonce_and_is_hashed_as_it_says() {
        for qop in ["", ", qop=\"auth\""] {
            let offer = format!("Digest realm=\"r\", nonce=\"a\\\"b\", algorithm=MD5-sess{qop}");
            let mut challenge = Challenge::parse(&offer).unwrap();
            for count in ["00000001", "00000002"] {
                let random = if count == "00000001" { [1; 8] } else { [2; 8] };
                let answer = challenge.answer(&mufasa(), "GET", "/", &random);
                let said = fields(answer.strip_prefix("Digest ").unwrap());
                let field = |name| &*said.iter().find(|(known, _)| known == name).unwrap().1;
                let cnonce = "0101010101010101";
                let fixed = [field("nonce"), field("nc"), field("cnonce"), field("qop")];
                assert_eq!(fixed, ["a\"b", count, cnonce, "auth"]);
                let secret = challenge.hash("Mufasa:r:Circle of Life");
                let secret = challenge.hash(&format!("{secret}:a\"b:{cnonce}"));
                let request = challenge.hash("GET:/");
                let whole = format!("{secret}:a\"b:{count}:{cnonce}:auth:{request}");
                assert_eq!(field("response"), challenge.hash(&whole));
            }
        }
    }

    #[test]
    fn an_offer_of_squid_is_understood() {
        let offer = "Digest realm=\"test\", nonce=\"33e1\", qop=\"auth\", stale=false";
        let found = Challenge::choose(&[offer]).unwrap();
        assert_eq!((&*found.realm, &*found.nonce, found.qop), ("test", "33e1", true));
    }

    #[test]
    fn what_is_not_understood_is_not_answered() {
        for offer in [
            "Basic realm=\"a\"",
            "Digest",
            "Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"",
            "Digest realm=\"a\", nonce=\"b\", algorithm=TIGER",
        ] {
            assert!(Challenge::parse(offer).is_none(), "{offer}");
        }
        let odd =
            Challenge::parse("digest Realm=\"a \\\"b\\\"\",nonce=\"c,d=e\" , stale=TRUE").unwrap();
        assert_eq!((&*odd.realm, &*odd.nonce, odd.stale), ("a \"b\"", "c,d=e", true));
    }
}
