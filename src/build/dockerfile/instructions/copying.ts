import { invalid } from '../../../base/errors.ts';
import { cutTabs, parseHeredocStart } from '../parse/heredocs.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { type FlagKinds, type Flags, readFlags } from './flags.ts';
import type { AddInstruction, CopyInstruction, Copying, InlineFile, Source } from './instruction.ts';

const FLAGS: FlagKinds = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'texts' };
const ADD_FLAGS: FlagKinds = { ...FLAGS, 'keep-git-dir': 'boolean', checksum: 'text', unpack: 'boolean' };
const COPY_FLAGS: FlagKinds = { ...FLAGS, from: 'text', parents: 'boolean' };

/** @throws EngineError invalid */
export function readAdd(parsed: ParsedInstruction, source: Source): AddInstruction {
  const flags = copyFlags(parsed, 'ADD', ADD_FLAGS);
  return {
    ...readCopying(parsed, { keyword: 'ADD', source, flags }),
    kind: 'add',
    keepsGitDirectory: flags.boolean('keep-git-dir'),
    checksum: flags.text('checksum'),
    unpacks: flags.boolean('unpack'),
  };
}

/** @throws EngineError invalid */
export function readCopy(parsed: ParsedInstruction, source: Source): CopyInstruction {
  const flags = copyFlags(parsed, 'COPY', COPY_FLAGS);
  return {
    ...readCopying(parsed, { keyword: 'COPY', source, flags }),
    kind: 'copy',
    from: flags.text('from'),
    keepsParents: flags.boolean('parents') ?? false,
  };
}

function copyFlags({ words, flags }: ParsedInstruction, keyword: string, kinds: FlagKinds): Flags {
  if (words.length < 2) {
    throw invalid(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  return readFlags(flags, kinds);
}

function readCopying(
  { words, heredocs }: ParsedInstruction,
  { keyword, source, flags }: { keyword: string; source: Source; flags: Flags },
): Copying {
  const destination = words.at(-1) ?? '';
  if (parseHeredocStart(destination) !== undefined) {
    throw invalid(`${keyword} cannot accept a heredoc as a destination`);
  }
  const contents = new Map(heredocs.map(({ name, content }) => [name, content]));
  const sources: string[] = [];
  const inlineFiles: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const start = parseHeredocStart(word);
    if (start === undefined) sources.push(word);
    else {
      const content = contents.get(start.name) ?? '';
      inlineFiles.push({
        name: start.name,
        content: start.cutsTabs ? cutTabs(content) : content,
        expands: start.expands,
      });
    }
  }
  return {
    ...source,
    sources,
    inlineFiles,
    destination,
    owner: flags.text('chown'),
    mode: flags.text('chmod'),
    isLink: flags.boolean('link') ?? false,
    excludes: flags.texts('exclude'),
  };
}
