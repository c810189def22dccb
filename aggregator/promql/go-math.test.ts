import { expect, test } from 'vitest';
import * as math from './go-math.ts';
import * as trigonometry from './go-trigonometry.ts';

/** Bits of Go 1.26 on amd64; for most of them V8's own functions give others. */
const GO: readonly string[] = [
  'log 403b7789c7e13fc7 400a80fd666edd22',
  'log 4013333333333333 3ff9190d0136ccbe',
  'log 407f51bb2b4eb908 4018de069898abd9',
  'log2 3ff6c651ddc3ceaa 3fe04cabe0a7b498',
  'log2 3fee463661ba8754 bfb4798f674f98ae',
  'log2 40048f5c28f5c28f 3ff5c9cd9e86ece6',
  'log10 40828ee4f41ec717 40063081f6a8be7a',
  'log10 28b94487dd756770 c05bf238bb92cfd7',
  'log10 3f677021f1115c00 c00459064eb8ea1f',
  'tan 402f2e147ae147ae bfbe56e6890a1a32',
  'tan 3feb988b8e916e98 3ff2ac9cdce3d551',
  'tan 402c666666666666 c02fc9d9b26ed288',
  'sinh 4011666666666666 40435dcbabdd9a90',
  'sinh bfd70d0a429c0d45 bfd78d742470609b',
  'sinh 402b7ae147ae147b 411c4c4be17be401',
  'acosh 402a851eb851eb85 400a36382529f491',
  'acosh 403deac907a5ff1a 40105d7d7a25b387',
  'acosh 3ffb2f00bc6b69ea 3ff1f5b322006251',
  'atanh 3fa88b1d04f737e0 3fa88feec1db8506',
  'atanh 3fe224511b3a67cc 3fe4936394faa5c0',
  'atanh bfcd52030d1dca92 bfcdd996c6d26f47',
  'sin 40051eb851eb851f 3fdec5cc37a36b9e',
  'sin 3ff2b851eb851eb8 3fed76c9f52192ab',
  'sin 4083047dcb44105a bfe9374972a13867',
  'asin bfea76dcc71b5c73 bfef291a47d4985f',
  'asin 3fc0a6cb806de82c 3fc0b2e934e37749',
  'asin 3fb567ed17133d30 3fb56e5502de39bc',
  'cosh bfd37c42ee4bdf9c 3ff0bf4fb285886a',
  'cosh 40244ccccccccccd 40c8fdc68b31d30c',
  'cosh c0809e8166b64475 6fd2f398683dd2f8',
  'asinh 3ff41e47409afb31 3ff0d5d258027a51',
  'asinh 401851eb851eb852 400409ed51d74ddd',
  'asinh 407fa7d6b6f88bbf 401baebf8cadefb7',
  'exp 3fe947ae147ae148 4001a08e4e3723e3',
  'exp 4024800000000000 40db9ea2aed2a0f1',
  'exp bfeed8f89949ed8e 3fd8685cf1fb43ec',
  'exp2 c000cf9a878bb961 3fcdd4282db1a8ec',
  'exp2 c0815a14ac66d2a3 1d3ab897a4d91981',
  'exp2 2e38bdcd3235200c 3ff0000000000000',
  'cos 40814d92d235826c 3fe6d49aaddbc13b',
  'cos 40337d70a3d70a3d 3fe9a898638c655f',
  'cos c97fa7aaeb9a4057 bfe78ac09f6f3155',
  'acos 3fecba47591f367a 3fdd3227aa82a0cc',
  'acos 3fe43525717d996e 3fec64f9b82ea1d4',
  'acos bfea60672f0548fe 40045150895de078',
  'atan bff32550f722d0b6 bfebfd44b91ede31',
  'atan 407d6df825ccdfca 3ff9194874d98247',
  'atan c080bd6214ac6b41 bff91a55d69bedb7',
  'tanh 3fec6603b453e4be 3fe6b969b2d45370',
  'tanh bfd5ddaf558d816e bfd50d97aca9c391',
  'tanh 3feb7b6991b6df20 3fe642bcb39e1d36',
  'pow 3fe8071334b54ad2 407399c3cbb68501 37d48b5a31a7747f',
  'pow 3fdda3a7db90a66c 40703d3f84702557 2de5c8039f88d7b7',
  'pow 402770a3d70a3d71 bfed408c2a25517f 3fbafbd54d55ec35',
  'atan2 bfd97491edc5583a 3fe0a6a19fbb4ce8 bfe4e273ec9b013d',
  'atan2 402770a3d70a3d71 bfed408c2a25517f 3ffa60d043e25bbf',
  'atan2 3fe440c6da77ab68 bfca25bcb2d9a78c 3ffe20c4c2383aa6',
  'exp c087440000000000 0000000000000001',
  'exp c086820000000000 000000077564144f',
  'exp 40862c0000000000 7ff0000000000000',
  'sin 4202a05f20000000 bfdf334c7896a4e4',
  'cos 4202a05f20000000 3febf098901c931a',
  'sin 7e37e43c8800759c bfea2c16b010e386',
  'cos 7e37e43c8800759c bfe2699022adc4c1',
  'sin 423cbe991a140000 bfb4dec523f29992',
  'cos 423cbe991a140000 bfefe4bb5745f9b1',
  'log 0000000000000001 c08628b76e3a7b61',
  'log2 0000000000000001 c090c80000000000',
  'log 000012688b70e62b c08628ae3f3c2ff6',
  'log2 000012688b70e62b c0901730dabca5f6',
];

test.each(GO)('%s', (line) => {
  const [name, ...bits] = line.split(' ') as [string, ...string[]];
  const functions = { ...math, ...trigonometry } as unknown as Record<string, (...x: number[]) => number>;
  const numbers = bits.map(fromBits);
  const result = functions[name]!(...numbers.slice(0, -1));
  expect(toBits(result)).toBe(toBits(numbers.at(-1)!));
});

test('pow() is IEEE 754', () => {
  expect(math.pow(1, Number.NaN)).toBe(1);
  expect(math.pow(-1, Number.POSITIVE_INFINITY)).toBe(1);
  expect(math.pow(-0, -3)).toBe(Number.NEGATIVE_INFINITY);
  expect(math.pow(-8, 1 / 3)).toBeNaN();
});

function fromBits(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

function toBits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}
