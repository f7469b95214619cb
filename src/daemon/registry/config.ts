import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { invalid, messageOf } from '../../base/errors.ts';
import { scanFlags } from '../../base/scan-flags.ts';
import { parseBytes } from '../../base/sizes.ts';
import { type ListenAddress, parseListen } from './listen-address.ts';

const bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const size = typeof value === 'string' ? parseBytes(value) : value;
  if (size !== undefined && Number.isSafeInteger(size) && size >= 0) return size;
  context.addIssue({ code: 'custom', message: 'is not a size such as 10g' });
  return z.NEVER;
});
const seconds = z.number().int().nonnegative();

const FILE = z.strictObject({
  listen: z.string().optional(),
  root: z.string().optional(),
  /** Names of this machine by which clients reach a registry without TLS and accounts. */
  hosts: z.array(z.string()).optional(),
  tls: z.strictObject({ cert: z.string(), key: z.string(), clientCa: z.string().optional() }).optional(),
  limits: z
    .strictObject({
      maxBlobBytes: bytes.optional(),
      uploadIdleSeconds: seconds.optional(),
      /** Limit of all repositories together. */
      totalBytes: bytes.optional(),
      /** The first match counts. */
      quotas: z.array(z.strictObject({ repositories: z.string(), bytes })).optional(),
    })
    .optional(),
  auth: z
    .strictObject({
      /** A file of `htpasswd -B`. */
      htpasswd: z.string().optional(),
      realm: z.string().optional(),
      rights: z
        .array(
          z.strictObject({
            user: z.string(),
            repositories: z.string(),
            actions: z.array(z.enum(['pull', 'push', 'delete'])),
          }),
        )
        .optional(),
      token: z
        .strictObject({ realm: z.string(), service: z.string(), issuer: z.string(), keys: z.string() })
        .optional(),
    })
    .optional(),
  /** Makes it a pull-through cache. The password may be in the environment: REGISTRY_PROXY_PASSWORD. */
  proxy: z
    .strictObject({
      remoteUrl: z.string(),
      username: z.string().optional(),
      passwordFile: z.string().optional(),
      ttlSeconds: seconds.optional(),
      keepDays: z.number().positive().max(36_500).optional(),
      /** Within an engine: the cache's address and size limit. */
      listen: z.string().optional(),
      totalBytes: bytes.optional(),
    })
    .optional(),
  webhooks: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }),
        headers: z.record(z.string(), z.string()).optional(),
        actions: z.array(z.enum(['push', 'pull', 'mount', 'delete'])).optional(),
      }),
    )
    .optional(),
  /** At an address of its own, since scraping needs other rights than pulling. */
  metrics: z.strictObject({ listen: z.string() }).optional(),
  gc: z
    .strictObject({
      graceSeconds: seconds.optional(),
      sweepSeconds: z.number().positive().max(86_400).optional(),
      untagged: z.boolean().optional(),
    })
    .optional(),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'fatal']).optional(),
      format: z.enum(['text', 'json']).optional(),
    })
    .optional(),
});

export type RegistryConfigFile = z.infer<typeof FILE>;

/** The service of a registry, independent of where its data are. */
export type RegistryService = Omit<RegistryConfigFile, 'listen' | 'root'>;

/** The configuration of the command line over that of its file. */
export type RegistryConfig = RegistryService & {
  readonly listen: ListenAddress;
  readonly root: string;
};

const FLAGS = [
  'config',
  'htpasswd',
  'listen',
  'metrics',
  'proxy',
  'proxy-password-file',
  'proxy-username',
  'quota',
  'root',
  'tls-cert',
  'tls-key',
  'tls-client-ca',
  'log-level',
] as const;

