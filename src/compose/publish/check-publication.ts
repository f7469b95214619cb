import { invalid } from '../../base/errors.ts';
import { byBytes } from '../go/by-bytes.ts';
import type { Project } from '../model/project.ts';
import type { ServiceVolume } from '../model/service.ts';
import { findSecrets } from './find-secrets.ts';

/** @throws EngineError for a project that others could not use, or whose variables nobody allowed to be published */
export function checkPublication(project: Project, { withEnvironment }: { readonly withEnvironment: boolean }): void {
  const services = sortedServices(project);
  const unnamed = services.filter(([, { image, build }]) => !image && build !== undefined);
  if (unnamed.length > 0) {
    const lines = unnamed.map(([name]) => `- ${JSON.stringify(name)}`);
    throw invalid(
      `the project cannot be published: these services only have a build section, and no image:\n${lines.join('\n')}`,
    );
  }
  if (withEnvironment) return;
  const reasons = [
    ...services.flatMap(([name, { env_file = [], environment = new Map() }]) => [
      ...(env_file.length > 0 ? [`service ${JSON.stringify(name)} has env_file declared.`] : []),
      ...(environment.size > 0 ? [`service ${JSON.stringify(name)} has environment variable(s) declared.`] : []),
    ]),
    ...[...project.configs]
      .filter(([, { environment }]) => environment)
      .map(([name]) => `config ${JSON.stringify(name)} is an environment variable.`),
  ];
  if (reasons.length > 0)
    throw invalid(
      `${reasons.join('\n')}\nVariables may be secret: allow them with --with-env, or remove them from the project`,
    );
}

/** A file that is searched for secrets. */
export interface SearchedFile {
  readonly path: string;
  readonly text: string;
}

/** What a user should see before it is published: lines of text, none when there is nothing. */
export function concerns(project: Project, searched: readonly SearchedFile[]): readonly string[] {
  const services = sortedServices(project);
  const mounts = services.flatMap(([name, { volumes = [] }]) =>
    volumes.filter(({ type }) => type === 'bind').map((volume) => `  ${name}: ${mountText(volume)}`),
  );
  const secrets = searched.flatMap(({ path, text }) =>
    findSecrets(text).map(({ kind, line, hint }) => `  ${path}:${line}: ${kind}, ${hint}`),
  );
  const variables = [
    ...services.flatMap(([name, { environment = new Map() }]) =>
      [...environment].map(([key, value]) => `  ${name}: ${value === null ? key : `${key}=${masked(value)}`}`),
    ),
    ...[...project.configs].flatMap(([name, { environment }]) =>
      environment ? [`  config ${name}: ${environment}`] : [],
    ),
  ];
  return [
    ...headed('The artifact will name these bind mounts of your machine, not their content:', mounts),
    ...headed(
      'These look like secrets, and everybody who may read the artifact or those files will have them:',
      secrets,
    ),
    ...headed('The artifact will have these variables:', variables),
  ];
}

/** The value, or the beginning of what looks like a secret. */
function masked(value: string): string {
  return findSecrets(value)[0]?.hint ?? value;
}

function headed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

function sortedServices({ services }: Project) {
  return [...services].sort(([a], [b]) => byBytes(a, b));
}

function mountText({ source = '', target = '', read_only }: ServiceVolume): string {
  return `${source}:${target}:${read_only === true ? 'ro' : 'rw'}`;
}
