import { escapeHtml } from './document.ts';

/**
 * The Markdown that runbooks are written in, as HTML: headings, paragraphs, lists, fenced code, tables, `code`,
 * **bold**, *emphasis* and links. Everything else is text: no markup of the source reaches the page, and links
 * lead to http, https or within the site only.
 */
export function markdownToHtml(source: string): string {
  const lines = source.replaceAll('\r\n', '\n').split('\n');
  const out: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!;
    const fence = /^(`{3,})/.exec(line)?.[1];
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === '') at++;
    else if (fence) {
      const end = lines.findIndex((other, i) => i > at && other.startsWith(fence));
      const stop = end < 0 ? lines.length : end;
      // It may scroll, so the keyboard must reach it.
      out.push(`<pre tabindex="0"><code>${escapeHtml(lines.slice(at + 1, stop).join('\n'))}</code></pre>`);
      at = stop + 1;
    } else if (heading) {
      const level = heading[1]!.length;
      out.push(`<h${level}>${inline(heading[2]!)}</h${level}>`);
      at++;
    } else if (LIST_ITEM.test(line)) at = list(lines, at, out);
    else if (/^\|/.test(line) && /^\|[\s:|-]+$/.test(lines[at + 1] ?? '')) at = table(lines, at, out);
    else at = paragraph(lines, at, out);
  }
  return out.join('\n');
}

const LIST_ITEM = /^(?:[-*]|\d+[.)])\s+/;

/** Items of one level; an indented line goes on with the item before it. */
function list(lines: readonly string[], start: number, out: string[]): number {
  const tag = /^\d/.test(lines[start]!) ? 'ol' : 'ul';
  const items: string[] = [];
  let at = start;
  for (; at < lines.length; at++) {
    const line = lines[at]!;
    if (LIST_ITEM.test(line)) items.push(line.replace(LIST_ITEM, ''));
    else if (/^\s+\S/.test(line)) items.push(`${items.pop()} ${line.trim()}`);
    else break;
  }
  out.push(`<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</${tag}>`);
  return at;
}

function table(lines: readonly string[], start: number, out: string[]): number {
  const cells = (line: string) =>
    line
      .replace(/^\||\|\s*$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => inline(cell.trim().replaceAll('\\|', '|')));
  const head = cells(lines[start]!).map((cell) => `<th scope="col">${cell}</th>`);
  const rows: string[] = [];
  let at = start + 2;
  for (; at < lines.length && lines[at]!.startsWith('|'); at++)
    rows.push(
      `<tr>${cells(lines[at]!)
        .map((cell) => `<td>${cell}</td>`)
        .join('')}</tr>`,
    );
  out.push(`<table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`);
  return at;
}

function paragraph(lines: readonly string[], start: number, out: string[]): number {
  let at = start + 1;
  while (
    at < lines.length &&
    lines[at]!.trim() !== '' &&
    !/^(?:#{1,6}\s|`{3}|\|)/.test(lines[at]!) &&
    !LIST_ITEM.test(lines[at]!)
  )
    at++;
  out.push(`<p>${inline(lines.slice(start, at).join(' '))}</p>`);
  return at;
}

/** Code spans first: what stands in them is not looked at again. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part, i) => (i % 2 === 1 ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : spans(part)))
    .join('');
}

function spans(text: string): string {
  return escapeHtml(text)
    .replace(/\[([^\][]+)\]\(([^()\s]+)\)/g, (whole, words: string, address: string) =>
      /^(?:https?:\/\/|\/(?!\/)|#)/.test(address) ? `<a href="${address}">${words}</a>` : whole,
    )
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/(?<![\w*])\*([^*\s][^*]*)\*(?!\w)/g, '<em>$1</em>');
}
