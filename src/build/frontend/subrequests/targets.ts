import { parseDockerfile, readStages } from '../../dockerfile/index.ts';
import type { FrontendBuild } from '../frontend-build.ts';
import type { Answer } from './answer.ts';
import { locationOf } from './locations.ts';
import { textTable } from './text-table.ts';

/** The stages. @throws EngineError invalid */
export function targetsAnswer({ source, options }: FrontendBuild): Answer {
  const { stages } = readStages(parseDockerfile(Buffer.from(source.data).toString()));
  const wanted = options.target?.toLowerCase();
  const targets = stages.map(({ from, index }) => {
    const { stageName, description, base, platform, range } = from;
    const isDefault = wanted === undefined ? index === stages.length - 1 : stageName === wanted;
    return {
      ...(stageName === '' ? {} : { name: stageName }),
      ...(isDefault ? { default: true } : {}),
      ...(description === '' ? {} : { description }),
      base,
      ...(platform === '' ? {} : { platform }),
      location: locationOf(range),
    };
  });
  const rows = targets.map(({ name = '', default: isDefault, description = '' }) => [
    name === '' && isDefault ? '(default)' : isDefault ? `${name} (default)` : name,
    description,
  ]);
  const sources = [Buffer.from(source.data).toString('base64')];
  return { json: { targets, sources }, text: textTable([['TARGET', 'DESCRIPTION'], ...rows], 1) };
}
