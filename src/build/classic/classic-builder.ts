import { mkdirSync } from 'node:fs';
import { EngineError } from '../../base/errors.ts';
import { type Digest, digestHex, shortId } from '../../base/ids.ts';
import { removeTree } from '../../linux/index.ts';
import { familiarString, imageName, parseReference, withDefaultTag } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { createExpander, type Dockerfile, type Instruction, parseDockerfile, readStages } from '../dockerfile/index.ts';
import { BuildArgs } from './build-args.ts';
import { type BuildOutput, buildOutput, heldBack, type SendMessage } from './build-output.ts';
import { openContext } from './context/open-context.ts';
import type { ClassicPorts } from './ports.ts';
import type { ClassicRequest } from './request.ts';
import { squashImage } from './squash-image.ts';
import { type BuiltStage, runStages } from './stages/run-stages.ts';
import { StageImages } from './stages/stage-images.ts';
import { stepCache } from './step-cache.ts';
import { StepError } from './step-error.ts';
import { StepContainers } from './steps/step-containers.ts';

/**
 * The classic builder, `POST /build`: one image after each instruction. It is no client of BuildKit's solver.
 *
 * One life of a build: the context is unpacked into a folder of its own, and the Dockerfile is read. Each instruction is a *step*
 * on the image of the one before. A step that was done before is taken from the cache, which is the images themselves. Otherwise RUN runs a
 * container, COPY and ADD write files, and the rest changes the configuration; the result is an image with the earlier one as
 * its parent. At the end the image of the last step gets the names. What was built of a failed build stays, for the next one.
 */
export interface ClassicBuilder {
  /**
   * Builds, and tells the client by `send`. Resolves when the build has ended; a command that failed is told, and does not
   * reject. When the client has gone, the step under way is stopped and its container removed.
   * @throws EngineError for every other failure
   */
  build(request: ClassicRequest, send: SendMessage, signal: AbortSignal): Promise<void>;
  /** Ends builds of this id as if their clients had gone. They are told. An unknown id is nothing. */
  cancel(id: string): void;
}

/** Opens the builder. Removes the contexts of builds that a killed engine left. */
export function createClassicBuilder(ports: ClassicPorts): ClassicBuilder {
  removeTree(ports.folder);
  mkdirSync(ports.folder, { recursive: true, mode: 0o700 });
  const running = new Map<AbortController, string>();
  return {
    async build(request, send, signal) {
      const stop = new AbortController();
      running.set(stop, request.id);
      try {
        await build(ports, request, send, AbortSignal.any([signal, stop.signal]));
      } finally {
        running.delete(stop);
      }
    },
    cancel(id) {
      for (const [stop, other] of running)
        if (id !== '' && id === other) stop.abort(new EngineError('cancelled', 'context canceled'));
    },
  };
}

async function build(
  ports: ClassicPorts,
  request: ClassicRequest,
  send: SendMessage,
  signal: AbortSignal,
): Promise<void> {
  const held = request.isQuiet ? heldBack(send) : { send, release() {} };
  try {
    const names = tagNames(request.tags);
    const id = await buildImage(ports, request, { output: buildOutput(held.send), signal });
    if (request.isQuiet) send({ stream: `${id}\n` });
    for (const name of names) {
      await ports.images.tag(id, name);
      held.send({ stream: `Successfully tagged ${name}\n` });
    }
  } catch (error) {
    held.release();
    if (!(error instanceof StepError)) throw error;
    const { message, exitCode: code } = error;
    send({ errorDetail: { code, message }, error: message });
  }
}

/** @throws EngineError failed, in dockerd's words */
function tagNames(tags: readonly string[]): readonly string[] {
  const names = tags
    .filter((tag) => tag !== '')
    .map((tag) => {
      try {
        const reference = parseReference(tag);
        imageName(reference);
        if (reference.digest === undefined) return familiarString(withDefaultTag(reference));
      } catch (error) {
        throw error instanceof EngineError ? new EngineError('failed', error.message, { cause: error }) : error;
      }
      throw new EngineError('failed', 'build tag cannot contain a digest');
    });
  return [...new Set(names)];
}

