import { invalid } from '../../../base/errors.ts';
import { trimSpace } from '../../../base/go-space.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { readFlags } from './flags.ts';
import type {
  ExposeInstruction,
  OnBuildInstruction,
  ShellInstruction,
  Source,
  VolumeInstruction,
} from './instruction.ts';

/** @throws EngineError invalid */
export function readExpose({ words, flags }: ParsedInstruction, source: Source): ExposeInstruction {
  if (words.length === 0) throw invalid('EXPOSE requires at least one argument');
  readFlags(flags, {});
  return { ...source, kind: 'expose', ports: words.toSorted() };
}

/** @throws EngineError invalid */
export function readVolume({ words, flags }: ParsedInstruction, source: Source): VolumeInstruction {
  if (words.length === 0) throw invalid('VOLUME requires at least one argument');
  readFlags(flags, {});
  const volumes = words.map(trimSpace);
  if (volumes.includes('')) throw invalid('VOLUME specified can not be an empty string');
  return { ...source, kind: 'volume', volumes };
}

/** @throws EngineError invalid */
export function readShell({ words, flags, isJson }: ParsedInstruction, source: Source): ShellInstruction {
  readFlags(flags, {});
  if (words.length === 0) throw invalid('SHELL requires at least one argument');
  if (isJson) return { ...source, kind: 'shell', shell: words };
  throw invalid('SHELL requires the arguments to be in JSON form');
}

/** @throws EngineError invalid */
export function readOnBuild(
  { inner, flags, heredocs, original }: ParsedInstruction,
  source: Source,
): OnBuildInstruction {
  if (inner === undefined) throw invalid('ONBUILD requires at least one argument');
  readFlags(flags, {});
  const keyword = trimSpace(inner.name).toUpperCase();
  if (keyword === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword === 'MAINTAINER' || keyword === 'FROM') {
    throw invalid(`${keyword} isn't allowed as an ONBUILD trigger`);
  }
  const trigger = original.replace(/^\s*ONBUILD\s*/i, '');
  return {
    ...source,
    kind: 'onbuild',
    trigger: [trigger, ...heredocs.map(({ name, content }) => `${content}${name}`)].join('\n'),
  };
}
