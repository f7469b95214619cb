import { flushCompileCache } from 'node:module';
import { EngineError, messageOf } from '../base/errors.ts';
import { type Config, DEFAULT_CONFIG_FILE, resolveConfig } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';
import type { OptionValues } from './config/options.ts';
import { mergeOptions, parseConfigFile } from './config/parse-file.ts';
import { parseFlags } from './config/parse-flags.ts';
import { type ConfigReloaderDeps, configReloader } from './config-reloader.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { createLogger, writeToStderr } from './log.ts';
import type { RunningEngine } from './start-engine.ts';

/** Delay before the first start of a bundle writes its compiled code. Later starts find it written. */
const COMPILED_AFTER_MS = 2000;

/** Exit code for a wrong configuration. Service managers do not restart on it. */
const EXIT_USAGE = 125;

async function main(args: readonly string[]): Promise<void> {
  let flags: OptionValues;
  let values: OptionValues;
  let config: Config;
  const warnings: string[] = [];
  try {
    flags = parseFlags(args);
    if (flags.help === true) {
      const { usage } = await import('./config/usage.ts');
      process.stdout.write(usage());
      return;
    }
    if (flags.version === true) {
      process.stdout.write(`gantryd version ${ENGINE_VERSION}\n`);
      return;
    }
    values = allOptions(flags, (warning) => warnings.push(warning));
    config = resolveConfig(values);
    const { checkConfig } = await import('./check-config.ts');
    checkConfig(config);
    if (flags.validate === true) {
      for (const warning of warnings) writeToStderr(`warning: ${warning}\n`);
      process.stdout.write('configuration OK\n');
      return;
    }
  } catch (error) {
    writeToStderr(`${messageOf(error)}\nSee 'gantryd --help'.\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  await serve({ current: config }, { values, warnings, read: (warn) => allOptions(flags, warn) });
}

function allOptions(flags: OptionValues, warn: (text: string) => void): OptionValues {
  const named = flags['config-file'];
  const path = typeof named === 'string' && named !== '' ? named : DEFAULT_CONFIG_FILE;
  return mergeOptions(path, flags, parseConfigFile(path, { mustExist: path === named, warn }));
}

interface GivenOptions extends Pick<ConfigReloaderDeps, 'values'> {
  /** Warnings about keys of the configuration file that have no effect, one sentence each. */
  readonly warnings: readonly string[];
  /** Reads the current flags and file. */
  readonly read: (warn: (text: string) => void) => OptionValues;
}

async function serve(settings: LiveConfig, { values, warnings, read }: GivenOptions): Promise<void> {
  const logger = createLogger({
    level: () => settings.current.logLevel,
    format: settings.current.logFormat,
    write: writeToStderr,
    now: () => new Date(),
  });
  for (const warning of warnings) logger.warn({}, warning);
  const running = Promise.withResolvers<RunningEngine>();
  running.promise.catch(() => {}); // A reload that waits for it reports the error.
  // From the start on: before that the signal would end the process.
  const reload = configReloader({
    logger,
    values,
    read: () => read((warning) => logger.warn({}, warning)),
    apply: async (config) => (await running.promise).reload(config),
  });
  process.on('SIGHUP', () => void reload());
  const stopping = stopSignal();
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  try {
    const { startEngine } = await import('./start-engine.ts');
    await using engine = await startEngine(settings, logger);
    running.resolve(engine);
    logger.info({ listen: engine.addresses.join(' '), version: ENGINE_VERSION }, 'API listens');
    // A crash would not write it for the next start.
    setTimeout(flushCompileCache, COMPILED_AFTER_MS).unref();
    const signal = await stopping;
    logger.info({ signal }, 'stopping');
    await engine.drain(settings.current.shutdownTimeoutSeconds * 1000);
  } catch (error) {
    running.reject(error);
    const expected = error instanceof EngineError && error.kind !== 'internal';
    logger.error({ err: expected ? error.message : error }, 'the engine cannot run');
    process.exitCode = error instanceof EngineError && error.kind === 'invalid' ? EXIT_USAGE : 1;
    return;
  }
  logger.info({}, 'stopped');
}

/** Resolves with the signal that stops the engine. */
function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      signals += 1;
      resolve(signal);
      // Containers do not depend on a clean end, so that a third signal ends the process at once.
      if (signals === 3) process.exit(1);
    });
  }
  return promise;
}

await main(process.argv.slice(2));
