import {
  blind,
  clustersDown,
  controlPlane,
  counted,
  degraded,
  type Finding,
  type Phrase,
  regionsDown,
  text,
  usersFinding,
} from './findings.ts';
import type { FleetView, Level } from './fleet-view.ts';
import { isChange } from './questions.ts';
import { regionLosses } from './room.ts';
import { age, clockTime, wholePercent } from './words.ts';

/** What one would read aloud on a call. */
export interface Verdict {
  readonly level: Level;
  /** Two lines at most, each of one or two sentences. */
  readonly lines: readonly (readonly Phrase[])[];
}

/**
 * The findings by weight: control plane, users, blind, region down, cluster down, degraded, all well. What we
 * cannot see outranks what is down, because what is down is being handled and what is unseen is not.
 */
export function verdict(view: FleetView, nowMs: number): Verdict {
  if (view.clusters.length === 0) return empty(view);
  const users = usersFinding(view);
  const findings = [
    controlPlane(view, nowMs),
    users.level === 'down' ? users : undefined,
    blind(view, nowMs),
    regionsDown(view, nowMs),
    clustersDown(view, nowMs),
    degraded(view, nowMs),
  ].filter((finding) => finding !== undefined);
  if (findings.length === 0) return allWell(view, users, nowMs);
  const first = findings[0]!;
  // The users' line stands last, whatever its weight: after what happened, whom it hurts.
  const happened = findings.filter((finding) => finding !== users);
  return {
    level: first.level,
    lines: [
      happened.slice(0, 2).flatMap(({ sentence }, i) => (i === 0 ? sentence : [text(' '), ...sentence])),
      [text('Users: '), ...users.sentence],
    ].filter((line) => line.length > 0),
  };
}

/** The verdict when the hub has stopped answering: nothing that follows is known to hold. */
export function staleVerdict(view: FleetView, nowMs: number): Verdict {
  return {
    level: 'blind',
    lines: [
      [
        text(`The hub has not answered since ${clockTime(view.timeMs, nowMs)}`),
        { text: ` (${age(nowMs - view.timeMs)})`, age: true },
        text('. What follows was true then.'),
      ],
      verdict(view, view.timeMs).lines[0] ?? [],
    ],
  };
}

/** The sentences as plain text; without ages it changes only when the meaning does. */
export function verdictText({ lines }: Verdict, options: { ages: boolean } = { ages: true }): string {
  return lines
    .map((line) =>
      line
        .filter((phrase) => options.ages || !phrase.age)
        .map((phrase) => phrase.text)
        .join(''),
    )
    .join(' ');
}

function empty(view: FleetView): Verdict {
  return {
    level: 'none',
    lines: [
      [text(`No cluster of ${view.federation} is known yet.`)],
      [text('The first one that pushes, or that Karmada lists, shows here.')],
    ],
  };
}

function allWell(view: FleetView, users: Finding, nowMs: number): Verdict {
  const clusters = counted(view);
  const regions = new Set(clusters.map((cluster) => cluster.region)).size;
  const where = regions > 1 ? ` in ${regions} regions` : '';
  const measured = view.objectives.filter((objective) => objective.budgetRemaining !== undefined);
  const above = measured.filter((objective) => objective.budgetRemaining! > 0.5).length;
  const budgets =
    users.level === 'ok'
      ? text(`No users hurt: ${above} of ${measured.length} budgets above ${wholePercent(0.5)}.`)
      : text(`Users: ${users.sentence.map((phrase) => phrase.text).join('')}`);
  const losses = regionLosses(view);
  const worst = losses[0];
  const room =
    worst === undefined
      ? []
      : [
          text(
            worst.fullAfter <= 1
              ? 'Any one region can fail and the rest fits.'
              : `No room if ${worst.region} fails: ${worst.resource} would be ${wholePercent(worst.fullAfter)} full.`,
          ),
        ];
  const last = view.events.find(isChange);
  const change = last ? [{ text: `Last change ${age(nowMs - last.timeMs)} ago. `, age: true }] : [];
  return {
    level: worst && worst.fullAfter > 1 ? 'warn' : users.level === 'warn' ? 'warn' : 'ok',
    lines: [
      [
        text(
          clusters.length === 1
            ? `The only cluster, ${clusters[0]!.name}, is healthy. `
            : `All ${clusters.length} clusters${where} are healthy. `,
        ),
        budgets,
      ],
      [...change, ...room],
    ],
  };
}
