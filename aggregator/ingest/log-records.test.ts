import { describe, expect, test } from 'vitest';
import type { ClusterEvent } from '../../model/event.ts';
import { decodeLogs } from '../../model/otlp-logs.ts';
import { encodeClusters, encodeEvents } from '../../model/otlp-records.ts';
import { type Identity, LOCAL_IDENTITY } from '../identity/identity.ts';
import { type SortedRecords, sortRecords } from './log-records.ts';

const member: Identity = { name: 'eu', cluster: 'prod-eu-1', federation: false, trusted: false };
const host: Identity = { name: 'host', cluster: 'karmada-host', federation: true, trusted: false };
const lab: Identity = { name: 'lab', federation: false, trusted: true };

function event(change: Partial<ClusterEvent> = {}): ClusterEvent {
  return {
    uid: 'uid-1',
    resourceVersion: '1',
    type: 'Normal',
    reason: 'Started',
    message: 'Started container web',
    count: 1,
    timeMs: 1_000,
    firstTimeMs: 1_000,
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'o' },
    component: 'kubelet',
    ...change,
  };
}

function sort(identity: Identity, body: string): SortedRecords {
  const isMember = (name: string) => name === 'prod-us-1';
  return sortRecords(decodeLogs(Buffer.from(body), 'json'), { identity, isMember });
}

describe('an event', () => {
  test.each([
    ["of a member is the member's, without a claim", member, '', 'prod-eu-1', 0],
    ["of a member is the member's, with its own claim", member, 'prod-eu-1', 'prod-eu-1', 0],
    ["of a member is the member's, whatever it claims", member, 'prod-us-1', 'prod-eu-1', 1],
    ["of the host's collector may be a member's", host, 'prod-us-1', 'prod-us-1', 0],
    ["of the host's collector is its own when no member is named", host, 'nobody', 'karmada-host', 1],
    ['of a trusted sender is of the cluster it names', lab, 'any-1', 'any-1', 0],
  ])('%s', (_, identity, claimed, expected, misattributed) => {
    const sorted = sort(identity, encodeEvents([{ event: event(), cluster: claimed }]));
    expect([...sorted.events.keys()]).toEqual([expected]);
    expect(sorted).toMatchObject({ accepted: 1, refused: [], misattributed });
  });

  test.each([
    ['without a cluster from a trusted sender', lab, '', event()],
    ['of a cluster that is no name', lab, '../etc', event()],
    ['with a uid that is none', member, '', event({ uid: 'x'.repeat(129) })],
  ])('%s is refused', (_, identity, claimed, bad) => {
    const sorted = sort(identity, encodeEvents([{ event: bad, cluster: claimed }]));
    expect(sorted).toMatchObject({ accepted: 0, refused: [{ reason: 'malformed_record', count: 1 }] });
  });

  test('longer than Kubernetes writes them is cut', () => {
    const long = event({ message: 'm'.repeat(10_000), reason: 'r'.repeat(10_000) });
    const [kept] = sort(member, encodeEvents([{ event: long, cluster: '' }])).events.get('prod-eu-1')!;
    expect([kept!.message.length, kept!.reason.length]).toEqual([4_096, 253]);
  });
});

describe("Karmada's clusters", () => {
  const body = encodeClusters(
    [
      { kind: 'cluster-deleted', name: 'gone' },
      { kind: 'cluster-list', names: ['prod-eu-1'] },
    ],
    { cluster: 'karmada-host', timeMs: 1_000 },
  );

  test.each([
    ["the host's collector", host],
    ['the local writer where there are no identities', LOCAL_IDENTITY],
  ])('are taken from %s, in order', (_, identity) => {
    const sorted = sort(identity, body);
    expect(sorted.clusters.map(({ kind }) => kind)).toEqual(['cluster-deleted', 'cluster-list']);
  });

  test.each([
    ['a member', member],
    ['a trusted sender', lab],
  ])('are forbidden to %s', (_, identity) => {
    expect(sort(identity, body)).toMatchObject({
      clusters: [],
      accepted: 0,
      refused: [
        { reason: 'forbidden_record', count: 2, problem: expect.stringContaining(`"${identity.name}"`) },
      ],
    });
  });
});
