import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import express from 'express';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleRouter } from '../aggregator/api/console.ts';
import { buildConsole } from '../dashboards/console/build.ts';
import type { FleetView } from '../dashboards/console/fleet-view.ts';
import { systemClock } from '../runtime/clock.ts';
import { type HttpServer, listen } from '../runtime/http-server.ts';
import { createLogger } from '../runtime/logger.ts';
import { allWell, hostile, hundred, nothingYet, regionDown, silent } from './console-views.ts';

const CHROMIUM = '/usr/bin/chromium';
const hasChromium = existsSync(CHROMIUM);
const ARTIFACTS = join(import.meta.dirname, 'artifacts');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const VIEWS = { allWell, regionDown, silent, hundred, nothingYet, hostile };
const SIZES = { desktop: [1440, 900], tablet: [1024, 900], phone: [390, 844] } as const;

test.runIf(process.env['CI'] === 'true')('chromium is installed', () => {
  expect(hasChromium, `${CHROMIUM} is missing`).toBe(true);
});

describe.skipIf(!hasChromium)(`the console in ${CHROMIUM}`, () => {
  let browser: Browser;
  let server: HttpServer;
  let assetsDir: string;
  let view: FleetView;
  let hubHangs = false;

  beforeAll(async () => {
    assetsDir = await mkdtemp(join(tmpdir(), 'karmascope-console-'));
    await buildConsole(assetsDir);
    await mkdir(ARTIFACTS, { recursive: true });
    const logger = createLogger('silent');
    const app = express();
    app.use(
      consoleRouter({
        fleet: () => (hubHangs ? new Promise(() => {}) : view),
        clock: systemClock,
        logger,
        assetsDir,
      }),
    );
    server = await listen('127.0.0.1:0', app);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(assetsDir, { recursive: true, force: true });
  });

  interface Visit {
    readonly path?: string;
    readonly width?: number;
    readonly height?: number;
    readonly scheme?: 'light' | 'dark';
    readonly script?: boolean;
  }

  /** Opens a page, hands it over, and fails when the browser complained about anything, the page's own rules included. */
  async function visit(shown: FleetView, options: Visit, use: (page: Page) => Promise<void>): Promise<void> {
    view = shown;
    const { path = '/', width = 1440, height = 900, scheme = 'light', script = true } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      javaScriptEnabled: script,
      reducedMotion: 'reduce',
    });
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(`a label ran as script: ${dialog.message()}`));
    try {
      await page.goto(`${server.url}${path}`);
      if (script) await page.getByText('Live', { exact: true }).waitFor();
      await use(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(axe.source);
    const found = await page.evaluate(
      (tags) =>
        (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
          runOnly: { type: 'tag', values: tags },
        }),
      WCAG,
    );
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`,
    );
  }

  const overflow = (page: Page) =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  describe.each(Object.entries(VIEWS))('%s', (name, build) => {
    test.each([
      ['desktop', 'light'],
      ['desktop', 'dark'],
      ['tablet', 'light'],
      ['phone', 'light'],
      ['phone', 'dark'],
    ] as const)(
      'on a %s in %s: no violation of WCAG 2.2 A and AA, nothing runs over the edge',
      async (size, scheme) => {
        const [width, height] = SIZES[size];
        await visit(await build(), { width, height, scheme }, async (page) => {
          await page.screenshot({ path: join(ARTIFACTS, `fleet-${name}-${size}-${scheme}.png`) });
          expect(await violations(page)).toEqual([]);
          expect(await overflow(page)).toBe(0);
        });
      },
    );

    test.each(['/', '/?view=table'])('%s fits 320 px', async (path) => {
      await visit(await build(), { path, width: 320, height: 700 }, async (page) => {
        expect(await overflow(page)).toBe(0);
      });
    });

    test('reads the same without script', async () => {
      const shown = await build();
      let withScript: string | null = '';
      await visit(shown, {}, async (page) => {
        withScript = await page.locator('h1').textContent();
      });
      await visit(shown, { script: false }, async (page) => {
        // Only ages move on between the two.
        const still = (text: string | null) => text?.replace(/\d+\s(?:s|min)(?: \d+\ss)?/g, 'a while');
        expect(still(await page.locator('h1').textContent())).toBe(still(withScript));
        expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
      });
    });
  });

  test('the check for violations finds one', async () => {
    await visit(await allWell(), {}, async (page) => {
      await page.evaluate(() => document.body.append(document.createElement('button')));
      expect(await violations(page)).toEqual([expect.stringContaining('button-name')]);
    });
  });

  test('the table of clusters has no violation either', async () => {
    for (const scheme of ['light', 'dark'] as const)
      await visit(await regionDown(), { path: '/?view=table', scheme }, async (page) => {
        await page.screenshot({ path: join(ARTIFACTS, `fleet-table-${scheme}.png`) });
        expect(await violations(page)).toEqual([]);
        expect(await page.locator('tbody th[scope=row]', { hasText: 'prod-us-1' }).count()).toBe(1);
      });
  });

  test('the five questions are answered on the first screen', async () => {
    await visit(await regionDown(), {}, async (page) => {
      const answers = await page.locator('.five .q').allInnerTexts();
      expect(answers.map((text) => text.replaceAll('\u202f', ' ').split('\n'))).toEqual([
        ['Where?', '1 of 3 regions', 'us-east-1; 4 of 6 ready'],
        ['Real, or are we blind?', 'Real', '4 of 4 signals say down; 5 of 7 report'],
        ['Are users hurt?', 'Yes: Karmada API availability, 6.2×', 'budget 71.2 % left of 99.9 %'],
        [
          'What changed?',
          'TaintClusterSucceed',
          expect.stringContaining('Cluster prod-us-1 in karmada-host'),
        ],
        ['Failover: working? room?', 'Room for any region', expect.stringContaining('if eu-west-1 fails')],
      ]);
      const box = await page.locator('.five').boundingBox();
      expect(box!.y + box!.height).toBeLessThan(300);
    });
  });

  test('keys: filter, move, open, back, copy, colours, list of keys', async () => {
    await visit(await allWell(), {}, async (page) => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.keyboard.press('/');
      await page.keyboard.type('region=eu-*');
      expect(await page.locator('.tile h4').allInnerTexts()).toEqual([
        'prod-eu-1',
        'prod-eu-2',
        'karmada-host',
      ]);
      expect(new URL(page.url()).searchParams.get('q')).toBe('region=eu-*');
      await page.keyboard.press('Escape');
      expect(await page.locator('.tile').count()).toBe(7);
      await page.keyboard.press('Escape');

      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('k');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('prod-ap-1');
      await page.keyboard.press('Enter');
      await page.getByText('Live', { exact: true }).waitFor();
      expect(await page.locator('.tile h4').allInnerTexts()).toEqual(['prod-ap-1']);
      await page.keyboard.press('g');
      await page.keyboard.press('f');
      await page.waitForURL(`${server.url}/`);
      await page.getByText('Live', { exact: true }).waitFor();

      await page.keyboard.press('c');
      await page.getByText('Copied as Markdown').waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toContain('**All 6 clusters in 3 regions are healthy.');
      expect(copied).toContain(`${server.url}/`);

      await page.keyboard.press('d');
      expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
      await page.reload();
      expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
      await page.getByText('Live', { exact: true }).waitFor();

      await page.keyboard.press('?');
      expect(await page.locator('dialog[open]').count()).toBe(1);
      expect(await violations(page)).toEqual([]);
      await page.getByLabel('Use these keys').uncheck();
      await page.keyboard.press('Escape');
      await page.keyboard.press('/');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).not.toBe('q');
    });
  });

  test('the first Tab offers to skip to the content', async () => {
    await visit(await allWell(), {}, async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    });
  });

  test('an open page follows the fleet', async () => {
    await visit(await allWell(), {}, async (page) => {
      expect(await page.locator('.verdict').getAttribute('class')).toContain('v-ok');
      view = await regionDown();
      await page.locator('.verdict.v-down').waitFor();
      expect(await page.locator('h1').textContent()).toContain('us-east-1 is down since 10:22:11');
      expect(await page.getByRole('status').textContent()).toContain('us-east-1 is down');
      expect(await page.title()).toBe('us-east-1 is down · Fleet · Karmascope');
    });
  });

  test('a list that is being read stands still, and says how much waits', async () => {
    await visit(await allWell(), {}, async (page) => {
      const first = page.locator('.feed li').first();
      await first.hover();
      view = {
        ...view,
        events: [{ ...view.events[0]!, timeMs: view.timeMs, reason: 'BackOff' }, ...view.events],
      };
      await page.getByText('1 new').waitFor();
      expect(await first.textContent()).toContain('ReflectStatusSucceed');
      await page.locator('h1').hover();
      await page.getByText('BackOff').waitFor();
      expect(await page.getByText(/^\d+ new$/).count()).toBe(0);
    });
  });

  test('when the hub falls silent the page turns violet and nothing looks fresh', async () => {
    await visit(await allWell(), {}, async (page) => {
      await page.clock.install({ time: view.timeMs });
      await page.reload();
      await page.getByText('Live', { exact: true }).waitFor();
      hubHangs = true;
      await page.clock.fastForward(48_000);
      await page.locator('.verdict.v-blind').waitFor();
      expect(await page.locator('.end').textContent()).toContain('old');
      expect(await page.locator('h1').textContent()).toContain('The hub has not answered since 10:25:11');
      expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
      await page.screenshot({ path: join(ARTIFACTS, 'fleet-stale-desktop-light.png') });
      expect(await violations(page)).toEqual([]);
      hubHangs = false;
    });
  });

  test('runbooks are read where the console is', async () => {
    await visit(await regionDown(), {}, async (page) => {
      await page.getByRole('link', { name: 'Runbook for Region down us-east-1' }).click();
      await page.waitForURL('**/runbooks/KarmadaRegionDown');
      expect(await page.locator('h1').textContent()).toBe('KarmadaRegionDown');
      expect(await page.locator('h2').allInnerTexts()).toEqual([
        'Meaning',
        'Impact',
        'Diagnosis',
        'Mitigation',
      ]);
      await page.screenshot({ path: join(ARTIFACTS, 'runbook.png') });
      expect(await violations(page)).toEqual([]);
    });
  });
});
