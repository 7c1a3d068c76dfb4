//! Scripts that choose proxies.

#![cfg(feature = "pac")]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod named;
#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod server;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_hyper::HyperTransport;
use b2_hyper::connect::ConnectionFacts;
use b2_hyper::proxy::{Exceptions, ProxyError, ProxyRules, ProxyScript};
use b2_hyper::settings::Settings;

const SOON: Duration = Duration::from_secs(20);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A server that answers everything and keeps the first lines of requests.
fn answering() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let address = server::listen(move |_, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            kept.lock().unwrap().push(head);
            stream.write_all(OK)?;
        }
        Ok(())
    });
    (address, lines)
}

/// A SOCKS 4A proxy that connects to `target`, whatever it is asked for.
fn socks(target: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = server::listen(move |_, mut client| {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut request = [0; 8];
        client.read_exact(&mut request)?;
        let names = if request[4..7] == [0, 0, 0] { 2 } else { 1 };
        for _ in 0..names {
            let mut byte = [1];
            while byte[0] != 0 {
                client.read_exact(&mut byte)?;
            }
        }
        client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
        let server = TcpStream::connect(target)?;
        let (mut up, mut down) = ((client.try_clone()?, server.try_clone()?), (server, client));
        std::thread::spawn(move || std::io::copy(&mut up.0, &mut up.1));
        std::io::copy(&mut down.0, &mut down.1).map(drop)
    });
    (address, count)
}

fn asking(script: ProxyScript) -> HyperTransport {
    HyperTransport::builder().with_proxy(ProxyRules::of_script(script)).build().unwrap()
}

async fn get(transport: &HyperTransport, url: &str) -> Result<ConnectionFacts, TransportError> {
    named::get_within(transport, url, SOON).await
}

