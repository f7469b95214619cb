import { invalid } from '../../../base/errors.ts';
import { trimSpace } from '../../../base/go-space.ts';
import { isObject } from '../../../base/is-object.ts';
import type { Range } from '../location.ts';
import { SourceLines, withoutLineEnd } from './source-lines.ts';

export type DirectiveName = 'syntax' | 'escape' | 'check';

/** `# name=value`, at the head of the file. */
export interface Directive {
  readonly name: DirectiveName;
  readonly value: string;
  readonly range: Range;
}

const FORM = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/s;
const NAMES: ReadonlySet<string> = new Set<DirectiveName>(['syntax', 'escape', 'check']);

/** Recognises directives, until a line is none. */
export class DirectiveReader {
  readonly #marker: string;
  readonly #seen = new Set<string>();
  #isDone = false;

  constructor(marker = '#') {
    this.#marker = marker;
  }

  /**
   * @param text a line without its end
   * @throws EngineError invalid `only one syntax parser directive can be used`
   */
  read(text: string, line: number): Directive | undefined {
    if (this.#isDone) return undefined;
    const directive = text.startsWith(this.#marker) ? parseDirective(text.slice(this.#marker.length)) : undefined;
    if (directive === undefined) {
      this.#isDone = true;
      return undefined;
    }
    if (this.#seen.has(directive.name)) throw invalid(`only one ${directive.name} parser directive can be used`);
    this.#seen.add(directive.name);
    return { ...directive, range: { start: { line, column: 1 }, end: { line, column: text.length + 1 } } };
  }
}

/** A directive's name and value, in a comment without its marker. */
export function parseDirective(comment: string): Pick<Directive, 'name' | 'value'> | undefined {
  const [, word = '', value = ''] = FORM.exec(trimSpace(comment)) ?? [];
  const name = word.toLowerCase();
  return isName(name) ? { name, value } : undefined;
}

function isName(name: string): name is DirectiveName {
  return NAMES.has(name);
}

export interface SyntaxChoice {
  /** An image's name. */
  readonly image: string;
  /** The whole value. A frontend gets it as its command line. */
  readonly commandLine: string;
  /** Where the directive is. JSON has no place. */
  readonly range?: Range;
}

/**
 * Returns the frontend's image that a file of any language asks for: `# syntax=`, `// syntax=`, or `syntax` of a JSON
 * object. A first line that starts with `#!` is passed over.
 */
export function detectSyntax(text: string): SyntaxChoice | undefined {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  return markedSyntax(plain, '#') ?? markedSyntax(plain, '//') ?? jsonSyntax(plain);
}

/** The first directive of that name at the head of a file, a first line `#!` passed over. */
export function findDirective(text: string, name: DirectiveName): Directive | undefined {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  return headDirectives(plain, '#').find((directive) => directive.name === name);
}

function markedSyntax(text: string, marker: string): SyntaxChoice | undefined {
  const found = headDirectives(text, marker).find(({ name }) => name === 'syntax');
  if (found === undefined) return undefined;
  return { image: found.value.split(' ', 1)[0] ?? '', commandLine: found.value, range: found.range };
}

/** The directives before the first line that is none, and before a repeated one. */
function headDirectives(text: string, marker: string): Directive[] {
  const lines = new SourceLines(text);
  if (text.startsWith('#!')) lines.next();
  const reader = new DirectiveReader(marker);
  const found: Directive[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    try {
      const directive = reader.read(withoutLineEnd(line.text), line.number);
      if (directive === undefined) return found;
      found.push(directive);
    } catch {
      return found;
    }
  }
  return found;
}

function jsonSyntax(text: string): SyntaxChoice | undefined {
  const body = text.startsWith('#!') ? text.slice(text.indexOf('\n') + 1) : text;
  if (!body.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    if (!isObject(value) || typeof value['syntax'] !== 'string') return undefined;
    return { image: value['syntax'], commandLine: value['syntax'] };
  } catch {
    return undefined;
  }
}
