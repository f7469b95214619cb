import { EngineError, messageOf } from '../../base/errors.ts';
import { createLogger, writeToStderr } from '../log.ts';
import { type RegistryConfig, readRegistryConfig } from './config.ts';

/** Exit code for a wrong configuration. Service managers do not restart on it. */
const EXIT_USAGE = 125;

/** `gantry registry serve`: a registry on a root of its own, until SIGTERM or SIGINT. */
async function main(args: readonly string[]): Promise<void> {
  let config: RegistryConfig;
  try {
    config = readRegistryConfig(args);
  } catch (error) {
    writeToStderr(`gantry registry serve: ${messageOf(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const logger = createLogger({
    level: () => config.log?.level ?? 'info',
    format: config.log?.format ?? 'text',
    write: writeToStderr,
    now: () => new Date(),
  });
  const { startRegistry } = await import('./start.ts');
  const stopping = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.resolve(signal));
  process.on('SIGHUP', () => logger.warn({}, 'ignoring SIGHUP: restart the registry to read its configuration again'));
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  try {
    await using registry = await startRegistry(config, logger);
    logger.info({ address: registry.address, root: config.root, tls: config.tls !== undefined }, 'registry listens');
    const signal = await stopping.promise;
    logger.info({ signal }, 'stopping');
  } catch (error) {
    const expected = error instanceof EngineError && error.kind !== 'internal';
    logger.error({ err: expected ? error.message : error }, 'the registry cannot run');
    process.exitCode = 1;
    return;
  }
  logger.info({}, 'stopped');
}

await main(process.argv.slice(2));
