//! Proxies that the environment names.

use super::exceptions::Exceptions;
use super::rules::ProxyRules;
use super::server::Proxy;
use crate::error::BuildError;

pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<ProxyRules, BuildError> {
    let first = |names: &[&'static str]| {
        let given = |name| Some((name, variable(name).filter(|value| !value.is_empty())?));
        names.iter().copied().find_map(given)
    };
    let proxy = |(name, url): (&'static str, String)| {
        let wrong = |source| BuildError::Variable { name, source: Box::new(source) };
        Proxy::from_url(&url).map_err(wrong)
    };
    let mut rules = ProxyRules::none();
    let all = ["all_proxy", "ALL_PROXY"];
    if let Some(found) = first(&["http_proxy"]).or_else(|| first(&all)) {
        rules = rules.with_http(proxy(found)?);
    }
    if let Some(found) = first(&["https_proxy", "HTTPS_PROXY"]).or_else(|| first(&all)) {
        rules = rules.with_https(proxy(found)?);
    }
    if let Some((_, list)) = first(&["no_proxy", "NO_PROXY"]) {
        rules = rules.with_exceptions(Exceptions::parse_no_proxy(&list));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], tls: bool, host: &str) -> Option<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
        };
        read(variable).unwrap().choose(tls, host).map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_is_for_the_rest() {
        let variables = [("HTTPS_PROXY", "s:1"), ("ALL_PROXY", "a:1"), ("NO_PROXY", "b.example")];
        assert_eq!(chosen(&variables, true, "x").as_deref(), Some("s"));
        assert_eq!(chosen(&variables, false, "x").as_deref(), Some("a"));
        assert_eq!(chosen(&variables, true, "a.b.example"), None);
        assert_eq!(chosen(&[("HTTP_PROXY", "h:1")], false, "x"), None);
        assert_eq!(chosen(&[("http_proxy", "h:1")], false, "x").as_deref(), Some("h"));
        assert_eq!(chosen(&[], true, "x"), None);
        let empty = [("https_proxy", ""), ("HTTPS_PROXY", "s:1"), ("all_proxy", "a:1")];
        assert_eq!(chosen(&empty, true, "x").as_deref(), Some("s"));
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_variable() {
        let only = |wrong: &'static str| {
            move |name: &str| (name == wrong).then(|| "ftp://ada:canary@x".to_owned())
        };
        for wrong in ["http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            let error = read(only(wrong)).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }
}