/** @throws EngineError invalid, which names the wrong option */
export function readRegistryConfig(args: readonly string[]): RegistryConfig {
  const flags = parseFlags(args);
  const file = flags.config === undefined ? {} : parseFile(flags.config);
  const cert = flags['tls-cert'] ?? file.tls?.cert;
  const key = flags['tls-key'] ?? file.tls?.key;
  if ((cert === undefined) !== (key === undefined)) throw invalid('--tls-cert and --tls-key come together');
  const clientCa = flags['tls-client-ca'] ?? file.tls?.clientCa;
  if (clientCa !== undefined && cert === undefined) throw invalid('--tls-client-ca needs --tls-cert and --tls-key');
  const root = flags.root ?? file.root;
  if (root === undefined || root === '') throw invalid('say where the registry keeps its data: --root DIR');
  for (const key of ['listen', 'totalBytes'] as const) {
    if (file.proxy?.[key] !== undefined)
      throw invalid(
        `proxy.${key}: for a cache within an engine only: here it is ${key === 'listen' ? key : `limits.${key}`}`,
      );
  }
  const merged: unknown = {
    ...file,
    listen: undefined,
    root: resolve(root),
    ...(cert === undefined ? {} : { tls: { cert, key, ...(clientCa === undefined ? {} : { clientCa }) } }),
    ...(flags.htpasswd === undefined ? {} : { auth: { ...file.auth, htpasswd: flags.htpasswd } }),
    ...(flags.metrics === undefined ? {} : { metrics: { listen: flags.metrics } }),
    ...(flags.quota === undefined ? {} : { limits: { ...file.limits, totalBytes: flags.quota } }),
    ...mergedProxy(flags, file.proxy),
    log: { ...file.log, ...(flags['log-level'] === undefined ? {} : { level: flags['log-level'] }) },
  };
  if (file.auth?.token !== undefined && (flags.htpasswd ?? file.auth.htpasswd) !== undefined) {
    throw invalid('auth.token and auth.htpasswd exclude each other: the token service knows the users');
  }
  return { ...check(merged, 'flags'), root: resolve(root), listen: parseListen(flags.listen ?? file.listen) };
}

/**
 * Reads the file of a registry within an engine. @throws EngineError invalid, also for keys that the engine's
 * configuration decides
 */
export function readServiceConfig(path: string): RegistryService {
  const { listen, root, log, ...service } = parseFile(path);
  for (const [key, value] of Object.entries({ listen, root, log })) {
    if (value !== undefined) throw invalid(`${path}: ${key}: not for a registry within the engine`);
  }
  if (service.proxy !== undefined && service.proxy.listen === undefined) {
    throw invalid(`${path}: proxy.listen: say where the cache listens, as it is a registry beside the engine's own`);
  }
  return service;
}

function mergedProxy(flags: Flags, file: RegistryConfigFile['proxy']): { readonly proxy?: unknown } {
  const given = {
    ...(flags.proxy === undefined ? {} : { remoteUrl: flags.proxy }),
    ...(flags['proxy-username'] === undefined ? {} : { username: flags['proxy-username'] }),
    ...(flags['proxy-password-file'] === undefined ? {} : { passwordFile: flags['proxy-password-file'] }),
  };
  if (file === undefined && Object.keys(given).length === 0) return {};
  const proxy = { ...file, ...given };
  if (proxy.remoteUrl === undefined) throw invalid('--proxy says which registry is cached');
  return { proxy };
}

type Flags = { readonly [Name in (typeof FLAGS)[number]]?: string };

function parseFlags(args: readonly string[]): Flags {
  const values: { -readonly [Name in keyof Flags]: Flags[Name] } = {};
  const shapes = FLAGS.map((name) => ({ name, isBool: false }));
  let rest: readonly string[];
  try {
    const assign = ({ name }: (typeof shapes)[number], value: string): void =>
      void Object.assign(values, { [name]: value });
    rest = scanFlags(shapes, args, { interspersed: true, assign });
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  if (rest.length > 0) throw invalid(`"gantry registry serve" accepts no arguments: ${rest.join(' ')}`);
  return values;
}

function parseFile(path: string): RegistryConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw invalid(`${path}: ${messageOf(error)}`, error);
  }
  return check(json, path);
}

function check(value: unknown, source: string): RegistryConfigFile {
  const result = FILE.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${source}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is wrong'}`);
}
