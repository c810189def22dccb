import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

/** The repository checks its own form here: who imports whom, no orphan, no cycle, no unused package, a true map. */
const root = resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const sources = files.filter((file) => /\.ts$/.test(file) && !file.startsWith('model/kernel/assembly/'));
const isTest = (file: string) => file.startsWith('test/') || /\.(test|suite|bench)\.ts$/.test(file);

/** What each file imports: our own files by their path, packages by their name. Types count. */
const imports = new Map(sources.map((file) => [file, importsOf(file)]));

/**
 * Who may import whom: the first line whose left side fits decides. A right side that ends with `/` is a
 * folder with all in it. Tests may import anything.
 */
const ALLOWED: readonly (readonly [from: string, to: readonly string[]])[] = [
  ['model/', ['model/']],
  ['runtime/', ['model/', 'runtime/']],
  ['collector/app.ts', ['model/', 'runtime/', 'collector/']],
  ['collector/config.ts', ['model/', 'runtime/', 'collector/']],
  ['collector/discovery/', ['model/', 'runtime/', 'collector/discovery/']],
  [
    'collector/scrape/',
    ['model/', 'runtime/', 'collector/scrape/', 'collector/discovery/discovery.ts', 'collector/push/sink.ts'],
  ],
  ['collector/push/', ['model/', 'runtime/', 'collector/push/']],
  ['collector/events/', ['model/', 'runtime/', 'collector/events/']],
  ['collector/karmada/', ['model/', 'runtime/', 'collector/karmada/', 'collector/scrape/sample-source.ts']],
  ['collector/web/', ['model/', 'runtime/', 'collector/web/', 'collector/scrape/']],
  ['aggregator/app.ts', ['model/', 'runtime/', 'aggregator/']],
  ['aggregator/config.ts', ['model/', 'runtime/', 'aggregator/']],
  ['aggregator/web.ts', ['model/', 'runtime/', 'aggregator/']],
  ['aggregator/reload.ts', ['model/', 'runtime/', 'aggregator/']],
  ['aggregator/housekeeping.ts', ['model/', 'runtime/', 'aggregator/']],
  ['aggregator/evaluation.ts', ['model/', 'runtime/', 'aggregator/']],
  [
    'aggregator/engine/',
    [
      'model/',
      'runtime/',
      'aggregator/engine/',
      'aggregator/store/store.ts',
      'aggregator/promql/engine.ts',
      'aggregator/promql/parser.ts',
    ],
  ],
  ['aggregator/store/', ['model/', 'runtime/', 'aggregator/store/', 'aggregator/engine/engine.ts']],
  ['aggregator/promql/', ['model/', 'runtime/', 'aggregator/promql/', 'aggregator/engine/engine.ts']],
  ['aggregator/identity/', ['model/', 'runtime/', 'aggregator/identity/']],
  ['aggregator/registry/', ['model/', 'runtime/', 'aggregator/registry/', 'aggregator/engine/engine.ts']],
  [
    'aggregator/normalize/',
    [
      'model/',
      'runtime/',
      'aggregator/normalize/',
      'aggregator/identity/identity.ts',
      'aggregator/registry/registry.ts',
    ],
  ],
  ['aggregator/events/', ['model/', 'runtime/', 'aggregator/events/', 'aggregator/engine/engine.ts']],
  [
    'aggregator/ingest/',
    [
      'model/',
      'runtime/',
      'aggregator/ingest/',
      'aggregator/normalize/',
      'aggregator/engine/engine.ts',
      'aggregator/identity/identity.ts',
      'aggregator/registry/registry.ts',
      'aggregator/events/event-store.ts',
    ],
  ],
  [
    'aggregator/rules/',
    [
      'model/',
      'runtime/',
      'aggregator/rules/',
      'aggregator/engine/engine.ts',
      'aggregator/promql/parser.ts',
      'aggregator/promql/print.ts',
      'aggregator/promql/go-number.ts',
    ],
  ],
  [
    'aggregator/slo/',
    ['model/', 'runtime/', 'aggregator/slo/', 'aggregator/engine/engine.ts', 'aggregator/promql/parser.ts'],
  ],
  ['aggregator/publish/', ['model/', 'runtime/', 'aggregator/publish/']],
  [
    'aggregator/api/',
    [
      'model/',
      'runtime/',
      'aggregator/api/',
      'aggregator/engine/engine.ts',
      'aggregator/promql/parser.ts',
      'aggregator/promql/print.ts',
      'aggregator/promql/ast.ts',
      'aggregator/promql/go-number.ts',
      'aggregator/identity/identity.ts',
      'aggregator/registry/registry.ts',
      'aggregator/registry/condition.ts',
      'aggregator/rules/view.ts',
      'aggregator/slo/objective-status.ts',
      'aggregator/events/event-store.ts',
      'dashboards/console/',
    ],
  ],
  ['dashboards/', ['dashboards/']],
  ['alerts/', []],
  ['deploy/simulator/', ['model/', 'runtime/', 'deploy/simulator/']],
  ['deploy/check-config.ts', ['model/', 'runtime/', 'collector/config.ts', 'aggregator/config.ts']],
  ['deploy/', ['model/', 'runtime/', 'deploy/']],
  ['main.ts', ['runtime/', 'collector/', 'aggregator/', 'dashboards/', 'deploy/']],
  ['vitest.config.ts', []],
];

