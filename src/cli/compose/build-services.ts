import {
  type BuildChoices,
  buildArguments,
  builtService,
  contextServices,
  imageOf,
  inOrder,
  observeImages,
  type Project,
} from '../../compose/index.ts';
import { build, runBuild } from '../build/build.ts';
import { type BuildProgress, openProgress } from '../build/progress/open-progress.ts';
import { parseFlags } from '../flags/parse.ts';
import { progressOf } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';

export interface BuildRequest {
  readonly services: readonly string[];
  readonly choices: BuildChoices;
  readonly isQuiet: boolean;
}

/**
 * Builds the images of services side by side, each once, those that are contexts of others first. The steps of all are shown as
 * those of one build. @throws CliError, EngineError
 */
export async function buildServices(
  call: ComposeCall,
  project: Project,
  { services, choices, isQuiet }: BuildRequest,
  signal: AbortSignal,
): Promise<void> {
  const { cli } = call.world;
  const all = withContexts(project, services);
  const progress = openProgress(cli, isQuiet ? 'quiet' : buildMode(progressOf(call)));
  const images = new Set<string>();
  try {
    await inOrder(
      all,
      (name) => contextServices(builtService(project, name) ?? {}),
      async (name) => {
        const service = builtService(project, name);
        if (service?.build === undefined) return;
        const image = imageOf(project, service);
        if (images.has(image)) return;
        images.add(image);
        await buildOne(call, project, { name, choices, progress }, signal);
      },
    );
  } finally {
    progress.end();
  }
  if (!isQuiet) for (const image of images) cli.err.write(` ${image}  Built\n`);
}

/**
 * Checks the Dockerfiles of services and of those that are contexts of theirs, one after the other. Nothing is built. Resolves with 1 when one has faults.
 * @throws CliError, EngineError
 */
export async function checkServiceBuilds(
  call: ComposeCall,
  project: Project,
  { services, choices, isQuiet }: BuildRequest,
  signal: AbortSignal,
): Promise<number> {
  const { cli } = call.world;
  let exitCode = 0;
  const all = [...withContexts(project, services)].filter((name) => builtService(project, name)?.build !== undefined);
  const missing = await missingImages(call, project, all);
  for (const [index, name] of all.sort().entries()) {
    const progress = openProgress(cli, isQuiet ? 'quiet' : buildMode(progressOf(call)));
    cli.out.write(`${index === 0 ? '' : '\n'}${name}\n\n`);
    exitCode = Math.max(
      exitCode,
      await buildOne(call, project, { name, choices: { ...choices, missing }, progress }, signal),
    );
  }
  return exitCode;
}

/** Images of services that are contexts of others, and are not there. */
async function missingImages(
  { world }: ComposeCall,
  project: Project,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const contexts = names.flatMap((name) => contextServices(builtService(project, name) ?? {}));
  const images = contexts.map((name) => imageOf(project, builtService(project, name) ?? {}));
  const found = await observeImages(world.cli.client, images);
  return new Set(images.filter((image) => !found.has(image)));
}

interface OneBuild {
  readonly name: string;
  readonly choices: BuildChoices;
  readonly progress: BuildProgress;
}

/** Resolves with the exit code of the build. */
async function buildOne(
  call: ComposeCall,
  project: Project,
  { name, choices, progress }: OneBuild,
  signal: AbortSignal,
): Promise<number> {
  const { words, dockerfile } = buildArguments(project, builtService(project, name) ?? {}, choices);
  const { flags, args } = parseFlags(build.flags, words, { interspersed: true });
  const [context = ''] = args;
  const input = dockerfile === undefined ? {} : { stdin: oneChunk(dockerfile) };
  return await runBuild(call.world.cli, { context, flags, progress, ...input }, signal);
}

function withContexts(project: Project, services: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name)) return;
    all.add(name);
    for (const each of contextServices(builtService(project, name) ?? {})) add(each);
  };
  for (const name of services) add(name);
  return all;
}

function buildMode(progress: string): string {
  return progress === 'json' ? 'rawjson' : progress;
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
