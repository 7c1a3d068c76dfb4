//! Running a script.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime};

use rquickjs::{CatchResultExt, Context, Ctx, Function, Runtime, Value};

use super::answer::{LONGEST, complaint};

/// Memory that a script may use.
const MEMORY: usize = 32 * 1024 * 1024;
const STACK: usize = 256 * 1024;
/// How long it may take, names that it looks up included.
pub(super) const TIME: Duration = Duration::from_secs(5);

const HELPERS: &str = include_str!("helpers.js");

/// Asks a script for the ways to `host`. Blocks, mostly for 5 seconds at the
/// most; but not every script can be stopped.
pub(super) fn find(script: &str, url: &str, host: &str) -> Result<String, String> {
    let end = Instant::now() + TIME;
    let clock = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0.0, |since| since.as_secs_f64() * 1000.0)
    };
    let answer = run(
        script,
        end,
        clock,
        move |name| in_time(end, move || look_up(&name)),
        |context| {
            let find: Function = context.globals().get("FindProxyForURL")?;
            let answer: Value = find.call((url, host))?;
            // Scripts that find nothing answer null or nothing.
            answer.as_string().map_or(Ok(String::new()), rquickjs::String::to_string)
        },
    )?;
    if answer.len() > LONGEST {
        return Err(format!("its answer is longer than {LONGEST} bytes"));
    }
    Ok(answer)
}

/// Runs `script` and then `ask`, in a world of their own.
fn run<T>(
    script: &str,
    end: Instant,
    clock: impl Fn() -> f64 + 'static,
    resolver: impl Fn(String) -> Option<String> + 'static,
    ask: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
) -> Result<T, String> {
    let failed = |error: rquickjs::Error| error.to_string();
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(STACK);
    runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() > end)));
    let context = Context::full(&runtime).map_err(failed)?;
    context.with(|context| {
        let play = || {
            let globals = context.globals();
            globals.set("presentTime", Function::new(context.clone(), clock)?)?;
            globals.set(
                "resolveName",
                Function::new(context.clone(), move |name: String| Nullable(resolver(name)))?,
            )?;
            globals.set("ownAddress", Function::new(context.clone(), own_address)?)?;
            context.eval::<(), _>(HELPERS)?;
            context.eval::<(), _>(script)?;
            ask(&context)
        };
        let late = |text: String| {
            if Instant::now() > end { format!("it took longer than {TIME:?}") } else { text }
        };
        let played =
            play().catch(&context).map_err(|error| late(complaint(error.to_string().trim())));
        // What it says without a name that it has asked for is no answer.
        if Instant::now() > end { Err(late(String::new())) } else { played }
    })
}

/// `null` where there is nothing, which scripts compare with.
struct Nullable(Option<String>);

impl<'js> rquickjs::IntoJs<'js> for Nullable {
    fn into_js(self, context: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        match self.0 {
            Some(text) => text.into_js(context),
            None => Ok(Value::new_null(context.clone())),
        }
    }
}

/// So many look-ups may be left to themselves at a time, whoever asks.
const FORSAKEN: usize = 16;

/// Has a thread look something up, and waits for it until `end`: the system
/// may take much longer to say that nobody answers, and cannot be stopped.
/// Without an answer there is nothing, and the script, whose time is over, fails.
///
/// Not the runtime's own threads: it may be gone by now.
fn in_time<F>(end: Instant, ask: F) -> Option<String>
where
    F: FnOnce() -> Option<String> + Send + 'static,
{
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    struct Running;
    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    // Those of scripts that wait are eight at the most, see `thread`.
    let others = RUNNING.fetch_add(1, Ordering::Relaxed);
    let running = Running;
    if others >= FORSAKEN {
        // An answer would be a lie, on which the script may act.
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        return None;
    }
    let (tell, told) = channel();
    let thread = std::thread::Builder::new().name("b2-proxy-lookup".to_owned());
    let begun = thread.spawn(move || {
        let answer = ask();
        drop(running);
        // Nobody may be waiting any more.
        let _ = tell.send(answer);
    });
    begun.ok()?;
    told.recv_timeout(end.saturating_duration_since(Instant::now())).ok()?
}

