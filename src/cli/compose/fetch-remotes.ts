import { type FetchedRemote, remoteFetcher } from '../../compose/index.ts';
import { removeTree } from '../../linux/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { openRepositories } from '../registry/repositories.ts';
import { INTERRUPTED } from './changing.ts';

/**
 * Fetches the Compose files of repositories and artifacts, with the user's logins. Ctrl-C ends it. `insecure` lists registries with
 * plain http. @throws CliError, EngineError
 */
export function fetchRemotes(cli: Cli, insecure: readonly string[]): (address: string) => Promise<FetchedRemote> {
  const stop = new AbortController();
  const repositories = openRepositories(cli, (domain) => insecure.includes(domain));
  const open = (name: Parameters<typeof repositories.repository>[0]) => repositories.repository(name);
  const fetch = remoteFetcher({ env: cli.env, open, removeTree }, stop.signal);
  const interrupt = (): void => stop.abort();
  return async (address) => {
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      return await fetch(address);
    } catch (error) {
      throw stop.signal.aborted ? new CliError(INTERRUPTED, 'canceled', { cause: error }) : error;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  };
}