async function buildImage(
  ports: ClassicPorts,
  request: ClassicRequest,
  { output, signal }: { readonly output: BuildOutput; readonly signal: AbortSignal },
): Promise<Digest> {
  await using context = await openContext(ports, request, signal);
  const { dockerfile, warnings } = readDockerfile(context.dockerfile, request);
  for (const warning of warnings) output.warning(`${warning}\n`);
  const args = new BuildArgs(request.buildArgs);
  const shared = { ports, request, output };
  const built = await runStages(
    {
      ...{ ...shared, args, context, signal },
      cache: stepCache(ports.images, { isOff: request.isCacheOff, from: request.cacheFrom }),
      expander: createExpander(dockerfile.escapeChar),
      stages: new StageImages(shared),
      containers: new StepContainers(shared),
    },
    dockerfile,
  );
  const unused = args.unused();
  if (unused.length > 0) output.text(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
  let { id } = built.image;
  if (request.isSquashed) {
    ({ id } = await squashed(ports, built, signal));
    output.send({ id: 'moby.image.id', aux: { ID: id } });
  }
  output.text(`Successfully built ${shortId(digestHex(id))}\n`);
  return id;
}

async function squashed(ports: ClassicPorts, built: BuiltStage, signal: AbortSignal): Promise<StoredImage> {
  try {
    return await squashImage(ports, built, signal);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `error squashing image: ${error.message}`, { cause: error });
  }
}

interface ReadDockerfile {
  readonly dockerfile: Dockerfile;
  readonly warnings: readonly string[];
}

/** Reads the stages up to the target, with the client's labels at the end. @throws EngineError invalid */
function readDockerfile(text: string, { target, labels }: ClassicRequest): ReadDockerfile {
  const parsed = parse(text);
  const dockerfile = readStages(parsed);
  const last = target === '' ? dockerfile.stages.length - 1 : findStage(dockerfile, target);
  const stages = dockerfile.stages
    .slice(0, last + 1)
    .map((stage, at) =>
      at === last ? { ...stage, instructions: [...stage.instructions, ...labelSteps(labels)] } : stage,
    );
  const warnings = parsed.instructions
    .filter(({ range }) => parsed.emptyContinuations.includes(range.end.line))
    .map(({ original }) => `[WARNING]: Empty continuation line found in: ${original}`);
  const advice = '[WARNING]: Empty continuation lines will become errors in a future release.';
  return { dockerfile: { ...dockerfile, stages }, warnings: warnings.length === 0 ? [] : [...warnings, advice] };
}

function parse(text: string): ReturnType<typeof parseDockerfile> {
  try {
    return parseDockerfile(text);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `failed to parse Dockerfile: ${error.message}`, { cause: error });
  }
}

/** By name or number. @throws EngineError invalid */
function findStage({ stages }: Dockerfile, target: string): number {
  const named = stages.findLastIndex(({ from }) => from.stageName === target.toLowerCase());
  const index = named < 0 && /^\d{1,9}$/.test(target) ? Number(target) : named;
  if (index >= 0 && index < stages.length) return index;
  throw new EngineError('invalid', `target stage ${JSON.stringify(target)} could not be found`);
}

/** The labels of the request are steps of the last stage. They expand nothing. */
function labelSteps(labels: ReadonlyMap<string, string>): readonly Instruction[] {
  return [...labels]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => ({
      kind: 'label',
      name: 'LABEL',
      code: `LABEL ${key}=${value}`,
      range: { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } },
      comments: [],
      pairs: [{ key: literal(key), value: literal(value), isLegacy: false }],
    }));
}

/** A text that expands to itself. */
function literal(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
