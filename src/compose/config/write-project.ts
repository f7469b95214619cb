import type { Kind } from '../model/kind.ts';
import { type Format, type Output, OutputMap, outputOf, sortedMap } from '../model/output.ts';
import { config, model, network, type Project, secret, type Table, volume } from '../model/project.ts';
import { service } from '../model/service.ts';
import type { Mapping } from '../model/value.ts';
import { writeJson } from './write-json.ts';
import { writeYaml } from './write-yaml.ts';

/** Writes a project as `docker compose config` does, except that dollars are single. */
export function writeProject(project: Project, format: Format): string {
  const output = projectOutput(project, format);
  return format === 'json' ? writeJson(output, '  ') : writeYaml(output);
}

/** Writes a mapping in long form, as `config --no-interpolate` does: all keys are sorted. */
export function writeMapping(mapping: Mapping, format: Format): string {
  const output = outputOf(mapping, format);
  return format === 'json' ? writeJson(output, '  ') : writeYaml(output);
}

function projectOutput(project: Project, format: Format): Output {
  const table = <T>(entries: Table<T>, kind: Kind<T>): OutputMap =>
    sortedMap(
      [...entries].map(([name, entry]) => [name, kind.write(entry, format)] as const),
      format,
    );
  const { services, ...rest } = {
    services: table(project.services, service),
    networks: table(project.networks, network),
    volumes: table(project.volumes, volume),
    secrets: table(project.secrets, secret),
    configs: table(project.configs, config),
    models: table(project.models, model),
  };
  // Compose forgets the models in JSON.
  const { models: _, ...inJson } = rest;
  const sections = Object.entries(format === 'json' ? inJson : rest).filter(([, { entries }]) => entries.length > 0);
  const extensions = sortedMap(
    [...project.extensions].map(([key, value]) => [key, outputOf(value, format)] as const),
    format,
  );
  const name = project.name !== '' || format === 'json' ? [['name', project.name] as const] : [];
  const entries = [...name, ['services', services] as const, ...sections, ...extensions.entries];
  return format === 'json' ? sortedMap(entries, format) : new OutputMap(entries);
}
