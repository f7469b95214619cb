import { randomUUID } from 'node:crypto';
import { invalid } from '../../../base/errors.ts';
import { type FileChange, type FileOwner, fileNode, type LlbEdge, mergeNode, type NodeNotes } from '../../llb/index.ts';
import type { AddInstruction, CopyInstruction } from '../instructions/instruction.ts';
import { copyMode } from './copy-mode.ts';
import { type CopyPart, copyParts, partHistory } from './copy-sources.ts';
import type { InstructionContext } from './instruction-context.ts';
import { upperKeyword } from './names.ts';
import { targetPath } from './paths.ts';
import type { BuiltTrees } from './stage-draft.ts';

/** ADD and COPY, expanded. @throws EngineError invalid */
export function convertCopy(copying: AddInstruction | CopyInstruction, context: InstructionContext): void {
  const { stage, input } = context;
  const keyword = copying.kind.toUpperCase();
  const mode = copyMode(copying.mode);
  const text = upperKeyword(context.show(copying.code));
  const isLink = copying.isLink && input.mergesLinks;
  const name = stage.nameStep(text);
  const parts = copyParts(copying, { ...context, name, mode });
  const dest = targetPath(stage.folder, copying.destination);
  const notes = stage.stepNotes(name, copying.range);
  const owner = ownerOf(copying.owner);
  const changesOf = (built: BuiltTrees): FileChange[] => parts.map((part) => changeOf(part, { dest, owner, built }));
  stage.image.addHistory(historyOf(keyword, copying, parts), { hasLayer: true, isStep: true });
  if (!isLink) {
    stage.steps.push((tree, built) => fileEdge(tree, changesOf(built), notes));
    return;
  }
  const link = stage.stepNotes(stage.nameSame(`LINK ${text}`), copying.range);
  stage.steps.push((tree, built) => {
    const id = randomUUID();
    const added = fileEdge(undefined, changesOf(built), inGroup(notes, { id, name, weak: true }));
    if (tree === undefined) return added;
    return { node: mergeNode([tree, added], inGroup(link, { id, name, weak: false })), output: 0 };
  });
}

function changeOf(
  { copy, source }: CopyPart,
  { dest, owner, built }: { dest: string; owner: FileOwner | undefined; built: BuiltTrees },
): FileChange {
  return { copy: { ...copy, dest, createDestPath: true, timestamp: -1n }, from: source(built), owner };
}

function fileEdge(base: LlbEdge | undefined, changes: readonly FileChange[], notes: NodeNotes): LlbEdge {
  return { node: fileNode({ base, changes, ...notes }), output: 0 };
}

type ProgressGroup = { readonly id: string; readonly name: string; readonly weak: boolean };

function inGroup(notes: NodeNotes, group: ProgressGroup): NodeNotes {
  return { ...notes, metadata: { ...notes.metadata, progress_group: group } };
}

/** `user:group`, of which either may be missing. */
function ownerOf(text: string): FileOwner | undefined {
  if (text === '') return undefined;
  const [user = '', group] = splitOnce(text);
  return { user, group };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function historyOf(keyword: string, copying: AddInstruction | CopyInstruction, parts: readonly CopyPart[]): string {
  const { owner, mode, destination } = copying;
  if (parts.length === 0) throw invalid(`no source files were specified for ${keyword}`);
  return [
    keyword,
    ...(copying.kind === 'copy' && copying.keepsParents ? ['--parents'] : []),
    ...(owner === '' ? [] : [`--chown=${owner}`]),
    ...(mode === '' ? [] : [`--chmod=${mode}`]),
    ...parts.map(partHistory),
    destination,
  ].join(' ');
}
