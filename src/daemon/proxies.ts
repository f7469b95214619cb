import type { Logger } from '../base/logger.ts';
import { maskProxy, type ProxySettings, proxiesOfEnvironment } from '../distribution/index.ts';

/** Through which proxies the engine reaches the world: configured ones win over the environment's, each for itself, as in dockerd. */
export function engineProxies(
  configured: Required<ProxySettings>,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Required<ProxySettings> {
  const given = proxiesOfEnvironment(env);
  const choose = (key: keyof ProxySettings, name: string): string => {
    const [wanted, found] = [configured[key], given[key]];
    if (wanted !== '' && found !== '' && wanted !== found) {
      const values = { name, newValue: maskProxy(wanted), oldValue: maskProxy(found) };
      logger.warn(values, 'overriding existing proxy variable with value from configuration');
    }
    return wanted === '' ? found : wanted;
  };
  return { http: choose('http', 'HTTP_PROXY'), https: choose('https', 'HTTPS_PROXY'), no: choose('no', 'NO_PROXY') };
}
