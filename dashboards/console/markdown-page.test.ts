import { expect, test } from 'vitest';
import { markdownToHtml } from './markdown-page.ts';

test.each([
  ['# A `b` & c', '<h1>A <code>b</code> &#38; c</h1>'],
  ['one\ntwo\n\nthree', '<p>one two</p>\n<p>three</p>'],
  ['- a\n- b\n  goes on\n\nend', '<ul><li>a</li><li>b goes on</li></ul>\n<p>end</p>'],
  ['1. a\n2. b', '<ol><li>a</li><li>b</li></ol>'],
  ['text\n- a', '<p>text</p>\n<ul><li>a</li></ul>'],
  [
    '```promql\na{b="<c>"}\n\n# no heading\n```\nafter',
    '<pre tabindex="0"><code>a{b=&#34;&#60;c&#62;&#34;}\n\n# no heading</code></pre>\n<p>after</p>',
  ],
  ['```\nnever closed', '<pre tabindex="0"><code>never closed</code></pre>'],
  [
    '| a | b |\n|---|---|\n| `x` | **y** |',
    '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody><tr><td><code>x</code></td><td><strong>y</strong></td></tr></tbody></table>',
  ],
  ['**bold** and *soft*, 2 * 3 * 4', '<p><strong>bold</strong> and <em>soft</em>, 2 * 3 * 4</p>'],
  [
    '[site](https://a.example/x?y=1&z=2) [own](/runbooks/B)',
    '<p><a href="https://a.example/x?y=1&#38;z=2">site</a> <a href="/runbooks/B">own</a></p>',
  ],
  ['', ''],
])('markdownToHtml() of %j', (source, html) => {
  expect(markdownToHtml(source)).toBe(html);
});

test.each([
  '<script>alert(1)</script>',
  '[x](javascript:alert(1))',
  '[x](//evil.example)',
  '[x](data:text/html,<script>)',
  '[x](https://a.example/"onmouseover="alert)',
  '`<img src=x onerror=alert(1)>`',
  '# <b>',
])('markdownToHtml() lets nothing of %j run', (source) => {
  const html = markdownToHtml(source);
  expect(html).not.toMatch(/<(?!\/?(?:p|h1|code|a)\b)/);
  expect(html).not.toMatch(/href="(?!https?:\/\/|\/[^/]|#)/);
  expect(html).not.toMatch(/"\s*on/);
});
