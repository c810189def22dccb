import { expect, test } from 'vitest';
import { RegionPool } from './region-pool.ts';

test('what is given back serves the next of the same size, and nothing is reserved for it', () => {
  const pool = new RegionPool(1024);
  const lease = pool.lease({});
  const region = lease.take(256)!;
  lease.give(region);
  expect(lease.take(256)).toEqual(region);
  expect(pool.reservedBytes).toBe(256);
});

test('a region given back twice is handed out once', () => {
  const pool = new RegionPool(1024);
  const lease = pool.lease({});
  const region = lease.take(256)!;
  lease.give(region);
  lease.give(region);
  expect(lease.take(256)!.address).not.toBe(lease.take(256)!.address);
});

test('the bound of a pool is the bound of all its owners', () => {
  const pool = new RegionPool(1024);
  const [one, other] = [pool.lease({}), pool.lease({})];
  expect(one.take(1024)).toBeDefined();
  expect(other.take(64)).toBeUndefined();
  one.end();
  expect(other.take(1024)).toBeDefined();
});