test('imports keep to the table of who may import whom', () => {
  const wrong: string[] = [];
  for (const [file, { ours }] of imports) {
    if (isTest(file)) continue;
    const rule = ALLOWED.find(([from]) => file === from || (from.endsWith('/') && file.startsWith(from)));
    if (!rule) {
      wrong.push(`${file} is in no line of the table`);
      continue;
    }
    for (const target of ours) {
      if (
        target === 'package.json' ||
        target.startsWith(`${dirname(file)}/`) ||
        dirname(target) === dirname(file)
      )
        continue;
      if (!rule[1].some((to) => target === to || (to.endsWith('/') && target.startsWith(to))))
        wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file is an orphan: each is imported, started by a script, or a test', () => {
  const reached = new Set([...imports.values()].flatMap(({ ours }) => ours));
  const started = [
    ...Object.values(packageJson.scripts),
    ...Object.values(packageJson.bin),
    ...sources.map((file) => readFileSync(join(root, file), 'utf8')),
  ].join('\n');
  const orphans = sources.filter((file) => {
    if (/\.test\.ts$/.test(file) || file === 'vitest.config.ts' || reached.has(file)) return false;
    // Conformance runs and benches are loaded by name; processes and the console's script by path.
    if (/^test\/(bench|conformance)\//.test(file)) return false;
    return !started.includes(file) && !started.includes(`/${file.split('/').at(-1)}'`);
  });
  expect(orphans).toEqual([]);
});

test('no file imports itself through others', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of imports.get(file)?.values ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

test('every package of package.json is imported somewhere', () => {
  const used = new Set(
    [...imports].filter(([file]) => !isTest(file)).flatMap(([, { packages }]) => packages),
  );
  expect(Object.keys(packageJson.dependencies).filter((name) => !used.has(name))).toEqual([]);
  const anywhere = new Set([...imports.values()].flatMap(({ packages }) => packages));
  const tools = ['typescript', '@biomejs/biome', 'assemblyscript', '@types/node', '@types/express'];
  expect(
    Object.keys(packageJson.devDependencies).filter((name) => !anywhere.has(name) && !tools.includes(name)),
  ).toEqual([]);
});

test("README's map names the folders there are", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const map = /## The map\n+```\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const named = [...map.matchAll(/^(\S+)\//gm)].map(([, name]) => name!);
  const inner = [...map.matchAll(/^ {2}(\S+)\//gm)].map(([, name]) => name!);
  const folders = [...new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!))];
  expect(named.toSorted()).toEqual(folders.filter((name) => !name.startsWith('.')).toSorted());
  const second = [
    ...new Set(
      files.filter((file) => file.split('/').length > 2).map((file) => file.split('/').slice(0, 2).join('/')),
    ),
  ];
  expect(inner.toSorted()).toEqual(
    second
      .filter((path) => !path.startsWith('.'))
      .map((path) => path.split('/')[1]!)
      .toSorted(),
  );
});

function importsOf(file: string): { ours: string[]; values: string[]; packages: string[] } {
  const text = readFileSync(join(root, file), 'utf8');
  const ours: string[] = [];
  const values: string[] = [];
  const packages: string[] = [];
  const statement =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/g;
  for (const [, typeOnly, fixed, dynamic] of text.matchAll(statement)) {
    const specifier = fixed ?? dynamic!;
    if (specifier.startsWith('.')) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      if (existsSync(join(root, target)) && statSync(join(root, target)).isFile()) {
        ours.push(target);
        if (!typeOnly && fixed !== undefined) values.push(target);
      }
    } else if (!specifier.startsWith('node:')) {
      packages.push(
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    }
  }
  return { ours, values, packages };
}
