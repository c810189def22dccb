import { exp, log } from './go-math.ts';

/** Trigonometric and hyperbolic functions bit for bit as Go's math package computes them (from Cephes). */
const PI_4A = 0.7853981256484985;
const PI_4B = 3.774894707930798e-8;
const PI_4C = 2.6951514290790595e-15;

export function sin(x: number): number {
  if (x === 0 || Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return Number.NaN;
  let [octant, z] = reduce(Math.abs(x));
  let negative = x < 0;
  if (octant > 3) {
    negative = !negative;
    octant -= 4;
  }
  const y = octant === 1 || octant === 2 ? cosineSeries(z) : sineSeries(z);
  return negative ? -y : y;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  let [octant, z] = reduce(Math.abs(x));
  let negative = false;
  if (octant > 3) {
    octant -= 4;
    negative = !negative;
  }
  if (octant > 1) negative = !negative;
  const y = octant === 1 || octant === 2 ? sineSeries(z) : cosineSeries(z);
  return negative ? -y : y;
}

export function tan(x: number): number {
  if (x === 0 || Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return Number.NaN;
  const [octant, z] = reduce(Math.abs(x));
  const zz = z * z;
  let y = z;
  if (zz > 1e-14) {
    const p = (-13093.693918138379 * zz + 1153516.6483858742) * zz + -17956525.197648488;
    const q =
      (((zz + 13681.296347069296) * zz + -1320892.3444021097) * zz + 25008380.18233579) * zz +
      -53869575.592945464;
    y = z + z * ((zz * p) / q);
  }
  if (octant & 2) y = -1 / y;
  return x < 0 ? -y : y;
}

export function asin(x: number): number {
  if (x === 0) return x;
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  const root = Math.sqrt(1 - size * size);
  const angle = size > 0.7 ? Math.PI / 2 - positiveAtan(root / size) : positiveAtan(size / root);
  return x < 0 ? -angle : angle;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? positiveAtan(x) : -positiveAtan(-x);
}

export function atan2(y: number, x: number): number {
  // The special values are those of IEEE 754, which JavaScript's has too.
  if (!Number.isFinite(y) || !Number.isFinite(x) || y === 0 || x === 0) return Math.atan2(y, x);
  const angle = atan(y / x);
  if (x >= 0) return angle;
  return angle <= 0 ? angle + Math.PI : angle - Math.PI;
}

export function sinh(x: number): number {
  const size = Math.abs(x);
  let y: number;
  if (size > 21) y = exp(size) * 0.5;
  else if (size > 0.5) {
    const e = exp(size);
    y = (e - 1 / e) * 0.5;
  } else {
    const square = size * size;
    y =
      (((-26.30563213397497 * square + -2894.211355989564) * square + -89912.72022039509) * square +
        -630767.3640497717) *
      (x < 0 ? size : x);
    y /= ((square + -173.6789535582337) * square + 15215.17378790019) * square + -630767.3640497717;
  }
  return x < 0 ? -y : y;
}

export function cosh(x: number): number {
  const size = Math.abs(x);
  const e = exp(size);
  return size > 21 ? e * 0.5 : (e + 1 / e) * 0.5;
}

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size > 0.5 * 88.02969193111305) return x < 0 ? -1 : 1;
  if (size >= 0.625) {
    const y = 1 - 2 / (exp(2 * size) + 1);
    return x < 0 ? -y : y;
  }
  if (x === 0) return x;
  const s = x * x;
  const p = (-0.9643991794250523 * s + -99.28772310019185) * s + -1614.6876844170845;
  const q = ((s + 112.81167849163293) * s + 2235.4883906010045) * s + 4844.063053251255;
  return x + (x * s * p) / q;
}

export function asinh(x: number): number {
  if (!Number.isFinite(x)) return x;
  const size = Math.abs(x);
  let y: number;
  if (size > 2 ** 28) y = log(size) + Math.LN2;
  else if (size > 2) y = log(2 * size + 1 / (Math.sqrt(size * size + 1) + size));
  else if (size < 2 ** -28) return x;
  else y = Math.log1p(size + (size * size) / (1 + Math.sqrt(1 + size * size)));
  return x < 0 ? -y : y;
}

export function acosh(x: number): number {
  if (!(x >= 1)) return Number.NaN;
  if (x === 1) return 0;
  if (x >= 2 ** 28) return log(x) + Math.LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const t = x - 1;
  return Math.log1p(t + Math.sqrt(2 * t + t * t));
}

export function atanh(x: number): number {
  if (!(x >= -1 && x <= 1)) return Number.NaN;
  if (x === 1 || x === -1) return x * Number.POSITIVE_INFINITY;
  const size = Math.abs(x);
  let y: number;
  if (size < 2 ** -28) return x;
  if (size < 0.5) {
    const twice = size + size;
    y = 0.5 * Math.log1p(twice + (twice * size) / (1 - size));
  } else y = 0.5 * Math.log1p((size + size) / (1 - size));
  return x < 0 ? -y : y;
}

