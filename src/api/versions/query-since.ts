import { compareVersions } from '../../base/versions.ts';

type Since = Readonly<Record<string, string>>;

/** Parameters by the version that they came with, for those that are younger than their operation. Older versions ignore them. */
const QUERY_SINCE: Readonly<Record<string, Since>> = {
  'POST /containers/create': { platform: '1.41' },
  'POST /containers/:id/stop': { signal: '1.42' },
  'POST /containers/:id/restart': { signal: '1.42' },
  'POST /containers/:id/wait': { condition: '1.30' },
  'GET /containers/:id/stats': { 'one-shot': '1.41' },
  'GET /images/json': { 'shared-size': '1.42', manifests: '1.47' },
  'GET /images/:name+/json': { manifests: '1.48', platform: '1.49' },
  'GET /images/:name+/history': { platform: '1.48' },
  'GET /images/:name+/get': { platform: '1.48' },
  'GET /images/get': { platform: '1.48' },
  'POST /images/load': { platform: '1.48' },
  'POST /images/:name+/push': { platform: '1.46' },
  'DELETE /images/:name+': { platforms: '1.50' },
  'GET /system/df': { type: '1.42', verbose: '1.52' },
};

/** Takes out of `query` what a request of this version cannot mean. */
export function ignoreNewerQuery(
  { method, path }: { readonly method: string; readonly path: string },
  query: URLSearchParams,
  version: string,
): void {
  for (const [name, since] of Object.entries(QUERY_SINCE[`${method} ${path}`] ?? {})) {
    if (compareVersions(version, since) < 0) query.delete(name);
  }
}
