import { type BigIntStats, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import * as z from 'zod/mini';
import { failed, messageOf } from '../base/errors.ts';
import { describeIssue } from './describe-issue.ts';

/** Where a plugin listens. */
export type PluginAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** Undefined for plain HTTP. */
      readonly tls: PluginTls | undefined;
    };

export interface PluginTls {
  /** Whether the plugin's certificate is checked. */
  readonly isVerified: boolean;
  /** Paths of PEM files. Without a CA file the host's own certificate authorities count. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

const FILE_BYTES_MAX = 64 * 1024;

const JSON_FILE = z.object({
  Addr: z.string(),
  TLSConfig: z.nullish(
    z.object({
      InsecureSkipVerify: z.nullish(z.boolean()),
      CAFile: z.nullish(z.string()),
      CertFile: z.nullish(z.string()),
      KeyFile: z.nullish(z.string()),
    }),
  ),
});

/** Reads `NAME.spec`: one URL. @throws EngineError failed, with the path */
export function readSpecFile(path: string, stats: BigIntStats): PluginAddress {
  return explained(path, () => parseAddress(readSmall(path, stats).trim(), undefined));
}

/** Reads `NAME.json`: a URL, and files for TLS. @throws EngineError failed, with the path */
export function readJsonFile(path: string, stats: BigIntStats): PluginAddress {
  return explained(path, () => {
    const parsed = JSON_FILE.safeParse(JSON.parse(readSmall(path, stats)));
    if (!parsed.success) throw new Error(describeIssue(parsed.error));
    const { Addr, TLSConfig: tls } = parsed.data;
    const options = tls === null || tls === undefined ? undefined : tls;
    return parseAddress(Addr, {
      isVerified: options?.InsecureSkipVerify !== true,
      caFile: options?.CAFile || undefined,
      certFile: options?.CertFile || undefined,
      keyFile: options?.KeyFile || undefined,
      isWanted: options !== undefined,
    });
  });
}

/** With `https`, or where the file has options of TLS, the connection is encrypted. */
function parseAddress(text: string, tls: (PluginTls & { readonly isWanted: boolean }) | undefined): PluginAddress {
  const unix = /^unix:\/\/(.*)$/s.exec(text)?.[1];
  if (unix !== undefined) {
    if (!isAbsolute(unix) || unix.includes('\0')) throw new Error(`${JSON.stringify(text)} has no absolute path`);
    return { kind: 'unix', path: unix };
  }
  const url = URL.parse(text.replace(/^tcp:/, 'http:'));
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new Error(`${JSON.stringify(text)} is not an address (unix://, tcp://, http:// or https://)`);
  }
  const isSecure = url.protocol === 'https:' || tls?.isWanted === true;
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const { isWanted: _, ...options } = tls ?? { ...SYSTEM_TLS, isWanted: true };
  return { kind: 'tcp', host, port, tls: isSecure ? options : undefined };
}

const SYSTEM_TLS: PluginTls = { isVerified: true, caFile: undefined, certFile: undefined, keyFile: undefined };

function readSmall(path: string, { size }: BigIntStats): string {
  if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
  return readFileSync(path, 'utf8');
}

function explained(path: string, read: () => PluginAddress): PluginAddress {
  try {
    return read();
  } catch (error) {
    throw failed(`cannot read the plugin file ${path}: ${messageOf(error)}`, error);
  }
}
