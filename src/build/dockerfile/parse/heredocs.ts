import { createExpander, type Expander } from '../expand/expand.ts';
import type { Heredoc } from './tree.ts';

/** What `<<NAME` says. */
export type HeredocStart = Omit<Heredoc, 'content'>;

const START = /^(\d*)<<(-?)([^<]*)$/;
const NOTHING: ReadonlyMap<string, string> = new Map();

/** Recognises a word `<<NAME`. */
export function parseHeredocStart(word: string): HeredocStart | undefined {
  try {
    return startOf(word, createExpander('\\'));
  } catch {
    return undefined;
  }
}

/**
 * The heredocs that an instruction's line starts, in their order. A line with a fault in its quotes starts none.
 * @throws EngineError invalid when a heredoc's name has one
 */
export function heredocStarts(line: string): HeredocStart[] {
  if (!line.includes('<<')) return [];
  const expander = createExpander('\\');
  return wordsOf(line, expander)
    .map((word) => startOf(word, expander))
    .filter((start) => start !== undefined);
}

/** The content without the tabs that start its lines. */
export function cutTabs(content: string): string {
  return content.replace(/^\t+/gm, '');
}

function wordsOf(line: string, expander: Expander): readonly string[] {
  try {
    return expander.expand(line, NOTHING, { keepsQuotes: true, keepsEscapes: true, keepsUnset: true }).words;
  } catch {
    return [];
  }
}

function startOf(word: string, expander: Expander): HeredocStart | undefined {
  const [, number = '', dash = '', rest = ''] = START.exec(word) ?? [];
  if (rest === '') return undefined;
  const plain = expander.expand(rest, NOTHING, { keepsUnset: true }).words;
  const [name = ''] = plain;
  if (plain.length !== 1) return undefined;
  const quoted = expander.expand(rest, NOTHING, { keepsUnset: true, keepsQuotes: true }).words;
  return {
    name,
    cutsTabs: dash === '-',
    expands: quotesIn(name) === quotesIn(quoted[0] ?? ''),
    fileDescriptor: Number(number),
  };
}

function quotesIn(text: string): number {
  return text.replace(/[^'"]/g, '').length;
}
