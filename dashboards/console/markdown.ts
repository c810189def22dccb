import type { FleetView } from './fleet-view.ts';
import { fiveAnswers } from './questions.ts';
import { verdict, verdictText } from './verdict.ts';
import { alertTitle, clockTime, isoTime } from './words.ts';

/** How many alerts go into a message: a channel is no archive. */
const ALERTS_MAX = 10;

/** The page for an incident channel: verdict, the five answers, what fires, and where it was read. */
export function fleetMarkdown(view: FleetView, address: string): string {
  const lines = [`**${plain(verdictText(verdict(view, view.timeMs)))}**`, ''];
  for (const { question, answer, detail } of fiveAnswers(view, view.timeMs))
    lines.push(`- ${question} **${plain(answer)}** (${plain(detail)})`);
  const firing = view.alerts.filter((alert) => alert.state === 'firing');
  if (firing.length > 0) lines.push('', `Firing (${firing.length}):`);
  for (const { name, labels, severity, sinceMs } of firing.slice(0, ALERTS_MAX)) {
    const about = labels['cluster'] ?? labels['region'] ?? '';
    lines.push(
      `- ${plain(`${alertTitle(name)} ${about}`.trim())}, ${plain(severity)}, since ${clockTime(sinceMs, view.timeMs)}`,
    );
  }
  lines.push('', `${plain(view.federation)} at ${isoTime(view.timeMs)}, ${address}`);
  return lines.join('\n');
}

/** Label values are other people's text: they must not become markup in the channel. */
function plain(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>#|~@]/g, '\\$&')
    .replace(/\s+/g, (space) => (space === '\u202f' ? space : ' '));
}
