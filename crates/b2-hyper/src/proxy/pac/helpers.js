// What every script that chooses proxies may call. `resolveName`, `ownAddress` and `presentTime`
// come from outside.
"use strict";

(() => {
  const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
  const MONTHS =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

  const text = (value) => String(value).toLowerCase();

  /** Four bytes as a number, or null if it is no IPv4 address. */
  function number(address) {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
    if (parts === null) return null;
    const bytes = parts.slice(1).map(Number);
    if (bytes.some((byte) => byte > 255)) return null;
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** The arguments without a last "GMT", and the present in that or in local time. */
  function present(values) {
    const gmt = text(values[values.length - 1]) === "gmt";
    const date = new Date(presentTime());
    const at = (name) => (gmt ? date["getUTC" + name]() : date["get" + name]());
    return { values: gmt ? values.slice(0, -1) : values, at };
  }

  /** Whether `now` lies between both ends, which belong to it, perhaps around the end of a cycle. */
  function between(first, now, last) {
    if (first <= last) return first <= now && now <= last;
    return now >= first || now <= last;
  }

  const table = {
    isPlainHostName: (host) => !String(host).includes("."),

    dnsDomainIs: (host, domain) => text(host).endsWith(text(domain)),

    localHostOrDomainIs: (host, whole) =>
      text(host) === text(whole) ||
      (!String(host).includes(".") && text(whole).startsWith(text(host) + ".")),

    isResolvable: (host) => resolveName(String(host)) !== null,

    dnsResolve: (host) => resolveName(String(host)),

    myIpAddress: () => ownAddress(),

    dnsDomainLevels: (host) => String(host).split(".").length - 1,

    convert_addr: (address) => number(String(address)) ?? 0,

    isInNet(host, pattern, mask) {
      const own = number(String(host)) ?? number(resolveName(String(host)) ?? "");
      const [net, bits] = [number(String(pattern)), number(String(mask))];
      if (own === null || net === null || bits === null) return false;
      // `&` works on signed numbers of 32 bits, on both sides alike.
      return (own & bits) === (net & bits);
    },

    /** `*` stands for any text, `?` for one character. Never goes back further than the last `*`. */
    shExpMatch(value, pattern) {
      const [given, wanted] = [String(value), String(pattern)];
      let [at, place, star, resume] = [0, 0, -1, 0];
      while (at < given.length) {
        if (wanted[place] === "*") {
          [star, resume] = [place, at];
          place += 1;
        } else if (place < wanted.length && (wanted[place] === "?" || wanted[place] === given[at])) {
          place += 1;
          at += 1;
        } else if (star >= 0) {
          resume += 1;
          [place, at] = [star + 1, resume];
        } else {
          return false;
        }
      }
      return [...wanted.slice(place)].every((rest) => rest === "*");
    },

    weekdayRange(...given) {
      const { values, at } = present(given);
      const days = values.map((name) => WEEKDAYS.indexOf(String(name).toUpperCase()));
      if (days.length === 0 || days.includes(-1)) return false;
      return between(days[0], at("Day"), days[days.length - 1]);
    },

    /** A day, a month and a year, any of them, once or as the two ends of a range. */
    dateRange(...given) {
      const { values, at } = present(given);
      const read = (value) => {
        const month = MONTHS.indexOf(String(value).toUpperCase());
        if (month >= 0) return ["month", month];
        const count = Number(value);
        if (!Number.isInteger(count) || count < 1) return null;
        return [count <= 31 ? "day" : "year", count];
      };
      const parts = values.map(read);
      if (parts.length === 0 || parts.includes(null)) return false;
      const kinds = (list) => list.map(([kind]) => kind).join();
      const half = parts.length / 2;
      const [first, last] = [parts.slice(0, half), parts.slice(half)];
      const range = Number.isInteger(half) && kinds(first) === kinds(last);
      const now = { day: at("Date"), month: at("Month"), year: at("FullYear") };
      if (!range) return parts.every(([kind, value]) => now[kind] === value);
      // Kinds that are not given count as nothing.
      const order = (list) => {
        const known = Object.fromEntries(list);
        return ((known.year ?? 0) * 12 + (known.month ?? 0)) * 32 + (known.day ?? 0);
      };
      const own = first.map(([kind]) => [kind, now[kind]]);
      return between(order(first), order(own), order(last));
    },

    /** An hour; or two ends of hours, of hours and minutes, or of seconds too. */
    timeRange(...given) {
      const { values, at } = present(given);
      const parts = values.map(Number);
      if (parts.some((part) => !Number.isInteger(part) || part < 0 || part > 60)) return false;
      const now = [at("Hours"), at("Minutes"), at("Seconds")];
      if (parts.length === 1) return now[0] === parts[0];
      if (![2, 4, 6].includes(parts.length)) return false;
      const half = parts.length / 2;
      const order = (list) => list.reduce((sum, part) => sum * 60 + part, 0);
      return between(order(parts.slice(0, half)), order(now.slice(0, half)), order(parts.slice(half)));
    },

    alert: () => undefined,
  };

  for (const [name, helper] of Object.entries(table)) globalThis[name] = helper;
})();
