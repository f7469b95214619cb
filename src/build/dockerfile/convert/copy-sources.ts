import { invalid } from '../../../base/errors.ts';
import type { Init } from '../../../grpc/index.ts';
import type { fileActionCopy } from '../../../grpc/messages/pb.ts';
import { type GitSource, parseGitSource } from '../../../spec/index.ts';
import { fileNode, type LlbEdge } from '../../llb/index.ts';
import type { AddInstruction, CopyInstruction, InlineFile } from '../instructions/instruction.ts';
import { DETAILS } from '../lint/rules.ts';
import type { CopyMode } from './copy-mode.ts';
import type { InstructionContext } from './instruction-context.ts';
import { rootedPath } from './paths.ts';
import { filenameOf, gitEdge, httpEdge } from './remote-sources.ts';
import { type BuiltTrees, internalNotes } from './stage-draft.ts';

/** One copy of ADD or COPY. */
export interface CopyPart {
  /** As the history shows it. */
  readonly shown: string;
  /** Without the destination and the owner. */
  readonly copy: Init<typeof fileActionCopy>;
  source(built: BuiltTrees): LlbEdge | undefined;
}

interface PartContext extends InstructionContext {
  /** Of the step. Downloads have it too. */
  readonly name: string;
  readonly mode: CopyMode;
}

/** The copies of an instruction, in their order. @throws EngineError invalid */
export function copyParts(copying: AddInstruction | CopyInstruction, context: PartContext): readonly CopyPart[] {
  const own = localSource(copying, context);
  const parts = copying.sources.map((source) => {
    if (copying.kind === 'add') {
      const remote = remotePart(copying, source, context);
      if (remote !== undefined) return remote;
    }
    return localPart(copying, source, { ...context, own });
  });
  return [...parts, ...copying.inlineFiles.map((file) => inlinePart(file, context))];
}

export function partHistory({ shown }: CopyPart): string {
  return shown;
}

/** A repository or a download. Undefined for a path. */
function remotePart(add: AddInstruction, source: string, { name, mode, stage }: PartContext): CopyPart | undefined {
  const notes = stage.notes(name, undefined);
  const git = parseGitSource(source);
  if (git !== undefined) {
    checkGitChecksum(add.checksum, git);
    const edge = gitEdge(git, notes, { keepsGitDirectory: add.keepsGitDirectory, checksum: add.checksum });
    return { shown: source, copy: { src: '/', ...mode }, source: () => edge };
  }
  if (!/^https?:\/\//.test(source)) {
    if (add.checksum !== '') throw invalid('checksum requires HTTP(S) or Git sources');
    return undefined;
  }
  checkChecksum(add.checksum);
  const filename = filenameOf(source);
  const edge = httpEdge(source, { filename, checksum: add.checksum }, notes);
  const copy = { src: `/${filename}`, ...mode, attemptUnpackDockerCompatibility: add.unpacks === true };
  return { shown: source, copy, source: () => edge };
}

const SHA_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

function checkChecksum(text: string): void {
  if (text === '') return;
  const [algorithm = '', hex] = text.split(':', 2);
  if (hex === undefined) throw invalid('invalid checksum digest format');
  const length = Object.hasOwn(SHA_LENGTHS, algorithm) ? SHA_LENGTHS[algorithm] : undefined;
  if (length === undefined) throw invalid('unsupported digest algorithm');
  if (hex.length !== length) throw invalid('invalid checksum digest length');
  if (!/^[0-9a-f]+$/.test(hex)) throw invalid('invalid checksum digest format');
}

function checkGitChecksum(text: string, { checksum }: GitSource): void {
  if (text === '') return;
  if (!/^[0-9a-f]{7,64}$/.test(text)) throw invalid(`invalid checksum ${text} for Git source, expected a commit`);
  if (checksum !== '' && checksum !== text) throw invalid(`checksum conflicts: ${checksum} vs ${text}`);
}

interface LocalSource {
  edge(built: BuiltTrees): LlbEdge | undefined;
  readonly isContext: boolean;
}

/** The tree of the paths: of another stage or image, or the build's context. */
function localSource(copying: AddInstruction | CopyInstruction, context: InstructionContext): LocalSource {
  const from = copying.kind === 'copy' ? copying.from : '';
  const source = context.sourceOf(from, 'copy');
  if (source === undefined) {
    const { stageName } = context;
    throw invalid(`cannot copy from stage "${from}", it needs to be defined before current stage "${stageName}"`);
  }
  if (from === '') return { isContext: true, edge: (built) => source.edge(built) };
  const paths = neededPaths(copying.sources.map(rootedPath));
  return { isContext: false, edge: (built) => source.edge(built, paths) };
}

/** Paths for a client that sends only what is needed. Undefined for all. */
export function neededPaths(paths: Iterable<string>): readonly string[] | undefined {
  const unique = new Set(paths);
  return unique.has('/') ? undefined : [...unique].map((path) => path.slice(1)).sort();
}

function localPart(
  copying: AddInstruction | CopyInstruction,
  source: string,
  { own, mode, needPath, isIgnored, warn }: PartContext & { readonly own: LocalSource },
): CopyPart {
  const { src, pattern } =
    copying.kind === 'copy' && copying.keepsParents ? withParents(source) : { src: source, pattern: '' };
  const path = rootedPath(src);
  if (own.isContext) {
    needPath(rootedPath(source));
    if (isIgnored(rootedPath(source).slice(1))) {
      warn('CopyIgnoredFile', copying.range, DETAILS.ignoredFile(copying.kind === 'add' ? 'Add' : 'Copy', source));
    }
  }
  return {
    shown: source,
    source: own.edge,
    copy: {
      src: path,
      ...mode,
      followSymlink: true,
      dirCopyContents: true,
      attemptUnpackDockerCompatibility: copying.kind === 'add' && copying.unpacks !== false,
      allowWildcard: true,
      allowEmptyWildcard: true,
      include_patterns: pattern === '' ? [] : [pattern],
      // A pattern that fits nothing is no error, but a path must be there.
      required_paths: pattern === '' || hasWildcard(pattern) ? [] : [pattern],
      exclude_patterns: copying.excludes,
    },
  };
}

function hasWildcard(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/** `a/./b/c` keeps `b/c`; a path without that mark is kept as a whole. */
function withParents(source: string): { src: string; pattern: string } {
  const at = source.indexOf('/./');
  const [src, kept] = at < 0 ? ['/', source] : [source.slice(0, at), source.slice(at + 3)];
  return { src, pattern: rootedPath(kept).slice(1) };
}

function inlinePart({ name, content }: InlineFile, { mode }: PartContext): CopyPart {
  const mkfile = { path: `/${name}`, mode: 0o644, data: Buffer.from(content), timestamp: -1n };
  const node = fileNode({ base: undefined, changes: [{ mkfile }], ...internalNotes('preparing inline document') });
  return { shown: `<<${name}`, copy: { src: `/${name}`, ...mode }, source: () => ({ node, output: 0 }) };
}
