import { expect, test } from 'vitest';
import { checkTemplate, expandTemplate } from './template.ts';

const data = {
  labels: { cluster: 'prod-us-1', region: 'us-east-1' },
  value: 0.0375,
  externalLabels: { federation: 'prod' },
  externalUrl: 'http://hub:9390/x',
};

const context = {
  timeMs: 1_643_114_203_000,
  externalUrl: 'http://hub:9390/x',
  query: async (expression: string) =>
    expression === 'up'
      ? [
          { labels: { cluster: 'b', __value__: 'three' }, value: 3 },
          { labels: { cluster: 'a' }, value: 1.5 },
        ]
      : [],
};

test.each([
  ['no action at all', 'no action at all'],
  ['{{ $labels.cluster }} in {{ .Labels.region }}{{ $labels.absent }}.', 'prod-us-1 in us-east-1.'],
  ['{{ $value }} {{ .Value | humanizePercentage }}', '0.0375 3.75%'],
  ['{{ $externalLabels.federation }} {{ externalURL }} {{ pathPrefix }}', 'prod http://hub:9390/x /x'],
  ['a {{- /* a comment */ -}} b', 'ab'],
  ['a  {{- " x " -}}  b', 'a x b'],
  ['{{ if eq $labels.region "us-east-1" }}us{{ else }}else{{ end }}', 'us'],
  ['{{ if gt $value 1.0 }}a{{ else if lt $value 0.01 }}b{{ else }}c{{ end }}', 'c'],
  ['{{ with $labels.absent }}{{ . }}{{ else }}none{{ end }}', 'none'],
  [
    '{{ range query "up" | sortByLabel "cluster" }}{{ .Labels.cluster }}={{ .Value }};{{ end }}',
    'a=1.5;b=3;',
  ],
  ['{{ range $i, $x := query "up" }}{{ if $i }}, {{ end }}{{ $x.Labels.cluster }}{{ end }}', 'b, a'],
  ['{{ range query "nothing" }}x{{ else }}empty{{ end }}', 'empty'],
  ['{{ range query "up" }}{{ .Value }}{{ break }}{{ end }}', '3'],
  [
    '{{ query "up" | first | value }} {{ (query "up" | first).Labels.cluster }} {{ query "up" | first | label "cluster" }}',
    '3 b b',
  ],
  ['{{ query "up" | first | strvalue }}', 'three'],
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ define "t" }}<{{ .arg0 }} {{ .arg1 }}>{{ end }}{{ template "t" (args 1 "b") }}', '<1 b>'],
  ['{{ 1048576.0 | humanize }} {{ humanize1024 1048576 }} {{ humanize 0.0123 }}', '1.049M 1Mi 12.3m'],
  [
    '{{ humanizeDuration 135.3563 }} {{ humanizeDuration 90061 }} {{ humanizeDuration 0.5 }}',
    '2m 15s 1d 1h 1m 1s 500ms',
  ],
  ['{{ humanizeTimestamp 1643114203 }}', '2022-01-25 12:36:43 +0000 UTC'],
  [
    '{{ "this part" | title }} {{ toUpper "x" }} {{ stripPort "[::1]:6006" }} {{ stripDomain "a.b.c:80" }}',
    'This Part X ::1 a:80',
  ],
  ['{{ reReplaceAll "(.*)-(.*)" "$2-$1" "a-b" }} {{ match "a.+" "xab" }}', 'b-a true'],
  ['{{ printf "%.2f %d %s %5.1f|%-4s|%q" 1.005 3.0 "s" 2.25 "l" "q" }}', '1.00 3 s   2.3|l   |"q"'],
  [
    '{{ parseDuration "2h10m15s" }} {{ len "abc" }} {{ not true }} {{ and 1 0 }} {{ or "" "y" }}',
    '7815 3 false 0 y',
  ],
  ['{{ 0.00001 }} {{ 1e21 }} {{ 0.0001 }} {{ 123456789.0 }}', '1e-05 1e+21 0.0001 1.23456789e+08'],
  ['{{ query "nothing" | first }}', '<error expanding template: first() called on vector with no elements>'],
])('expandTemplate() of %s', async (text, expected) => {
  expect(await expandTemplate(text, data, context)).toBe(expected);
});

test.each([
  ['{{ $labels.cluster', 'unclosed action'],
  ['{{ if true }}x', '"{{end}}" is missing'],
  ['{{ end }}', 'unexpected {{end}}'],
  ['{{ nosuch 1 }}', 'function "nosuch" not defined'],
  ['{{ (1 }}', 'unclosed left paren'],
  ['{{ 1 | }}', 'missing value for command'],
  ['{{ # }}', 'unexpected "#"'],
])('checkTemplate() refuses %s', (text, problem) => {
  expect(() => checkTemplate(text)).toThrow(problem);
});
