import type { Init } from '../../../grpc/index.ts';
import type { proxyEnv } from '../../../grpc/messages/pb.ts';

const NAMES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'] as const;

/** The proxies that build arguments name, in any case of letters. They reach every RUN and no cache key. */
export function proxyEnvironment(buildArgs: ReadonlyMap<string, string>): Init<typeof proxyEnv> | undefined {
  const found: { -readonly [Name in (typeof NAMES)[number]]?: string } = {};
  for (const [key, value] of buildArgs) {
    const name = NAMES.find((each) => each === key.toLowerCase());
    if (name !== undefined) found[name] = value;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}
