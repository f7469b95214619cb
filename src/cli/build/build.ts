import { writeFileSync } from 'node:fs';
import { type BuildRequest, type OpenBuilder, openBuilder } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { buildAttrs, entitlements, keepsIndexes } from './build-attrs.ts';
import { buildContext } from './build-context.ts';
import { buildError } from './build-error.ts';
import { BUILD_FLAGS, IGNORED_FLAGS, REFUSED_FLAGS } from './build-flags.ts';
import { buildOutputs } from './build-outputs.ts';
import { agentsOf, loginOf, secretsOf } from './build-session.ts';
import { cacheExports, cacheImports, cacheStores } from './cache-entries.ts';
import { debugShell } from './debug-shell.ts';
import { printWarnings } from './print-warnings.ts';
import { type BuildProgress, openProgress } from './progress/open-progress.ts';
import { proxyArgs } from './proxy-args.ts';
import { pushBuilt, withoutPush } from './push-built.ts';
import { removeTemporary } from './remove-temporary.ts';
import { imageIdOf, writeMetadata } from './result-files.ts';

export const build: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  args: exactly(1),
  examples: [
    'build -t app .',
    'build -f docker/Dockerfile --target test --build-arg VERSION=2 .',
    'build --secret id=token,env=TOKEN --ssh default -t app .',
    'build -o out .',
    'build --check .',
    'build - < Dockerfile',
  ],
  details:
    'The context is a directory, a repository or an archive at a URL, or `-` for an archive or a Dockerfile on standard input.',
  flags: [...BUILD_FLAGS, ...IGNORED_FLAGS],
  async run(cli, [context = ''], flags) {
    refuse(flags);
    if (flags.bool('squash')) cli.warn(NO_SQUASH);
    const stop = new AbortController();
    const interrupt = (): void => stop.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      return await runBuild(cli, { context, flags }, stop.signal);
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  },
};

const NO_SQUASH =
  'WARNING: the flag squash is experimental, and BuildKit has it no more: a last stage that copies from the others has few layers';

/** @throws CliError for flags that this client does not serve */
function refuse(flags: Flags): void {
  for (const name of REFUSED_FLAGS)
    if (flags.changed(name)) throw new CliError(1, `--${name}: Gantry's client does not have this yet`);
  const builder = flags.string('builder');
  if (builder !== '' && builder !== 'default')
    throw new CliError(1, `ERROR: no builder ${JSON.stringify(builder)} found`);
}

interface Given {
  readonly context: string;
  readonly flags: Flags;
  /** What `-` reads. Default: standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Shows several builds as one. The caller ends it. Default: one of its own. */
  readonly progress?: BuildProgress;
}

/** Builds as the command says. Resolves with the exit code. @throws CliError, EngineError */
export async function runBuild(cli: Cli, given: Given, signal: AbortSignal): Promise<number> {
  const { context, flags, stdin = process.stdin } = given;
  const named = flags.list('build-context');
  const found = await buildContext({ context, file: flags.string('file'), named }, stdin);
  try {
    const opened = await openBuilder(cli.client, signal);
    await using _builder = opened.builder;
    const call = flags.bool('check') ? 'check' : flags.string('call') || 'build';
    const isQuiet = flags.bool('quiet') || flags.string('progress') === 'quiet';
    const own = given.progress === undefined;
    const progress = given.progress ?? openProgress(cli, isQuiet ? 'quiet' : flags.string('progress'));
    const [worker] = await opened.builder.workers(signal);
    const outputs = buildOutputs(cli, {
      ...{ output: flags.list('output'), load: flags.bool('load'), push: flags.bool('push') },
      ...{ tags: flags.list('tag'), annotations: flags.list('annotation') },
    });
    const { pushed, sent } = keepsIndexes(worker) ? { pushed: [], sent: outputs } : withoutPush(outputs);
    const proxies = proxyArgs(cli.config.proxies, cli.options.hosts[0] ?? cli.env['DOCKER_HOST'] ?? '');
    const caches = {
      cacheImports: cacheImports(cli, flags.list('cache-from')),
      cacheExports: cacheExports(flags.list('cache-to')),
    };
    const request: BuildRequest = {
      attrs: { ...found.attrs, ...buildAttrs(flags, { env: cli.env, worker, proxies }) },
      outputs: sent,
      entitlements: entitlements(flags),
      ...caches,
      session: {
        ...{ directories: found.directories, uploads: found.uploads, sharedKey: found.sharedKey },
        secrets: secretsOf(cli, flags.list('secret')),
        agents: await agentsOf(cli, flags.list('ssh')),
        stores: { ...cacheStores(caches), ...found.stores },
        login: (host) => loginOf(cli, host),
      },
      onStatus: (status) => progress.take(status),
      ...(flags.bool('debug') && process.stdin.isTTY ? { onFailed: (step) => debugShell(cli, step, progress) } : {}),
    };
    if (call !== 'build') {
      const { answerCall } = await import('./answer-call.ts');
      const asking = { ...opened, progress, request, dockerfile: found.dockerfile };
      return await answerCall(cli, { ...asking, call }, signal);
    }
    const shown = own ? progress : { ...progress, end: () => {} };
    const solving = { ...opened, progress: shown, request, flags, isQuiet, dockerfile: found.dockerfile };
    const code = await solve(cli, solving, signal);
    for (const name of pushed) await pushBuilt(cli, name, isQuiet);
    return code;
  } finally {
    if (found.temporary !== undefined) removeTemporary(found.temporary);
  }
}

interface Solving extends OpenBuilder {
  readonly progress: BuildProgress;
  readonly request: BuildRequest;
  readonly flags: Flags;
  readonly isQuiet: boolean;
  readonly dockerfile: string;
}

async function solve(cli: Cli, solving: Solving, signal: AbortSignal): Promise<number> {
  const { builder, failureOf, progress, request, flags, isQuiet, dockerfile } = solving;
  let result: Awaited<ReturnType<typeof builder.build>>;
  try {
    result = await builder.build(request, signal);
  } catch (error) {
    progress.end();
    if (progress.isText) printWarnings(cli, progress.model.warnings, isDebug(cli, flags));
    throw buildError(failureOf(error), { error, isCancelled: signal.aborted, dockerfile });
  }
  progress.end();
  if (progress.isText) printWarnings(cli, progress.model.warnings, isDebug(cli, flags));
  const id = imageIdOf(result);
  if (flags.string('iidfile') !== '') writeFileSync(flags.string('iidfile'), id);
  if (flags.string('metadata-file') !== '') writeMetadata(flags.string('metadata-file'), result);
  if (isQuiet && id !== '') cli.out.line(id);
  return 0;
}

function isDebug(cli: Cli, flags: Flags): boolean {
  return cli.options.debug || flags.bool('debug');
}
