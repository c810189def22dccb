// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to groups are written so
import { expect, test } from 'vitest';
import { type RelabelConfig, RelabelRule, relabel } from './relabel.ts';

/** Labels before, rules, labels after (undefined: dropped). The cases of Prometheus' relabel_test.go and ours. */
const cases: [string, Record<string, string>, RelabelConfig[], Record<string, string> | undefined][] = [
  [
    'replaces by a group of the expression',
    { a: 'foo', b: 'bar', c: 'baz' },
    [{ source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch${1}' }],
    { a: 'foo', b: 'bar', c: 'baz', d: 'choo-choo' },
  ],
  [
    'lets a rule see what the one before made',
    { a: 'foo', b: 'bar', c: 'baz' },
    [
      { source_labels: ['a', 'b'], regex: 'f(.*);(.*)r', target_label: 'a', replacement: 'b${1}${2}m' },
      { source_labels: ['c', 'a'], regex: '(b).*b(.*)ba(.*)', target_label: 'd', replacement: '$1$2$2$3' },
    ],
    { a: 'boobam', b: 'bar', c: 'baz', d: 'boooom' },
  ],
  ['drops what matches', { a: 'foo' }, [{ source_labels: ['a'], regex: '.*o.*', action: 'drop' }], undefined],
  [
    'keeps on no match of drop',
    { a: 'foo' },
    [{ source_labels: ['a'], regex: 'no-match', action: 'drop' }],
    { a: 'foo' },
  ],
  ['is anchored', { a: 'foo' }, [{ source_labels: ['a'], regex: 'f|o', action: 'drop' }], { a: 'foo' }],
  [
    'drops what keep does not match',
    { a: 'foo' },
    [{ source_labels: ['a'], regex: 'no-match', action: 'keep' }],
    undefined,
  ],
  [
    'keeps what matches',
    { a: 'foo' },
    [{ source_labels: ['a'], regex: 'f.*', action: 'keep' }],
    { a: 'foo' },
  ],
  [
    'does nothing when the expression does not match',
    { a: 'boo' },
    [{ source_labels: ['a'], regex: 'f', target_label: 'b', replacement: 'bar' }],
    { a: 'boo' },
  ],
  [
    'writes a constant when there are no sources',
    { a: 'foo' },
    [{ target_label: 'b', replacement: 'bar' }],
    { a: 'foo', b: 'bar' },
  ],
  [
    'removes a label by an empty replacement',
    { a: 'foo', f: 'baz' },
    [{ source_labels: ['a'], target_label: 'f', replacement: '' }],
    { a: 'foo' },
  ],
  [
    'copies a whole value by default',
    { __meta_kubernetes_pod_name: 'api-0' },
    [{ source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' }],
    { __meta_kubernetes_pod_name: 'api-0', pod: 'api-0' },
  ],
  [
    'joins with the separator',
    { __address__: '10.0.0.1:80', port: '9100' },
    [
      {
        source_labels: ['__address__', 'port'],
        separator: '@',
        regex: '([^:]+)(?::\\d+)?@(\\d+)',
        target_label: '__address__',
        replacement: '$1:$2',
      },
    ],
    { __address__: '10.0.0.1:9100', port: '9100' },
  ],
  [
    'expands the target label too',
    { __meta_sd_tags: 'path:/secret,job:some-job,label:foo=bar' },
    [
      {
        source_labels: ['__meta_sd_tags'],
        regex: '(?:.+,|^)path:(/[^,]+).*',
        target_label: '__metrics_path__',
        replacement: '${1}',
      },
      {
        source_labels: ['__meta_sd_tags'],
        regex: '(?:.+,|^)label:([^=]+)=([^,]+).*',
        target_label: '${1}',
        replacement: '${2}',
      },
      { source_labels: ['__meta_sd_tags'], regex: 'no:(.*)', target_label: '${1}', replacement: 'x' },
    ],
    { __meta_sd_tags: 'path:/secret,job:some-job,label:foo=bar', __metrics_path__: '/secret', foo: 'bar' },
  ],
  [
    'takes $1x for the group named 1x, $$ for a dollar, and knows named groups',
    { a: 'foo' },
    [
      { source_labels: ['a'], regex: '(f)(?P<rest>.*)', target_label: 'b', replacement: '$1x' },
      {
        source_labels: ['a'],
        regex: '(f)(?P<rest>.*)',
        target_label: 'c',
        replacement: '${1}x$$1-${rest}$9-$',
      },
    ],
    { a: 'foo', c: 'fx$1-oo-$' },
  ],
  [
    'hashes to a shard',
    { a: 'foo', b: 'bar', c: 'baz' },
    [{ source_labels: ['c'], target_label: 'd', separator: ';', action: 'hashmod', modulus: 1000 }],
    { a: 'foo', b: 'bar', c: 'baz', d: '976' },
  ],
  [
    'maps label names',
    { a: 'foo', b1: 'bar', b2: 'baz' },
    [{ regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }],
    { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' },
  ],
  [
    'maps pod labels',
    { __meta_kubernetes_pod_label_app: 'api' },
    [{ regex: '__meta_kubernetes_pod_label_(.+)', action: 'labelmap' }],
    { __meta_kubernetes_pod_label_app: 'api', app: 'api' },
  ],
  [
    'drops labels',
    { a: 'foo', b1: 'bar', b2: 'baz' },
    [{ regex: '(b.*)', action: 'labeldrop' }],
    { a: 'foo' },
  ],
  [
    'keeps labels',
    { a: 'foo', b1: 'bar', b2: 'baz' },
    [{ regex: '(b.*)', action: 'labelkeep' }],
    { b1: 'bar', b2: 'baz' },
  ],
  [
    'changes case',
    { foo: 'bAr123Foo' },
    [
      { source_labels: ['foo'], action: 'uppercase', target_label: 'up' },
      { source_labels: ['foo'], action: 'lowercase', target_label: 'low' },
    ],
    { foo: 'bAr123Foo', low: 'bar123foo', up: 'BAR123FOO' },
  ],
  [
    'compares with another label',
    { a: '1234', b: '1234' },
    [{ source_labels: ['a'], target_label: 'b', action: 'keepequal' }],
    { a: '1234', b: '1234' },
  ],
  [
    'drops equal ones',
    { a: '1', b: '1' },
    [{ source_labels: ['a'], target_label: 'b', action: 'dropequal' }],
    undefined,
  ],
  [
    'lets a dot match a line feed',
    { a: 'foo\nbar' },
    [{ source_labels: ['a'], regex: 'f(.*)r', target_label: 'b' }],
    { a: 'foo\nbar', b: 'oo\nba' },
  ],
];

test.each(cases)('relabel %s', (_, before, rules, after) => {
  const labels = new Map(Object.entries(before));
  const kept = relabel(
    labels,
    rules.map((rule) => new RelabelRule(rule)),
  );
  expect(kept ? Object.fromEntries(labels) : undefined).toEqual(after);
});

test.each<[RelabelConfig, string]>([
  [{ source_labels: ['a'] }, 'action replace needs target_label'],
  [{ action: 'hashmod', target_label: 'shard' }, 'action hashmod needs modulus'],
  [{ action: 'keep', regex: 'a(' }, 'regex "a(" is not RE2: '],
  [{ action: 'keep', regex: '(?=a)' }, 'regex "(?=a)" is not RE2: '],
  [{ action: 'labeldrop', regex: 'a', source_labels: ['b'] }, 'action labeldrop takes only regex'],
  [{ action: 'keepequal', target_label: 'a', regex: 'b' }, 'takes only source_labels and target_label'],
  [{ action: 'uppercase', target_label: 'a', replacement: 'b' }, 'takes no replacement'],
])('RelabelRule refuses %j', (rule, message) => {
  expect(() => new RelabelRule(rule)).toThrow(message);
});
