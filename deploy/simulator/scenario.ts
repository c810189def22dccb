import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Federation } from './federation.ts';
import { BodyTooLargeError, readBody } from './request-body.ts';

/** What is going on, as `GET /scenario` answers it. */
export interface ScenarioState {
  regions: string[];
  clusters: { name: string; region: string }[];
  /** Clusters without power. */
  lost: string[];
}

/** The way in is refused with this status, and the message says the way out. */
export class ScenarioError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A scenario takes what was posted and answers with what it did. */
export type Scenarios = Readonly<Record<string, (input: Record<string, unknown>) => unknown>>;

/** The scenarios that the simulator can play by itself. */
export function federationScenarios(federation: Federation): Scenarios {
  return {
    'region-lost': ({ region }) => {
      if (typeof region !== 'string' || !federation.regions.includes(region)) {
        throw new ScenarioError(
          400,
          `Cannot lose region ${JSON.stringify(region)}: choose one of ${federation.regions.join(', ')}`,
        );
      }
      return { lost: federation.loseRegion(region) };
    },
    recovery: () => ({ recovering: federation.recover() }),
  };
}

export function scenarioState(federation: Federation): ScenarioState {
  return {
    regions: federation.regions,
    clusters: [...federation.members.values()].map(({ spec: { name, region } }) => ({ name, region })),
    lost: federation.lost,
  };
}

/** `GET /scenario` tells the state, `POST /scenario/<name>` with a JSON object plays one. */
export function scenarioHandler(scenarios: Scenarios, state: () => unknown): RequestListener {
  return (request, response) => {
    const path = new URL(request.url ?? '/', 'http://control').pathname;
    if (request.method === 'GET' && path === '/scenario') {
      answer(response, Promise.resolve().then(state));
      return;
    }
    const name = path.startsWith('/scenario/') ? path.slice('/scenario/'.length) : '';
    const play = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
    if (request.method !== 'POST' || !play) {
      const known = Object.keys(scenarios).map((other) => `POST /scenario/${other}`);
      sendJson(response, 404, {
        error: `Cannot ${request.method} ${path}: there is GET /scenario, ${known.join(', ')}`,
      });
      return;
    }
    answer(response, readJson(request).then(play));
  };
}

function answer(response: ServerResponse, result: Promise<unknown>): void {
  result.then(
    (body) => sendJson(response, 200, body),
    (error: Error) => sendJson(response, statusOf(error), { error: error.message }),
  );
}

/** What was asked is wrong, or what was meant to happen failed. */
function statusOf(error: Error): number {
  if (error instanceof ScenarioError) return error.status;
  return error instanceof BodyTooLargeError ? 413 : 500;
}

/** A scenario's input is a name or two. */
const BODY_BYTES_MAX = 4_096;

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(request, BODY_BYTES_MAX);
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object') return value as Record<string, unknown>;
  } catch {
    // Falls through to the same answer as any other thing that is not an object.
  }
  throw new ScenarioError(400, 'Cannot read the request: its body is not a JSON object');
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
