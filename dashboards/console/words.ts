/** How the console writes numbers, times and ages. Everything here is pure, and the same on server and page. */

/** Between a number and its unit: narrow, and it does not break. */
const GAP = '\u202f';

const AGE_UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** `4 s`, `3 min 4 s`, `2 h 5 min`, `3 d`: two units, but one from ten of the greater up. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const first = AGE_UNITS.findIndex(([, size]) => seconds >= size);
  if (first < 0) return `0${GAP}s`;
  const [unit, size] = AGE_UNITS[first]!;
  const whole = Math.floor(seconds / size);
  const text = `${whole}${GAP}${unit}`;
  const next = AGE_UNITS[first + 1];
  if (!next || whole >= 10 || unit === 'd') return text;
  const rest = Math.floor((seconds - whole * size) / next[1]);
  return rest === 0 ? text : `${text} ${rest}${GAP}${next[0]}`;
}

/** `10:22:11`, and with the day before it when that is not the day of `nowMs`. UTC. */
export function clockTime(ms: number, nowMs = ms): string {
  const text = new Date(ms).toISOString();
  const time = text.slice(11, 19);
  return text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10)
    ? time
    : `${text.slice(0, 10)} ${time}`;
}

export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A fraction as `71.2 %`; 100 % only when it is whole. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  const text = Math.abs(value) >= 99.95 && value < 100 ? '99.9' : significant(value);
  return `${text}${GAP}%`;
}

/** As for a bar: whole percents. */
export function wholePercent(fraction: number): string {
  return `${Math.round(fraction * 100)}${GAP}%`;
}

/** `6.2×`, `0.1×`, `144×`. */
export function burn(rate: number): string {
  return `${rate >= 100 ? Math.round(rate) : rate.toFixed(1)}×`;
}

/** Three significant figures, without an exponent. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const magnitude = Math.abs(value);
  if (magnitude >= 100 || value === 0) return String(Math.round(value));
  return value.toFixed(magnitude >= 9.995 ? 1 : 2);
}

const IEC = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Both in the unit of the second: `18.0 / 180 GiB`. */
export function bytesOf(used: number, total: number): string {
  const step = total <= 0 ? 0 : Math.min(IEC.length - 1, Math.floor(Math.log2(total) / 10));
  const size = 1024 ** step;
  return `${significant(used / size)} / ${significant(total / size)}${GAP}${IEC[step]}`;
}

export function coresOf(used: number, total: number): string {
  return `${significant(used)} / ${significant(total)}${GAP}cores`;
}

export function countOf(used: number, total: number): string {
  return `${Math.round(used)} / ${Math.round(total)}`;
}

/** `1 cluster`, `6 clusters`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Up to three by name, then how many more. */
export function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  if (names.length <= 3) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** `KarmadaRegionDown` → `Region down`: the product's name says nothing to a reader of its own console. */
export function alertTitle(name: string): string {
  const words = name
    .replace(/^Karma(?:da|scope)(?=[A-Z])/, '')
    .split(/(?<=[a-z0-9])(?=[A-Z])/)
    .join(' ');
  return words.charAt(0) + words.slice(1).replace(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}
