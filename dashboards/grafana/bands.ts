import type { Step } from './kit.ts';
import { SILENT_AFTER_SECONDS } from './queries.ts';

// From which value on a number takes which colour; the colour never stands without a word or a number.

/** None is well, one is not. */
export const ANY_IS_RED: readonly Step[] = [
  [null, 'green'],
  [1, 'red'],
];
export const ANY_IS_ORANGE: readonly Step[] = [
  [null, 'green'],
  [1, 'orange'],
];
/** Bands of Karmada's own capacity guide. */
export const FULLNESS: readonly Step[] = [
  [null, 'green'],
  [0.7, 'yellow'],
  [0.85, 'orange'],
  [0.95, 'red'],
];
export const ERRORS: readonly Step[] = [
  [null, 'green'],
  [0.01, 'yellow'],
  [0.05, 'red'],
];
/** Bands of Karmada's error budget policy. */
export const BUDGET: readonly Step[] = [
  [null, 'red'],
  [0.1, 'orange'],
  [0.25, 'yellow'],
  [0.5, 'green'],
];
export const SILENCE: readonly Step[] = [
  [null, 'green'],
  [30, 'yellow'],
  [SILENT_AFTER_SECONDS, 'red'],
];