fn cause(error: &TransportError) -> String {
    assert_eq!((error.kind, error.sent), (Kind::Connect, Sent::Nothing), "{error:?}");
    match error.source.as_deref().unwrap().downcast_ref() {
        Some(ProxyError::Script(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// A port at which nobody listens.
fn nobody() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn the_script_sees_scheme_and_host_and_its_choice_is_taken() {
    let (proxy, heads) = answering();
    let script = format!(
        "function FindProxyForURL(url, host) {{
             if (url === 'http://b2.example/' && host === 'b2.example') return 'PROXY {proxy}';
             return 'DIRECT';
         }}"
    );
    let script = ProxyScript::from_text(&script).with_credentials("Aladdin", "open sesame");
    let transport = asking(script);
    let facts = get(&transport, "http://b2.example/secret/path?Authorization=x").await.unwrap();
    assert_eq!((facts.peer_address, facts.proxies), (proxy, 1));
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("GET http://b2.example/secret/path?"), "{head}");
    assert!(head.contains("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "{head}");
    let (direct, _) = answering();
    let facts = get(&transport, &format!("http://{direct}/")).await.unwrap();
    assert_eq!((facts.peer_address, facts.proxies), (direct, 0));
}

#[tokio::test]
async fn ways_are_tried_in_turn() {
    let (server, _) = answering();
    let (proxy, count) = socks(server);
    for (ways, expected) in [
        (format!("PROXY 127.0.0.1:{}; SOCKS {proxy}; DIRECT", nobody()), Some(proxy)),
        (format!("PROXY 127.0.0.1:{0}; SOCKS5 127.0.0.1:{0}; DIRECT", nobody()), Some(server)),
        (format!("PROXY 127.0.0.1:{}", nobody()), None),
        ("DIRECT".to_owned(), Some(server)),
        (String::new(), Some(server)),
    ] {
        let script = format!("function FindProxyForURL() {{ return '{ways}'; }}");
        let outcome =
            get(&asking(ProxyScript::from_text(&script)), &format!("http://{server}/")).await;
        match expected {
            Some(address) => assert_eq!(outcome.unwrap().peer_address, address, "{ways}"),
            None => assert_eq!(outcome.unwrap_err().kind, Kind::Connect, "{ways}"),
        }
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_script_is_fetched_once_and_from_everywhere() {
    let (server, _) = answering();
    let (proxy, _) = socks(server);
    let script = format!("function FindProxyForURL() {{ return 'SOCKS {proxy}'; }}");
    let fetched = Arc::new(AtomicUsize::new(0));
    let (counted, body) = (Arc::clone(&fetched), script.clone());
    let site = server::listen(move |_, mut stream| {
        while server::head(&mut stream)?.is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        }
        Ok(())
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.pac");
    std::fs::write(&file, &script).unwrap();
    let file = file.to_str().unwrap();
    for place in [&*format!("http://{site}/proxy.pac"), file, &format!("file://{file}")] {
        let mut settings = Settings::default();
        settings.apply("ProxyAutoDetect=True").unwrap();
        settings.apply(&format!("ProxyAutoConfigURL={place}")).unwrap();
        let transport = settings.builder().unwrap().with_idle_timeout(Duration::ZERO);
        let transport = transport.build().unwrap();
        for _ in 0..3 {
            let facts = get(&transport, &format!("http://{server}/")).await.unwrap();
            assert_eq!(facts.peer_address, proxy, "{place}");
        }
        settings.apply("UseProxyAutoConfigURL=False").unwrap();
        let transport = settings.builder().unwrap().build().unwrap();
        let facts = get(&transport, &format!("http://{server}/")).await.unwrap();
        assert_eq!(facts.peer_address, server, "{place}");
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn proxies_that_a_script_names_are_told_what_settings_say() {
    let (proxy, heads) = answering();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.pac");
    let script = format!("function FindProxyForURL() {{ return 'PROXY {proxy}'; }}");
    std::fs::write(&file, script).unwrap();
    let place = format!("ProxyAutoConfigURL={}", file.display());
    let ask = async |texts: &[&str]| {
        let mut settings = Settings::default();
        for text in ["ProxyAutoDetect=True", &place].iter().chain(texts) {
            settings.apply(text).unwrap();
        }
        let _ = get(&settings.builder().unwrap().build().unwrap(), "http://b2.example/x").await;
        heads.lock().unwrap().remove(0)
    };
    let given = ask(&["ProxyAuthorization=Bearer given"]).await;
    assert!(given.contains("proxy-authorization: Bearer given\r\n"), "{given}");
    let tunnel = ask(&["ProxySSL=3"]).await;
    assert!(tunnel.starts_with("CONNECT b2.example:80 "), "{tunnel}");
    let known = ["ProxyUser=ada", "ProxyPassword=secret"];
    let digest = ask(&["ProxyAuthScheme=1", known[0], known[1]]).await;
    assert!(!digest.contains("authorization"), "{digest}");
}

#[tokio::test]
async fn what_goes_wrong_with_a_script_is_an_error_and_never_a_way_around_it() {
    let (server, heads) = answering();
    let long = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        while stream.write_all(&[b' '; 65536]).is_ok() {}
        Ok(())
    });
    let missing = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
    });
    let folder = tempfile::tempdir().unwrap();
    // Nobody writes to it, so whoever opens it as usual waits for ever.
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (script, expected) in [
        (ProxyScript::at(pipe.to_str().unwrap()).unwrap(), "name a regular file"),
        (ProxyScript::from_text("function FindProxyForURL() { for (;;); }"), "longer than 5s"),
        (
            ProxyScript::from_text("function FindProxyForURL() { return noSuchThing; }"),
            "noSuchThing",
        ),
        (ProxyScript::from_text("this is no script"), ""),
        (ProxyScript::from_text("function FindProxyForURL() { return 'QUIC x:1'; }"), "no way"),
        (ProxyScript::from_text(""), ""),
        (ProxyScript::at(&format!("http://{long}/")).unwrap(), "longer than 1048576 bytes"),
        (ProxyScript::at(&format!("http://{missing}/")).unwrap(), "404"),
        (ProxyScript::at("/no/such/file").unwrap(), "cannot be fetched"),
    ] {
        let error = get(&asking(script), &format!("http://{server}/")).await.unwrap_err();
        let text = cause(&error);
        assert!(text.contains(expected), "{text}");
    }
    assert!(heads.lock().unwrap().is_empty(), "nothing went past the script");
    for place in ["ftp://x/y", "relative", "file:relative", ""] {
        assert!(ProxyScript::at(place).is_err(), "{place}");
    }
}

#[tokio::test]
async fn exceptions_and_helpers_that_ask_for_names() {
    let (server, _) = answering();
    let (proxy, count) = socks(server);
    let script = format!(
        "function FindProxyForURL(url, host) {{
             if (isInNet(dnsResolve('localhost'), '127.0.0.0', '255.0.0.0') &&
                 shExpMatch(host, '*.example') && !isResolvable('no-such-name.invalid'))
                 return 'SOCKS {proxy}';
             return 'PROXY 127.0.0.1:1';
         }}"
    );
    let rules = ProxyRules::of_script(ProxyScript::from_text(&script));
    let rules = rules.with_exceptions(Exceptions::parse("127.0.0.1"));
    let transport = HyperTransport::builder().with_proxy(rules).build().unwrap();
    assert_eq!(get(&transport, "http://b2.example/").await.unwrap().peer_address, proxy);
    let url = format!("http://{server}/");
    assert_eq!(get(&transport, &url).await.unwrap().peer_address, server, "an exception");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_script_that_cannot_be_stopped_holds_up_nobody() {
    let (server, heads) = answering();
    let script = "function FindProxyForURL() { [].join.call({length: 2**53 - 1}, ''); }";
    let transport = asking(ProxyScript::from_text(script));
    let url = format!("http://{server}/");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let first = runtime.block_on(get(&transport, &url)).unwrap_err();
    assert!(cause(&first).contains("longer than 5s"), "{first:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    std::thread::sleep(Duration::from_millis(1500));
    let again = Instant::now();
    for _ in 0..20 {
        let error = runtime.block_on(get(&transport, &url)).unwrap_err();
        assert!(cause(&error).contains("cannot be stopped"), "{error:?}");
    }
    assert!(again.elapsed() < Duration::from_secs(3), "{:?}", again.elapsed());
    // Others can be asked, and the runtime ends.
    let direct = asking(ProxyScript::from_text("function FindProxyForURL() { return 'DIRECT'; }"));
    runtime.block_on(get(&direct, &url)).unwrap();
    drop(transport);
    let ending = Instant::now();
    drop(runtime);
    assert!(ending.elapsed() < Duration::from_secs(3), "{:?}", ending.elapsed());
    assert_eq!(heads.lock().unwrap().len(), 1);
}

/// Variables of the environment cannot be changed while others run, so another
/// process has them.
#[tokio::test]
async fn a_script_of_the_environment_is_asked_if_told() {
    const SELF: &str = "a_script_of_the_environment_is_asked_if_told";
    if std::env::var("auto_proxy").is_ok() {
        let mut settings = Settings::default();
        settings.apply("ProxyAutoDetect=True").unwrap();
        let transport = settings.builder().unwrap().build().unwrap();
        get(&transport, "http://b2.invalid/").await.unwrap();
        return;
    }
    let (proxy, heads) = answering();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.pac");
    let script = format!("function FindProxyForURL() {{ return 'PROXY {proxy}'; }}");
    std::fs::write(&file, script).unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", SELF]).env_clear().env("auto_proxy", &file);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(heads.lock().unwrap()[0].starts_with("GET http://b2.invalid/ "));
}

#[tokio::test]
async fn a_script_is_fetched_through_the_firewall() {
    let (server, heads) = answering();
    let (firewall, count) = socks(server);
    let mut settings = Settings::default();
    let port = format!("FirewallPort={}", firewall.port());
    for text in [
        "FirewallType=10",
        "FirewallHost=127.0.0.1",
        &port,
        "ProxyAutoDetect=True",
        "ProxyAutoConfigURL=http://wpad.invalid/wpad.dat",
    ] {
        settings.apply(text).unwrap();
    }
    let transport = settings.builder().unwrap().build().unwrap();
    // The answer is no script, but it came from where it should.
    let error = get(&transport, "http://b2.example/").await.unwrap_err();
    assert!(matches!(error.source.as_deref().unwrap().downcast_ref(), Some(ProxyError::Script(_))));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(heads.lock().unwrap()[0].starts_with("GET /wpad.dat"));
}

#[tokio::test]
async fn answers_and_complaints_have_limits() {
    for (script, expected) in [
        ("function FindProxyForURL() { return 'PROXY a;'.repeat(3e6); }", "longer than 8192 bytes"),
        ("function FindProxyForURL() { throw 'x'.repeat(1e6) + '\\r\\ny'; }", "x"),
    ] {
        let error = get(&asking(ProxyScript::from_text(script)), "http://b2.example/").await;
        let text = cause(&error.unwrap_err());
        assert!(text.contains(expected) && text.len() < 400 && !text.contains('\n'), "{text}");
    }
}
