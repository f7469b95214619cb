import { createWriteStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { BuildOutput, OutputTarget } from '../../client/index.ts';
import { canonicalString, parseReference, withDefaultTag } from '../../spec/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { keyValues } from './key-values.ts';

interface Wanted {
  readonly output: readonly string[];
  readonly load: boolean;
  readonly push: boolean;
  readonly tags: readonly string[];
  readonly annotations: readonly string[];
}

/** Where the result goes. Without a choice the engine keeps the image. @throws CliError */
export function buildOutputs(cli: Cli, { output, load, push, tags, annotations }: Wanted): readonly BuildOutput[] {
  const names = tags.map(fullName);
  const asked = output.map((text) => parseOutput(cli, text)).filter(({ type }) => type !== 'cacheonly');
  const isImage = ({ type }: BuildOutput): boolean => type === 'moby';
  if ((load || push) && !asked.some(isImage)) asked.push({ type: 'moby', attrs: {} });
  if (asked.length === 0 && output.length === 0) asked.push({ type: 'moby', attrs: {} });
  const extra = annotationAttrs(annotations);
  return asked.map((each) => {
    const keepsNames = ['moby', 'oci', 'docker'].includes(each.type);
    const named = keepsNames && names.length > 0 && each.attrs['name'] === undefined ? { name: names.join(',') } : {};
    const pushed = push && isImage(each) ? { push: 'true' } : {};
    return { ...each, attrs: { ...each.attrs, ...named, ...pushed, ...(keepsNames ? extra : {}) } };
  });
}

/** `docker.io/library/app:latest`. @throws CliError */
function fullName(tag: string): string {
  try {
    return canonicalString(withDefaultTag(parseReference(tag)));
  } catch (error) {
    throw new CliError(1, `ERROR: failed to build: invalid tag ${JSON.stringify(tag)}: invalid reference format`, {
      cause: error,
    });
  }
}

function parseOutput(cli: Cli, text: string): BuildOutput {
  // A path alone, or `-` for an archive on standard output.
  if (!text.includes('=')) {
    if (text === '-') return { type: 'tar', attrs: {}, receive: archiveTarget(cli, '-') };
    return { type: 'local', attrs: {}, receive: { kind: 'directory', path: text } };
  }
  const { type = '', dest = '', ...attrs } = keyValues(text, '--output');
  switch (type) {
    case 'local':
      if (dest === '' || dest === '-') throw new CliError(1, 'dest is required for local exporter');
      return { type, attrs, receive: { kind: 'directory', path: dest } };
    case 'tar':
    case 'oci':
      return { type, attrs, receive: isLayout(type, attrs) ? layoutTarget(dest) : archiveTarget(cli, dest || '-') };
    case 'docker':
      if (dest === '') return { type: 'moby', attrs };
      return { type, attrs, receive: isLayout(type, attrs) ? layoutTarget(dest) : archiveTarget(cli, dest) };
    case 'image':
      return { type: 'moby', attrs };
    case 'registry':
      return { type: 'moby', attrs: { ...attrs, push: 'true' } };
    case 'cacheonly':
      return { type, attrs };
    case '':
      throw new CliError(1, 'type is required for output');
    default:
      return { type, attrs };
  }
}

function isLayout(type: string, attrs: Readonly<Record<string, string>>): boolean {
  return type !== 'tar' && /^(?:0|f|false)$/i.test(attrs['tar'] ?? '');
}

function layoutTarget(dest: string): OutputTarget {
  if (dest === '' || dest === '-') throw new CliError(1, 'dest is required for an output with tar=false');
  if (statSync(dest, { throwIfNoEntry: false })?.isFile() === true)
    throw new CliError(1, `destination directory ${dest} is a file`);
  return { kind: 'layout', path: dest };
}

function archiveTarget(cli: Cli, dest: string): OutputTarget {
  if (dest === '-') {
    if (cli.out.isTerminal)
      throw new CliError(1, 'dest file is required for an archive: refusing to write it to the terminal');
    return {
      kind: 'file',
      async write(chunks) {
        for await (const chunk of chunks) cli.out.write(chunk);
      },
    };
  }
  if (statSync(dest, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new CliError(1, `destination file ${dest} is a directory`);
  return { kind: 'file', write: (chunks) => pipeline(chunks, createWriteStream(dest)) };
}

/** `[TYPE[,TYPE][PLATFORM]:]KEY=VALUE`, with types such as `index`. @throws CliError */
function annotationAttrs(annotations: readonly string[]): Readonly<Record<string, string>> {
  const attrs: Record<string, string> = {};
  const pattern =
    /^(?:((?:index|manifest|index-descriptor|manifest-descriptor)(?:\[[^\]]*\])?(?:,(?:index|manifest|index-descriptor|manifest-descriptor)(?:\[[^\]]*\])?)*):)?([^=]+)=(.*)$/s;
  for (const each of annotations) {
    const [, types = '', key = '', value = ''] = pattern.exec(each) ?? [];
    if (key === '') throw new CliError(1, `invalid annotation ${JSON.stringify(each)}: expected key=value`);
    for (const type of types === '' ? [''] : types.split(','))
      attrs[`annotation${type === '' ? '' : `-${type}`}.${key}`] = value;
  }
  return attrs;
}