/// The first IPv4 address of a name.
fn look_up(name: &str) -> Option<String> {
    let mut found = (name, 0).to_socket_addrs().ok()?;
    found.find(SocketAddr::is_ipv4).map(|address| address.ip().to_string())
}

/// The address that this machine reaches others from.
fn own_address() -> String {
    // Nothing is sent: to connect is to ask the system which way it would go.
    // The address is one of those that are set aside for documentation.
    let asked = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    asked.map_or_else(|_| "127.0.0.1".to_owned(), |address| address.ip().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an expression is on Wednesday, 2026-11-25 14:30:15 UTC, as text.
    fn value(expression: &str) -> Result<String, String> {
        let resolver = |name: String| match &*name {
            "b2.example" => Some("198.51.100.7".to_owned()),
            "10.1.2.3" => Some(name),
            _ => None,
        };
        let script = format!("function answer() {{ return String({expression}); }}");
        let end = Instant::now() + Duration::from_secs(1);
        run(
            &script,
            end,
            || 1_795_617_015_000.0,
            resolver,
            |context| {
                let answer: Function = context.globals().get("answer")?;
                answer.call(())
            },
        )
    }

    #[test]
    fn helpers_know_names_and_nets() {
        for (expression, expected) in [
            ("isPlainHostName('www')", "true"),
            ("isPlainHostName('www.a')", "false"),
            ("dnsDomainIs('api.B2.example', '.b2.example')", "true"),
            ("dnsDomainIs('api.b2.example', '.b3.example')", "false"),
            ("localHostOrDomainIs('www', 'www.b2.example')", "true"),
            ("localHostOrDomainIs('www.b2.example', 'www.b2.example')", "true"),
            ("localHostOrDomainIs('w', 'www.b2.example')", "false"),
            ("localHostOrDomainIs('home.b2.example', 'www.b2.example')", "false"),
            ("isResolvable('b2.example')", "true"),
            ("isResolvable('nowhere.example')", "false"),
            ("dnsResolve('b2.example')", "198.51.100.7"),
            ("dnsResolve('nowhere.example')", "null"),
            ("isInNet('b2.example', '198.51.100.0', '255.255.255.0')", "true"),
            ("isInNet('10.1.2.3', '10.0.0.0', '255.0.0.0')", "true"),
            ("isInNet('11.1.2.3', '10.0.0.0', '255.0.0.0')", "false"),
            ("isInNet('200.1.2.3', '200.1.0.0', '255.255.0.0')", "true"),
            ("isInNet('nowhere.example', '0.0.0.0', '0.0.0.0')", "false"),
            ("convert_addr('198.51.100.7')", "3325256711"),
            ("dnsDomainLevels('a.b.c')", "2"),
            ("shExpMatch('http://home/a/b.html', '*/a/*')", "true"),
            ("shExpMatch('abc', 'a?c')", "true"),
            ("shExpMatch('abc', 'a?')", "false"),
            ("shExpMatch('a.c', 'a.c*')", "true"),
            ("shExpMatch('abc', 'a.c')", "false"),
            ("shExpMatch('', '*')", "true"),
            ("shExpMatch('a'.repeat(5000), 'a*'.repeat(50) + 'b')", "false"),
            ("/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(myIpAddress())", "true"),
            ("alert('x')", "undefined"),
        ] {
            assert_eq!(value(expression).as_deref(), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn helpers_know_the_time() {
        for (expression, expected) in [
            ("weekdayRange('WED', 'GMT')", "true"),
            ("weekdayRange('MON', 'FRI', 'GMT')", "true"),
            ("weekdayRange('SAT', 'MON', 'GMT')", "false"),
            ("weekdayRange('SAT', 'WED', 'GMT')", "true"),
            ("weekdayRange('XXX', 'GMT')", "false"),
            ("dateRange(25, 'GMT')", "true"),
            ("dateRange(1, 24, 'GMT')", "false"),
            ("dateRange('NOV', 'GMT')", "true"),
            ("dateRange('OCT', 'FEB', 'GMT')", "true"),
            ("dateRange('JAN', 'MAR', 'GMT')", "false"),
            ("dateRange(2026, 'GMT')", "true"),
            ("dateRange(2025, 2027, 'GMT')", "true"),
            ("dateRange(25, 'NOV', 2026, 'GMT')", "true"),
            ("dateRange(25, 'NOV', 'GMT')", "true"),
            ("dateRange(1, 'JUN', 15, 'AUG', 'GMT')", "false"),
            ("dateRange(20, 'NOV', 5, 'JAN', 'GMT')", "true"),
            ("dateRange('JUN', 1995, 'NOV', 2026, 'GMT')", "true"),
            ("dateRange(1, 'JUN', 1995, 24, 'NOV', 2026, 'GMT')", "false"),
            ("dateRange('nonsense', 'GMT')", "false"),
            ("timeRange(14, 'GMT')", "true"),
            ("timeRange(9, 14, 'GMT')", "true"),
            ("timeRange(22, 6, 'GMT')", "false"),
            ("timeRange(22, 15, 'GMT')", "true"),
            ("timeRange(14, 0, 14, 29, 'GMT')", "false"),
            ("timeRange(14, 0, 14, 30, 'GMT')", "true"),
            ("timeRange(14, 30, 0, 14, 30, 14, 'GMT')", "false"),
            ("timeRange(14, 30, 0, 14, 30, 15, 'GMT')", "true"),
            ("timeRange('x', 'GMT')", "false"),
            ("weekdayRange('SUN', 'SAT')", "true"),
            ("timeRange(0, 23)", "true"),
        ] {
            assert_eq!(value(expression).as_deref(), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_script_that_waits_for_a_name_ends_in_time() {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(300);
        let never = move |_| {
            in_time(end, || {
                std::thread::sleep(Duration::from_secs(30));
                Some("198.51.100.7".to_owned())
            })
        };
        let script = "function answer() { return dnsResolve('b2.example') || 'DIRECT'; }";
        let outcome = run(
            script,
            end,
            || 0.0,
            never,
            |context| {
                let answer: Function = context.globals().get("answer")?;
                answer.call::<_, String>(())
            },
        );
        assert!(outcome.unwrap_err().contains("took longer"));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn names_that_nobody_waits_for_any_more_are_not_too_many() {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
        let soon = || Instant::now() + Duration::from_millis(20);
        for _ in 0..FORSAKEN {
            let gate = std::sync::Arc::clone(&gate);
            let waits = move || {
                let _closed = gate.lock().map(|gate| gate.recv());
                None
            };
            assert_eq!(in_time(soon(), waits), None);
        }
        let begun = Instant::now();
        assert_eq!(in_time(soon(), || panic!("this is one too many")), None);
        assert!(begun.elapsed() >= Duration::from_millis(15), "it waited as for an answer");
        drop(open);
        let answered = || {
            let end = Instant::now() + Duration::from_millis(200);
            in_time(end, || Some("x".to_owned())).is_some()
        };
        let begun = Instant::now();
        while !answered() {
            assert!(begun.elapsed() < Duration::from_secs(10), "they never end");
        }
    }

    #[test]
    fn a_script_that_runs_away_is_stopped() {
        let endless = value("(() => { for (;;); })()").unwrap_err();
        assert!(endless.contains("took longer"), "{endless}");
        let greedy =
            value("(() => { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length); })()");
        assert!(greedy.is_err());
        let deep = value("(function f() { return f() + 1; })()").unwrap_err();
        assert!(!deep.is_empty());
        let wrong = value("noSuchThing()").unwrap_err();
        assert!(wrong.contains("noSuchThing"), "{wrong}");
        assert!(
            value("typeof require + typeof process + typeof std")
                .is_ok_and(|text| text == "undefinedundefinedundefined")
        );
    }
}
