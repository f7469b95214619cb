import { invalid } from '../../base/errors.ts';

const HUB_NAMES: readonly string[] = ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * The registry of a login's address: `https://index.docker.io/v1/` is `docker.io`, `http://host:5000/v2` is
 * `host:5000`. @throws EngineError invalid
 */
export function registryDomain(address: string): string {
  const host =
    address
      .trim()
      .replace(/^https?:\/\//i, '')
      .split('/', 1)[0] ?? '';
  if (HUB_NAMES.includes(host)) return 'docker.io';
  if (!/^(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/.test(host)) {
    throw invalid(`invalid registry address ${JSON.stringify(address.slice(0, 200))}`);
  }
  return host;
}
