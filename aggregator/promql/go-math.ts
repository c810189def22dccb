/**
 * Elementary functions bit for bit as Go's math package computes them on amd64, where V8's differ in the last
 * digits. The algorithms are those of FreeBSD's msun and of Cephes, in the form Go took them over.
 */
const WORDS = new DataView(new ArrayBuffer(8));
const SMALLEST_NORMAL = 2 ** -1022;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

export function log(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x;
  if (x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  let [fraction, power] = rawFrexp(x);
  if (fraction < Math.SQRT1_2) {
    fraction *= 2;
    power--;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const t1 =
    s2 *
    (0.6666666666666735 + s4 * (0.2857142874366239 + s4 * (0.1818357216161805 + s4 * 0.14798198605116586)));
  const t2 = s4 * (0.3999999999940942 + s4 * (0.22222198432149784 + s4 * 0.15313837699209373));
  const r = t1 + t2;
  const half = 0.5 * f * f;
  return power * LN2_HIGH - (half - (s * (half + r) + power * LN2_LOW) - f);
}

export function log2(x: number): number {
  const [fraction, power] = frexp(x);
  // Exact powers of two give exact answers.
  if (fraction === 0.5) return power - 1;
  return log(fraction) * Math.LOG2E + power;
}

export function log10(x: number): number {
  return log(x) * Math.LOG10E;
}

/** Go's assembly for amd64 with fused multiply-add, which every processor of the last decade has. */
export function exp(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x;
  if (x === Number.NEGATIVE_INFINITY) return 0;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  const power = roundHalfEven(Math.LOG2E * x);
  let r = fma(-0.693147180559663, power, x);
  r = fma(-2.8235290563031577e-13, power, r);
  r *= 0.0625;
  let y = 0.0000248015873015873;
  y = fma(y, r, 0.0001984126984126984);
  y = fma(y, r, 0.001388888888888889);
  y = fma(y, r, 0.008333333333333333);
  y = fma(y, r, 0.041666666666666664);
  y = fma(y, r, 0.16666666666666666);
  y = fma(y, r, 0.5);
  y = fma(y, r, 1);
  r *= y;
  r *= r + 2;
  r *= r + 2;
  r *= r + 2;
  r = fma(r + 2, r, 1);
  return scale(r, power);
}

export function exp2(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 1023.9999999999999) return Number.POSITIVE_INFINITY;
  if (x < -1074) return 0;
  const power = x > 0 ? Math.trunc(x + 0.5) : Math.trunc(x - 0.5);
  const t = x - power;
  const high = t * LN2_HIGH;
  const low = -t * LN2_LOW;
  const r = high - low;
  const r2 = r * r;
  const c =
    r -
    r2 *
      (0.16666666666666666 +
        r2 *
          (-0.0027777777777015593 +
            r2 * (0.00006613756321437934 + r2 * (-0.0000016533902205465252 + r2 * 4.1381367970572385e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return ldexp(y, power);
}

/** IEEE's pow, where JavaScript's has NaN for 1^NaN and (±1)^±Inf. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (y === 1) return x;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === 0) {
    const odd = Object.is(x, -0) && isOddInteger(y);
    if (y < 0) return odd ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return odd ? x : 0;
  }
  if (!Number.isFinite(y)) return x === -1 ? 1 : Math.abs(x) < 1 === y > 0 ? 0 : Number.POSITIVE_INFINITY;
  if (!Number.isFinite(x)) {
    if (x < 0) return pow(1 / x, -y);
    return y < 0 ? 0 : Number.POSITIVE_INFINITY;
  }
  if (y === 0.5) return Math.sqrt(x);
  if (y === -0.5) return 1 / Math.sqrt(x);

  let whole = Math.trunc(Math.abs(y));
  let fraction = Math.abs(y) - whole;
  if (fraction !== 0 && x < 0) return Number.NaN;
  if (whole >= 2 ** 63) return x === -1 ? 1 : Math.abs(x) < 1 === y > 0 ? 0 : Number.POSITIVE_INFINITY;

  let result = 1;
  let power = 0;
  if (fraction !== 0) {
    if (fraction > 0.5) {
      fraction--;
      whole++;
    }
    result = exp(fraction * log(x));
  }
  let [base, basePower] = frexp(x);
  for (let rest = whole; rest !== 0; rest = Math.floor(rest / 2)) {
    if (basePower < -4096 || basePower > 4096) {
      power += basePower;
      break;
    }
    if (rest % 2 === 1) {
      result *= base;
      power += basePower;
    }
    base *= base;
    basePower *= 2;
    if (base < 0.5) {
      base += base;
      basePower--;
    }
  }
  return y < 0 ? ldexp(1 / result, -power) : ldexp(result, power);
}

/** The greater of two; infinity is greater than NaN, which to JavaScript it is not. */
export function max(a: number, b: number): number {
  return a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.max(a, b);
}

export function min(a: number, b: number): number {
  return a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY
    ? Number.NEGATIVE_INFINITY
    : Math.min(a, b);
}

/** Fraction in [0.5, 1) and power of two. */
function frexp(x: number): [fraction: number, power: number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let shift = 0;
  if (Math.abs(x) < SMALLEST_NORMAL) {
    x *= 2 ** 52;
    shift = -52;
  }
  WORDS.setFloat64(0, x);
  const high = WORDS.getUint32(0);
  WORDS.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return [WORDS.getFloat64(0), ((high >>> 20) & 0x7ff) - 1022 + shift];
}

/** As Go's assembly takes a number apart for its logarithm: subnormal ones come out wrong, there as here. */
function rawFrexp(x: number): [fraction: number, power: number] {
  if (x >= SMALLEST_NORMAL) return frexp(x);
  return [0.5 + x * 2 ** 1021, -1022];
}

/** fraction × 2^power with one rounding. */
function ldexp(fraction: number, power: number): number {
  if (fraction === 0 || !Number.isFinite(fraction)) return fraction;
  const [normal, shift] = frexp(fraction);
  const total = power + shift - 1;
  if (total < -1075) return fraction < 0 ? -0 : 0;
  if (total > 1023) return fraction < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (total < -1022) return normal * 2 * 2 ** (total + 53) * 2 ** -53;
  return normal * 2 * 2 ** total;
}

/** The assembly's last step of exp: below the normal numbers it multiplies twice. */
function scale(r: number, power: number): number {
  const biased = power + 1023;
  if (biased >= 2047) return Number.POSITIVE_INFINITY;
  if (biased > 0) return r * 2 ** power;
  if (biased < -52) return 0;
  return r * 2 ** (biased - 1) * 2 ** -1022;
}

function isOddInteger(x: number): boolean {
  return Math.abs(x) < 2 ** 53 && Number.isInteger(x) && Math.abs(x) % 2 === 1;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * a·b + c with one rounding (Boldo and Melquiond: the last addition but one rounds to odd). For operands far
 * from the limits of the exponent, as they are in exp.
 */
function fma(a: number, b: number, c: number): number {
  const high = a * b;
  const low = productError(a, b, high);
  const t = c + low;
  const tError = sumError(c, low, t);
  const v = high + t;
  const vError = sumError(high, t, v);
  return v + addToOdd(tError, vError);
}

function addToOdd(a: number, b: number): number {
  const sum = a + b;
  const error = sumError(a, b, sum);
  if (error === 0) return sum;
  WORDS.setFloat64(0, sum);
  const low = WORDS.getUint32(4);
  if (low & 1) return sum;
  // The exact sum lies between `sum` and its neighbour towards the error: that neighbour is odd.
  const away = error > 0 === sum > 0;
  if (away) WORDS.setUint32(4, low | 1);
  else {
    if (low === 0) WORDS.setUint32(0, WORDS.getUint32(0) - 1);
    WORDS.setUint32(4, (low - 1) >>> 0);
  }
  return WORDS.getFloat64(0);
}

function sumError(a: number, b: number, sum: number): number {
  const bPart = sum - a;
  return a - (sum - bPart) + (b - bPart);
}

function productError(a: number, b: number, product: number): number {
  const aSplit = 134217729 * a;
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = 134217729 * b;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
