import packageJson from '../package.json' with { type: 'json' };

/** Of this package, as `karmascope version` prints it. */
export const version: string = packageJson.version;
