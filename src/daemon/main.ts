import { flushCompileCache } from 'node:module';
import { EngineError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type Config, DEFAULT_CONFIG_FILE, resolveConfig } from './config/config.ts';
import type { OptionValues } from './config/options.ts';
import { mergeOptions, parseConfigFile } from './config/parse-file.ts';
import { parseFlags } from './config/parse-flags.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { createLogger, writeToStderr } from './log.ts';

/** When the first start of a bundle writes what was compiled. Others find it written. */
const COMPILED_AFTER_MS = 2000;

/** What a service manager does not restart: the configuration is wrong. */
const EXIT_USAGE = 125;

async function main(args: readonly string[]): Promise<void> {
  let config: Config;
  try {
    const flags = parseFlags(args);
    if (flags.help === true) {
      const { usage } = await import('./config/usage.ts');
      process.stdout.write(usage());
      return;
    }
    if (flags.version === true) {
      process.stdout.write(`gantryd version ${ENGINE_VERSION}\n`);
      return;
    }
    config = resolveConfig(allOptions(flags));
    if (flags.validate === true) {
      process.stdout.write('configuration OK\n');
      return;
    }
  } catch (error) {
    writeToStderr(`${messageOf(error)}\nSee 'gantryd --help'.\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    write: writeToStderr,
    now: () => new Date(),
  });
  await serve(config, logger);
}

function allOptions(flags: OptionValues): OptionValues {
  const named = flags['config-file'];
  const path = typeof named === 'string' && named !== '' ? named : DEFAULT_CONFIG_FILE;
  return mergeOptions(path, flags, parseConfigFile(path, { mustExist: path === named }));
}

async function serve(config: Config, logger: Logger): Promise<void> {
  const { startEngine } = await import('./start-engine.ts');
  const stopping = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      signals += 1;
      stopping.resolve(signal);
      // Containers do not depend on a clean end, so an impatient user may have a quick one.
      if (signals === 3) process.exit(1);
    });
  }
  process.on('SIGHUP', () => logger.warn({}, 'ignoring SIGHUP: restart the engine to read its configuration again'));
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  try {
    await using engine = await startEngine(config, logger);
    logger.info({ listen: engine.addresses, version: ENGINE_VERSION }, 'API listens');
    // A crash would not leave it to the next start.
    setTimeout(flushCompileCache, COMPILED_AFTER_MS).unref();
    const signal = await stopping.promise;
    logger.info({ signal }, 'stopping');
    await engine.drain(config.shutdownTimeoutSeconds * 1000);
  } catch (error) {
    const expected = error instanceof EngineError && error.kind !== 'internal';
    logger.error({ err: expected ? error.message : error }, 'the engine cannot run');
    process.exitCode = 1;
    return;
  }
  logger.info({}, 'stopped');
}

await main(process.argv.slice(2));
