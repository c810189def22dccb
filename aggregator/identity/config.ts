import { z } from 'zod';
import { isClusterName } from './cluster-name.ts';

export const clusterNameSchema = z
  .string()
  .refine(isClusterName, 'is no cluster name: up to 63 lower case letters, digits and -, as prod-eu-1');

/** Who may send, and what is stamped on what they send. */
export const identitySchema = z
  .strictObject({
    name: z.string().min(1, 'is empty; it names the sender in logs and metrics'),
    token: z.string().regex(/^\S+$/, 'must be one word').optional(),
    /** One token a line; several are good at the same time, so that a token can be changed without a gap. */
    token_file: z.string().min(1).optional(),
    /** The cluster whose data this sender brings. */
    cluster: clusterNameSchema.optional(),
    /** The host's collector: speaks for the whole federation (Cluster objects, series about members). */
    federation: z.boolean().default(false),
    /** Labels are kept exactly as sent, for senders that already carry global labels. */
    trusted: z.boolean().default(false),
    /** Where the registry does not know them. */
    region: z.string().optional(),
    provider: z.string().optional(),
  })
  .superRefine((identity, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((identity.token === undefined) === (identity.token_file === undefined))
      problem('token_file', `identity "${identity.name}" needs exactly one of token and token_file`);
    if (identity.trusted && (identity.cluster !== undefined || identity.federation))
      problem(
        'trusted',
        `identity "${identity.name}" cannot be trusted to send its own labels and be stamped: remove "trusted", or "cluster" and "federation"`,
      );
    if (!identity.trusted && identity.cluster === undefined)
      problem(
        'cluster',
        `identity "${identity.name}" needs the cluster to stamp, or "trusted: true" to keep labels as sent`,
      );
  });

export type IdentityConfig = z.infer<typeof identitySchema>;

export const identitiesSchema = z.array(identitySchema).superRefine((identities, context) => {
  const names = new Set<string>();
  for (const [i, { name }] of identities.entries()) {
    if (names.has(name))
      context.addIssue({ code: 'custom', path: [i, 'name'], message: `"${name}" comes twice; rename one` });
    names.add(name);
  }
});
