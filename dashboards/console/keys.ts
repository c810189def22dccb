/** What a key asks for. */
export type KeyAction =
  | 'filter'
  | 'next'
  | 'previous'
  | 'back'
  | 'fleet'
  | 'copy'
  | 'copy link'
  | 'theme'
  | 'keys';

export interface KeyPress {
  readonly key: string;
  /** Ctrl, Alt or Meta is held: then the key is the browser's. */
  readonly modified: boolean;
  /** The focus is in a field that takes text. */
  readonly inField: boolean;
  /** The key before, when it came within a second. */
  readonly before: string;
}

const SINGLE: Readonly<Record<string, KeyAction>> = {
  '/': 'filter',
  j: 'next',
  k: 'previous',
  c: 'copy',
  y: 'copy link',
  d: 'theme',
  '?': 'keys',
};

const AFTER_G: Readonly<Record<string, KeyAction>> = { f: 'fleet' };

/** Single keys do nothing in fields, and nothing at all when the reader has turned them off; Escape always works. */
export function keyAction(press: KeyPress, singleKeys: boolean): KeyAction | undefined {
  if (press.modified) return undefined;
  if (press.key === 'Escape') return 'back';
  if (press.inField || !singleKeys) return undefined;
  return press.before === 'g' ? AFTER_G[press.key] : SINGLE[press.key];
}
