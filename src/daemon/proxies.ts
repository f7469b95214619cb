import type { Logger } from '../base/logger.ts';
import { maskProxy, type ProxySettings, proxiesOfEnvironment } from '../distribution/index.ts';

/** The proxies of the engine's own requests. As in dockerd, each configured one overrides that of the environment. */
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
