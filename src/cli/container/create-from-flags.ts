import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';
import { type CreatedContainer, createContainer, formatEndpoint } from '../../client/index.ts';
import { type CreateContainerBody, parsePlatform } from '../../spec/index.ts';
import { terminalSize } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { withDefaultTag } from '../format/reference.ts';
import { pullWithProgress } from '../image/pull-with-progress.ts';
import { createBody } from './options/create-body.ts';
import { startError } from './start-error.ts';

export interface CreateInputs {
  /** Name of the command, for hints. */
  readonly verb: 'run' | 'create';
  readonly args: readonly string[];
  readonly flags: Flags;
  /** True for `run -d`: no streams are attached. */
  readonly detach: boolean;
}

/** Accepted for the sake of scripts. Gantry's engine cannot honour them. */
const WINDOWS_ONLY = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'];

/**
 * Creates the container that the flags describe, and pulls its image when it is missing.
 * @throws CliError 125 with docker's hint
 */
export async function createFromFlags(
  cli: Cli,
  inputs: CreateInputs,
): Promise<{ id: string; body: CreateContainerBody }> {
  const { flags, verb } = inputs;
  const [image = '', ...command] = inputs.args;
  const windows = WINDOWS_ONLY.find((name) => flags.changed(name));
  if (windows !== undefined) {
    throw new CliError(
      1,
      `"--${windows}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
    );
  }
  if (image === '') throw withHelp(cli, verb, 'invalid reference format');
  const policy = flags.string('pull');
  if (!['always', 'missing', 'never', ''].includes(policy)) {
    throw withHelp(cli, verb, `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
  }
  try {
    const body = await bodyOf(cli, inputs, { image, command });
    if (flags.string('platform') !== '') checkPlatform(flags.string('platform'));
    using cidFile = reserveCidFile(flags.string('cidfile'));
    const created = await createWithPull(cli, { flags, body, image, policy });
    for (const warning of created.Warnings ?? []) cli.err.line(`WARNING: ${warning}`);
    cidFile.write(created.Id);
    return { id: created.Id, body };
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (verb === 'create' && error instanceof EngineError) throw error;
    if (error instanceof CidFileError) {
      throw verb === 'run' ? startError(cli, verb, error) : new CliError(1, error.message, { cause: error });
    }
    throw withHelp(cli, verb, messageOf(error), error);
  }
}

/** docker's form of an error before anything has run. */
export function withHelp(cli: Cli, verb: string, message: string, cause?: unknown): CliError {
  return new CliError(125, `${cli.name}: ${message}\n\nRun '${cli.name} ${verb} --help' for more information`, {
    cause,
  });
}

async function bodyOf(
  cli: Cli,
  { flags, detach }: CreateInputs,
  what: { image: string; command: readonly string[] },
): Promise<CreateContainerBody> {
  const size = terminalSize();
  const body = createBody(flags, {
    ...what,
    env: cli.env,
    consoleSize: size === undefined ? [0, 0] : [size.rows, size.columns],
  });
  if (flags.bool('use-api-socket'))
    return {
      ...body,
      HostConfig: { ...body.HostConfig, Mounts: [...(body.HostConfig?.Mounts ?? []), await socketMount(cli)] },
    };
  return detach ? { ...body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false } : body;
}

async function socketMount(cli: Cli): Promise<{ Type: 'bind'; Source: string; Target: string }> {
  await cli.client.apiVersion();
  const endpoint = cli.client.endpoint;
  if (endpoint?.kind !== 'unix') {
    throw new Error(
      `flag --use-api-socket can only be used with unix sockets: docker endpoint ${endpoint === undefined ? '' : formatEndpoint(endpoint)} incompatible`,
    );
  }
  return { Type: 'bind', Source: endpoint.path, Target: '/var/run/docker.sock' };
}

async function createWithPull(
  cli: Cli,
  request: { flags: Flags; body: CreateContainerBody; image: string; policy: string },
): Promise<CreatedContainer> {
  const { flags, body, image, policy } = request;
  const platform = flags.string('platform') || cli.env['DOCKER_DEFAULT_PLATFORM'] || '';
  const pull = (): Promise<void> =>
    pullWithProgress(cli, image, { platform, quiet: flags.bool('quiet'), out: cli.err });
  const post = (): Promise<CreatedContainer> =>
    createContainer(cli.client, body, { name: flags.string('name'), platform });
  if (policy === 'always') await pull();
  if (policy !== 'always' && platform !== '' && compareVersions(await cli.client.apiVersion(), '1.41') < 0) {
    throw new Error('"--platform" requires API version 1.41');
  }
  try {
    return await post();
  } catch (error) {
    // Either the image is missing, or only its platform.
    const missing = error instanceof EngineError && error.kind === 'notFound';
    if (!missing || policy !== 'missing') throw error;
    if (!flags.bool('quiet')) cli.err.line(`Unable to find image '${withDefaultTag(image)}' locally`);
    await pull();
    return post();
  }
}

class CidFileError extends Error {}

/** @throws Error in docker's words */
function checkPlatform(text: string): void {
  try {
    parsePlatform(text);
  } catch (error) {
    throw new Error(`error parsing specified platform: ${messageOf(error)}`, { cause: error });
  }
}

/** Reserves the file of `--cidfile`. It must not exist, and is deleted when nothing was created. */
function reserveCidFile(path: string): Disposable & { write(id: string): void } {
  if (path === '') return { write() {}, [Symbol.dispose]() {} };
  if (existsSync(path)) {
    throw new CidFileError(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    const reason = /ENOENT/.test(messageOf(error)) ? 'no such file or directory' : messageOf(error);
    throw new CidFileError(`failed to create the container ID file: open ${path}: ${reason}`);
  }
  let written = false;
  return {
    write(id) {
      writeFileSync(path, id);
      written = true;
    },
    [Symbol.dispose]() {
      if (!written) unlinkSync(path);
    },
  };
}
