import { readFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { isStubResolvConf } from './resolv-conf.ts';

const HOST_FILE = '/etc/resolv.conf';
const RESOLVED_FILE = '/run/systemd/resolve/resolv.conf';

/**
 * Returns the host's resolver file. For a network namespace of its own it is the one with the real servers, where
 * systemd-resolved has another. '' when there is none.
 */
export function hostResolverText(hostNetwork: boolean): string {
  const text = textOf(HOST_FILE) ?? '';
  if (hostNetwork || !isStubResolvConf(text)) return text;
  return textOf(RESOLVED_FILE) ?? text;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
