import type { Config } from '../../client/index.ts';

/** Fields of `proxies` in config.json, and the variables that steps get of them, also in lower case. */
const VARIABLES = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  ftpProxy: 'FTP_PROXY',
  noProxy: 'NO_PROXY',
  allProxy: 'ALL_PROXY',
} as const;

/** The client's proxies for builds on an engine, as build arguments. An engine without an own entry has that of `default`. */
export function proxyArgs(proxies: Config['proxies'], host: string): Readonly<Record<string, string>> {
  const chosen = proxies[host] ?? proxies['default'] ?? {};
  const args: Record<string, string> = {};
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const value = chosen[field];
    if (value === undefined || value === '') continue;
    args[variable] = value;
    args[variable.toLowerCase()] = value;
  }
  return args;
}
