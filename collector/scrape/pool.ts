import type { TargetGroup } from '../discovery/discovery.ts';
import type { ScrapeJob } from './config.ts';
import { HttpClient } from './http-client.ts';
import { httpFetch } from './http-fetch.ts';
import type { LoopStatus, ScrapeLoop } from './loop.ts';
import { type ScrapeContext, startLoop } from './start-loop.ts';
import { type Resolution, resolveTarget, type Target } from './target.ts';

/** Dropped targets that are kept to be shown; a cluster's pods are thousands, and nearly all are dropped. */
const DROPPED_SHOWN_MAX = 100;
/** A target that is gone gets this many intervals to come back before its series are marked stale. */
const GONE_INTERVALS = 1.1;

interface Running {
  readonly target: Target;
  readonly loop: ScrapeLoop;
}

/** The targets of one job: what discovery found, relabeled, each with its loop. */
export class ScrapePool {
  readonly #job: ScrapeJob;
  readonly #context: ScrapeContext;
  readonly #client: HttpClient;
  /** What each source's group came to. */
  readonly #resolved = new Map<string, Resolution[]>();
  /** By target key. */
  #running = new Map<string, Running>();
  /** Ends the wait for targets that are gone. */
  readonly #leaving = new Set<() => void>();
  #dropped: Readonly<Record<string, string>>[] = [];
  #droppedCount = 0;
  /** Why no target of the job is scraped, if there are too many. */
  #limitError: Error | undefined;

  constructor(job: ScrapeJob, context: ScrapeContext) {
    this.#job = job;
    this.#context = context;
    this.#client = new HttpClient(job.http, context.clock);
  }

  update(groups: readonly TargetGroup[]): void {
    for (const group of groups) {
      if (group.targets.length === 0) this.#resolved.delete(group.source);
      else this.#resolved.set(group.source, this.#resolve(group));
    }
    const wanted = this.#merge();
    this.#checkLimit(wanted.size);
    const before = this.#running;
    this.#running = new Map();
    for (const [key, target] of wanted)
      this.#running.set(key, before.get(key) ?? { target, loop: this.#start(target) });
    for (const [key, running] of before) if (!wanted.has(key)) this.#leave(running);
  }

  activeTargets(): { target: Target; status: LoopStatus }[] {
    return Array.from(this.#running.values(), ({ target, loop }) => ({ target, status: loop.status }));
  }

  droppedTargets(): { count: number; examples: readonly Readonly<Record<string, string>>[] } {
    return { count: this.#droppedCount, examples: this.#dropped };
  }

  async stop(): Promise<void> {
    for (const cancel of this.#leaving) cancel();
    this.#leaving.clear();
    await Promise.all(Array.from(this.#running.values(), ({ loop }) => loop.stop()));
    this.#client.close();
  }

  /** A target that cannot be scraped is logged, and the others of its group go on. */
  #resolve({ source, targets, labels }: TargetGroup): Resolution[] {
    return targets.flatMap((discovered) => {
      try {
        return [resolveTarget(this.#job, { ...labels, ...discovered })];
      } catch (error) {
        const reason = (error as Error).message;
        this.#context.logger.error(
          { job: this.#job.name, source, discovered, reason },
          'Cannot scrape target',
        );
        return [];
      }
    });
  }

  /** All targets by their keys: what several sources name is scraped once. */
  #merge(): Map<string, Target> {
    const wanted = new Map<string, Target>();
    this.#dropped = [];
    this.#droppedCount = 0;
    for (const resolved of this.#resolved.values()) {
      for (const resolution of resolved) {
        if (resolution.kind === 'target') wanted.set(resolution.target.key, resolution.target);
        else if (this.#droppedCount++ < DROPPED_SHOWN_MAX) this.#dropped.push(resolution.discoveredLabels);
      }
    }
    return wanted;
  }

  #checkLimit(count: number): void {
    const { targetLimit, name } = this.#job;
    const isOver = count > targetLimit;
    if (isOver && this.#limitError === undefined)
      this.#context.logger.error({ job: name, count, targetLimit }, 'Job has more targets than target_limit');
    this.#limitError = isOver
      ? new Error(`target_limit exceeded: the job has ${count} targets, the limit is ${targetLimit}`)
      : undefined;
  }

  #start(target: Target): ScrapeLoop {
    const job = this.#job;
    const fetch = httpFetch(target, job, this.#client);
    return startLoop(
      this.#context,
      target,
      async (signal) => {
        if (this.#limitError) throw this.#limitError;
        return fetch(signal);
      },
      {
        honorLabels: job.honorLabels,
        honorTimestamps: job.honorTimestamps,
        trackTimestampsStaleness: job.trackTimestampsStaleness,
        rules: job.metricRelabelRules,
        sampleLimit: job.sampleLimit,
      },
    );
  }

  /**
   * Ends a loop and marks its series stale at the next slot, but only after the slot that follows: a target
   * that came back meanwhile (a new URL or interval, the same labels) goes on under the same series.
   */
  #leave({ target, loop }: Running): void {
    const { clock, logger } = this.#context;
    const delayMs = loop.nextSlotMs - clock.now() + target.intervalMs * GONE_INTERVALS;
    const cancel = clock.after(delayMs, () => {
      this.#leaving.delete(cancel);
      const isBack = Array.from(this.#running.values()).some((other) =>
        other.target.labels.equals(target.labels),
      );
      if (!isBack) loop.finish();
    });
    this.#leaving.add(cancel);
    loop.stop().catch((error: unknown) => logger.error({ err: error }, 'Cannot stop a scrape loop'));
  }
}
