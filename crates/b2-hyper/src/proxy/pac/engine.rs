//! Running a script.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
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
        |name| look_up(&name),
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
        play().catch(&context).map_err(|error| late(complaint(error.to_string().trim())))
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

/// The first IPv4 address of a name. It is looked up on the thread of the
/// script: its runtime may be gone by now.
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
