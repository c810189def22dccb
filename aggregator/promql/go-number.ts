/**
 * Numbers in the forms of Go's strconv, where Prometheus' answers and texts show them. JavaScript finds the
 * same shortest digits; only the layout around them differs.
 */

/** As values stand in the API's JSON: plain digits, an exponent only below 1e-6 and from 1e21 on. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  const mark = text.indexOf('e');
  return mark === -1 ? text : text.slice(0, mark) + exponent(Number(text.slice(mark + 1)));
}

/** `strconv.FormatFloat(value, 'f', -1, 64)`: never an exponent. Scalars and `count_values` use it. */
export function formatPlain(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const { sign, digits, point } = decompose(value);
  return sign + layoutPlain(digits, point);
}

/** `%g`, `%v` and FormatFloat's `'g', -1`: shortest digits, an exponent below 1e-4 and from 1e6 on. */
export function formatShortest(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const { sign, digits, point } = decompose(value);
  const power = point - 1;
  return sign + (power < -4 || power >= 6 ? layoutExponent(digits, power) : layoutPlain(digits, point));
}

/** `%.<precision>g`: that many significant digits, trailing zeros dropped. */
export function formatSignificant(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, power] = value.toExponential(precision - 1).split('e') as [string, string];
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '');
  const point = Number(power) + 1;
  const threshold = precision > digits.length && digits.length >= point ? digits.length : precision;
  if (point - 1 < -4 || point - 1 >= threshold) return sign + layoutExponent(digits, point - 1);
  return sign + layoutPlain(digits, point);
}

/** `%f`: six digits after the point. */
export function formatFixed(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

/** `le` and `quantile` label values: as OpenMetrics writes floats, always with a point or an exponent. */
export function formatOpenMetricsFloat(value: number): string {
  if (value === 1) return '1.0';
  if (value === 0) return '0.0';
  if (value === -1) return '-1.0';
  if (!Number.isFinite(value)) return formatSpecial(value);
  const text = formatShortest(value);
  return /[e.]/.test(text) ? text : `${text}.0`;
}

/**
 * Go's ParseFloat, for bucket labels: decimal and hexadecimal floats, underscores only where Go takes them,
 * `Inf`, `infinity` and `nan` in any case. Undefined where Go reports a syntax error; beyond the range Go
 * reports an error too.
 */
export function parseGoFloat(text: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special) {
    if (/nan/i.test(special[2]!)) return special[1] === '' ? Number.NaN : undefined;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return finite(Number(text));
  const hex = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)$/.exec(text);
  if (hex && hex[2]!.length + hex[3]!.length > 0 && hex[2]!.length + hex[3]!.length <= 13) {
    const mantissa = Number.parseInt(hex[2]! + hex[3]!, 16);
    const value = mantissa * 2 ** (Number(hex[4]) - 4 * hex[3]!.length);
    return finite(hex[1] === '-' ? -value : value);
  }
  return undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** value = 0.DIGITS × 10^point. */
function decompose(value: number): { sign: string; digits: string; point: number } {
  const text = String(Math.abs(value));
  const mark = text.indexOf('e');
  const mantissa = mark === -1 ? text : text.slice(0, mark);
  const power = mark === -1 ? 0 : Number(text.slice(mark + 1));
  const dot = mantissa.indexOf('.');
  const whole = dot === -1 ? mantissa : mantissa.slice(0, dot);
  const fraction = dot === -1 ? '' : mantissa.slice(dot + 1);
  let digits = whole + fraction;
  let point = whole.length + power;
  const leading = /^0*/.exec(digits)![0].length;
  digits = digits.slice(leading).replace(/0+$/, '');
  point -= leading;
  return { sign: value < 0 ? '-' : '', digits, point };
}

function layoutPlain(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function layoutExponent(digits: string, power: number): string {
  return (digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits) + exponent(power);
}

/** Go writes at least two digits of an exponent. */
function exponent(power: number): string {
  return `e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