function sineSeries(z: number): number {
  const zz = z * z;
  const p =
    ((((1.5896230157654656e-10 * zz + -2.5050747762857807e-8) * zz + 0.0000027557313621385722) * zz +
      -0.0001984126982958954) *
      zz +
      0.008333333333322118) *
      zz +
    -0.1666666666666663;
  return z + z * zz * p;
}

function cosineSeries(z: number): number {
  const zz = z * z;
  const p =
    ((((-1.1358536521387682e-11 * zz + 2.087570084197473e-9) * zz + -2.755731417929674e-7) * zz +
      0.000024801587288851704) *
      zz +
      -0.0013888888888873056) *
      zz +
    0.041666666666666595;
  return 1 - 0.5 * zz + zz * zz * p;
}

function positiveAtan(x: number): number {
  if (x <= 0.66) return smallAtan(x);
  if (x > 2.414213562373095) return Math.PI / 2 - smallAtan(1 / x) + 6.123233995736766e-17;
  return Math.PI / 4 + smallAtan((x - 1) / (x + 1)) + 0.5 * 6.123233995736766e-17;
}

function smallAtan(x: number): number {
  const z = x * x;
  const p =
    (((-0.8750608600031904 * z + -16.157537187333652) * z + -75.00855792314705) * z + -122.88666844901361) *
      z +
    -64.85021904942025;
  const q =
    ((((z + 24.858464901423062) * z + 165.02700983169885) * z + 432.88106049129027) * z + 485.3903996359137) *
      z +
    194.5506571482614;
  return x * ((z * p) / q) + x;
}

/** The octant (even ones only, singularities mapped to the origin) and the rest in it. */
function reduce(x: number): [octant: number, rest: number] {
  if (x >= 2 ** 29) return reduceLarge(x);
  let j = Math.floor(x * (4 / Math.PI));
  if (j % 2 === 1) j++;
  return [j % 8, x - j * PI_4A - j * PI_4B - j * PI_4C];
}

/** 4/π to 1280 binary digits, 64 to a word, the first being the whole part. */
const FOUR_OVER_PI = [
  0x0000000000000001n,
  0x45f306dc9c882a53n,
  0xf84eafa3ea69bb81n,
  0xb6c52b3278872083n,
  0xfca2c757bd778ac3n,
  0x6e48dc74849ba5c0n,
  0x0c925dd413a32439n,
  0xfc3bd63962534e7dn,
  0xd1046bea5d768909n,
  0xd338e04d68befc82n,
  0x7323ac7306a673e9n,
  0x3908bf177bf25076n,
  0x3ff12fffbc0b301fn,
  0xde5e2316b414da3en,
  0xda6cfd9e4f96136en,
  0x9e8c7ecd3cbfd45an,
  0xea4f758fd7cbe2f6n,
  0x7a0e73ef14a525d4n,
  0xd7f6bf623f1aba10n,
  0xac06608df8f6d757n,
];

/** Payne and Hanek: the fraction of x·4/π from as many digits of 4/π as matter at x's size. */
function reduceLarge(x: number): [octant: number, rest: number] {
  const words = new DataView(new ArrayBuffer(8));
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  const power = Number((bits >> 52n) & 0x7ffn) - 1023 - 52;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  const word = Math.floor((power + 61) / 64);
  const shift = BigInt((power + 61) % 64);
  let window = 0n;
  for (let i = 0; i < 4; i++) window = (window << 64n) | FOUR_OVER_PI[word + i]!;
  const digits = ((window << shift) >> 64n) & ((1n << 192n) - 1n);
  const top = (digits >> 128n) & 0xffffffffffffffffn;
  const middle = (digits >> 64n) & 0xffffffffffffffffn;
  const last = digits & 0xffffffffffffffffn;
  const product = ((top * mantissa) << 64n) + middle * mantissa + ((last * mantissa) >> 64n);
  const both = product & ((1n << 128n) - 1n);
  let octant = Number(both >> 125n);
  const fraction = (both << 3n) & ((1n << 128n) - 1n);
  const high = fraction >> 64n;
  const leadingZeros = BigInt(64 - high.toString(2).length + (high === 0n ? 1 : 0));
  const kept = ((fraction << (leadingZeros + 1n)) & ((1n << 128n) - 1n)) >> (128n - 52n);
  words.setBigUint64(0, kept | ((1023n - (leadingZeros + 1n)) << 52n));
  let rest = words.getFloat64(0);
  if (octant % 2 === 1) {
    octant = (octant + 1) & 7;
    rest--;
  }
  return [octant, rest * (Math.PI / 4)];
}
