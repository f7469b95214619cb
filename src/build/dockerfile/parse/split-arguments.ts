import { invalid } from '../../../base/errors.ts';
import { isSpace } from '../../../base/go-space.ts';
import { quote } from '../values/quote.ts';
import { jsonList } from './json-list.ts';
import { splitWords } from './split-words.ts';
import type { Escape, KeyValue } from './tree.ts';

export interface Arguments {
  readonly words: readonly string[];
  readonly pairs: readonly KeyValue[];
  readonly isJson: boolean;
}

type Split = (rest: string, escapeChar: Escape) => Arguments;

const BLANKS = /[\t\v\f\r ]+/;

const SPLITS: Readonly<Record<string, Split>> = {
  add: jsonOrWords,
  arg: (rest, escapeChar) => words(splitWords(rest, escapeChar)),
  cmd: jsonOrText,
  copy: jsonOrWords,
  entrypoint: jsonOrText,
  env: (rest, escapeChar) => keyValues(rest, 'ENV', escapeChar),
  expose: blankSeparated,
  from: blankSeparated,
  healthcheck: healthCheck,
  label: (rest, escapeChar) => keyValues(rest, 'LABEL', escapeChar),
  maintainer: wholeText,
  run: jsonOrText,
  shell: jsonOrText,
  stopsignal: wholeText,
  user: wholeText,
  volume: jsonOrWords,
  workdir: wholeText,
};

/**
 * Splits what follows the flags, in the way of the keyword. An unknown keyword has no arguments.
 * @throws EngineError invalid
 */
export function splitArguments(name: string, rest: string, escapeChar: Escape): Arguments {
  const split = Object.hasOwn(SPLITS, name.toLowerCase()) ? SPLITS[name.toLowerCase()] : undefined;
  return split === undefined ? words([]) : split(rest, escapeChar);
}

function words(list: readonly string[], isJson = false): Arguments {
  return { words: list, pairs: [], isJson };
}

function wholeText(rest: string): Arguments {
  return words(rest === '' ? [] : [rest]);
}

function blankSeparated(rest: string): Arguments {
  return words(rest === '' ? [] : rest.split(BLANKS));
}

function jsonOrText(rest: string): Arguments {
  const list = jsonList(rest);
  return list === undefined ? wholeText(rest) : words(list, true);
}

function jsonOrWords(rest: string): Arguments {
  const list = jsonList(rest);
  return list === undefined ? blankSeparated(rest) : words(list, true);
}

/** A first word, and then a command. */
function healthCheck(rest: string): Arguments {
  if (rest === '') return words([]);
  let end = 0;
  while (end < rest.length && !isSpace(rest[end] ?? '')) end++;
  let next = end;
  while (next < rest.length && isSpace(rest[next] ?? '')) next++;
  const command = jsonOrText(rest.slice(next));
  return words([rest.slice(0, end), ...command.words], command.isJson);
}

function keyValues(rest: string, name: string, escapeChar: Escape): Arguments {
  const list = splitWords(rest, escapeChar);
  if (list.length === 0) return words([]);
  if (!list[0]?.includes('=')) return { words: [], pairs: [legacyPair(rest, name)], isJson: false };
  const pairs = list.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) throw invalid(`Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`);
    return { key: word.slice(0, at), value: word.slice(at + 1), isLegacy: false };
  });
  return { words: [], pairs, isJson: false };
}

/** The first word is the key, and all that follows the value. */
function legacyPair(rest: string, name: string): KeyValue {
  const blank = BLANKS.exec(rest);
  if (blank === null) throw invalid(`${name} must have two arguments`);
  return { key: rest.slice(0, blank.index), value: rest.slice(blank.index + blank[0].length), isLegacy: true };
}
