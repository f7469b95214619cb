import { failed, invalid, messageOf } from '../../base/errors.ts';
import { type ApplyContext, change, inOrder, reporting } from '../apply/index.ts';
import type { Project, Service } from '../model/index.ts';
import { dependenciesOf } from '../plan/index.ts';
import { type ProviderMetadata, parseMessage, parseMetadata } from './provider-messages.ts';
import { type ProgramHost, runProgram } from './run-program.ts';
import { withVariables } from './with-variables.ts';

type Command = 'up' | 'down';

const WORDS = {
  up: { doing: 'Creating', done: 'Created' },
  down: { doing: 'Removing', done: 'Removed' },
} as const;

/**
 * Runs the providers of these services, each after those that it depends on. Returns the project whose services have the variables
 * of the providers that they depend on: `SERVICE_NAME=value`, where `SERVICE` is the provider's service in capitals. With `--dry-run` nothing
 * is run. @throws EngineError
 */
export async function upProviders(
  context: ApplyContext,
  services: ReadonlySet<string>,
  host: ProgramHost,
): Promise<Project> {
  const { project } = context;
  const found = new Map<string, ReadonlyMap<string, string>>();
  const names = [...services].filter((name) => project.services.get(name)?.provider !== undefined);
  await inOrder(
    names,
    (name) => dependenciesOf(project, name),
    async (name) => {
      found.set(name, await runProvider(context, project.services.get(name) ?? {}, { command: 'up', host }));
    },
  );
  return withVariables(project, (service) =>
    [...(service.depends_on?.keys() ?? [])].flatMap((name) =>
      [...(found.get(name) ?? [])].map(([key, value]) => [`${name.toUpperCase()}_${key}`, value] as const),
    ),
  );
}

/** Tells the provider of a service to remove what it has made. @throws EngineError */
export async function downProvider(context: ApplyContext, service: Service, host: ProgramHost): Promise<void> {
  await runProvider(context, service, { command: 'down', host });
}

/** Resolves with the variables that the provider sets. */
async function runProvider(
  context: ApplyContext,
  service: Service,
  { command, host }: { readonly command: Command; readonly host: ProgramHost },
): Promise<ReadonlyMap<string, string>> {
  const { report, project, signal, isDry } = context;
  const { name = '', provider } = service;
  const variables = new Map<string, string>();
  const path = programOf(service, host);
  await change(context, () =>
    reporting(report, { id: name, ...WORDS[command] }, async () => {
      if (isDry) return;
      const env = { ...host.env, ...Object.fromEntries(project.environment), COMPOSE_PROJECT_NAME: project.name };
      const metadata = await metadataOf(path, env, signal);
      const options = optionWords(provider ?? {}, metadata, command);
      const args = ['compose', `--project-name=${project.name}`, command, ...options, name];
      const { exitCode, errors } = await runProgram(
        { path, args, env },
        (line) => {
          const { type, message } = parseMessage(line, name);
          if (type === 'error') throw failed(message);
          if (type === 'info') report({ id: name, text: message, status: 'working' });
          if (type === 'setenv') setVariable(variables, message);
        },
        signal,
      );
      if (exitCode !== 0)
        throw failed(
          `failed to ${command} service provider ${name}: exit status ${exitCode}${errors && `\n${errors}`}`,
        );
    }),
  );
  return variables;
}

/** @throws EngineError invalid where there is no such program */
function programOf({ name, provider }: Service, host: ProgramHost): string {
  const type = provider?.type ?? '';
  if (type === 'compose') throw invalid(`service "${name}": "compose" is no type of a provider`);
  const path = host.findPlugin(type) ?? host.findOnPath(type);
  if (path !== undefined) return path;
  throw invalid(
    `service "${name}": its provider was not found: there is no plugin docker-${type}, and no program "${type}" in $PATH`,
  );
}

/** What a provider says about itself. One that says nothing gets all options. */
async function metadataOf(
  path: string,
  env: ProgramHost['env'],
  signal: AbortSignal,
): Promise<ProviderMetadata | undefined> {
  const lines: string[] = [];
  try {
    const { exitCode } = await runProgram(
      { path, args: ['compose', 'metadata'], env },
      (line) => lines.push(line),
      signal,
    );
    return exitCode === 0 ? parseMetadata(lines.join('\n')) : undefined;
  } catch (error) {
    throw failed(`${path} compose metadata: ${messageOf(error)}`, error);
  }
}

/** `--KEY=VALUE` for each option that the command knows. @throws EngineError invalid when a required one is missing */
function optionWords(
  { type, options }: NonNullable<Service['provider']>,
  metadata: ProviderMetadata | undefined,
  command: Command,
): readonly string[] {
  const parameters = metadata?.[command];
  const missing = parameters?.find(({ name, required }) => required === true && !options?.has(name));
  if (missing !== undefined)
    throw invalid(`required parameter "${missing.name}" is missing from provider "${type}" definition`);
  const isKnown = (key: string): boolean =>
    metadata === undefined || parameters?.some(({ name }) => name === key) === true;
  return [...(options ?? [])].flatMap(([key, values]) =>
    isKnown(key) ? (values ?? []).map((value) => `--${key}=${value}`) : [],
  );
}

function setVariable(variables: Map<string, string>, text: string): void {
  const at = text.indexOf('=');
  if (at < 1) throw failed(`invalid response from plugin: ${text}`);
  variables.set(text.slice(0, at), text.slice(at + 1));
}
