import { fileNode, type LlbEdge } from '../../llb/index.ts';
import type { Case } from './cases.ts';
import type { MemoryDirectories } from './memory-session.ts';

export function optionsOf({ options }: Case): Readonly<Record<string, string>> {
  return { filename: 'Dockerfile', 'image-resolve-mode': 'local', ...options };
}

export function directoriesOf({ file, options, context, beside }: Case): MemoryDirectories {
  const name = options?.['filename'] ?? 'Dockerfile';
  const files = { 'a.txt': 'a\n', ...context };
  return { dockerfile: { [name]: file, ...beside }, context: files, src: { 'a.txt': 'src\n' } };
}

export function inputsOf({ inputs = [] }: Case): ReadonlyMap<string, LlbEdge> {
  return new Map(
    inputs.map((name) => [name, { node: fileNode({ base: undefined, changes: [fileOf(name)] }), output: 0 }]),
  );
}

function fileOf(name: string) {
  return { mkfile: { path: `/${name}`, mode: 0o644, data: Buffer.from(name), timestamp: -1n } };
}
