import { invalid } from '../../../base/errors.ts';
import { trimSpace, trimStart } from '../../../base/go-space.ts';
import { DOCKERFILE_BYTES_MAX, INSTRUCTION_CHARS_MAX, INSTRUCTIONS_MAX, LINE_BYTES_MAX, WORDS_MAX } from '../limits.ts';
import type { Range } from '../location.ts';
import { atPlace, sourceError } from '../source-error.ts';
import { type Directive, DirectiveReader } from './directives.ts';
import { heredocStarts } from './heredocs.ts';
import { type SourceLine, SourceLines, withoutLineEnd } from './source-lines.ts';
import { splitInstruction } from './split-instruction.ts';
import type { Escape, Heredoc, ParsedDockerfile, ParsedInstruction } from './tree.ts';

/**
 * Splits a Dockerfile into instructions. Keywords and flags are not checked yet.
 * @throws EngineError invalid, in BuildKit's words; `placeOf` returns the place
 */
export function parseDockerfile(text: string): ParsedDockerfile {
  if (text.length > DOCKERFILE_BYTES_MAX || Buffer.byteLength(text) > DOCKERFILE_BYTES_MAX) {
    throw invalid(`Dockerfile exceeds maximum allowed size of ${DOCKERFILE_BYTES_MAX} bytes`);
  }
  if (text === '') throw invalid('the Dockerfile cannot be empty');
  return new DockerfileParser(text.startsWith('\ufeff') ? text.slice(1) : text).parse();
}

/** An instruction's lines, joined. */
interface Joined {
  readonly text: string;
  readonly first: SourceLine;
  readonly last: SourceLine;
  readonly hasBlankLines: boolean;
}

const TAKES_HEREDOCS: ReadonlySet<string> = new Set(['add', 'copy', 'run']);

class DockerfileParser {
  readonly #lines: SourceLines;
  readonly #directiveReader = new DirectiveReader();
  readonly #directives: Directive[] = [];
  readonly #instructions: ParsedInstruction[] = [];
  readonly #emptyContinuations: number[] = [];
  #escape: Escape = '\\';
  #comments: string[] = [];
  #words = 0;

  constructor(text: string) {
    this.#lines = new SourceLines(text);
  }

  parse(): ParsedDockerfile {
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) this.#readLine(line);
    const { count } = this.#lines;
    if (this.#instructions.length === 0) throw sourceError('file with no instructions', wholeLine(count, ''));
    if (this.#lines.isCut) {
      throw sourceError(`dockerfile line greater than max allowed size of ${LINE_BYTES_MAX}`, wholeLine(count, ''));
    }
    return {
      escapeChar: this.#escape,
      directives: this.#directives,
      instructions: this.#instructions,
      emptyContinuations: this.#emptyContinuations,
    };
  }

  #readLine(line: SourceLine): void {
    const text = trimStart(withoutLineEnd(line.text));
    const directive = this.#directive(text, line);
    if (text.startsWith('#')) {
      if (directive === undefined) this.#addComment(line.text);
      return;
    }
    if (text === '') return;
    const joined = this.#join(text, line);
    const range = rangeOf(joined.first, joined.last);
    const instruction = atPlace(range, () => this.#instruction(joined, range));
    if (joined.hasBlankLines) this.#emptyContinuations.push(joined.last.number);
    this.#words += instruction.words.length + instruction.pairs.length;
    if (this.#instructions.length === INSTRUCTIONS_MAX || this.#words > WORDS_MAX) {
      throw sourceError('the Dockerfile has too many instructions', range);
    }
    this.#instructions.push(this.#withHeredocs(instruction));
    this.#comments = [];
  }

  #directive(text: string, line: SourceLine): Directive | undefined {
    return atPlace(wholeLine(line.number, text), () => {
      const directive = this.#directiveReader.read(text, line.number);
      if (directive === undefined) return undefined;
      if (directive.name === 'escape') this.#escape = escapeOf(directive.value);
      this.#directives.push(directive);
      return directive;
    });
  }

  #addComment(line: string): void {
    const comment = trimSpace(line.slice(1));
    if (comment === '') this.#comments = [];
    else this.#comments.push(comment);
  }

  /** Joins an instruction's lines. Comments and blank lines within are left out. */
  #join(start: string, first: SourceLine): Joined {
    const parts: string[] = [];
    let [last, hasBlankLines, length] = [first, false, 0];
    let [part, isContinued] = cutContinuation(start, this.#escape);
    for (;;) {
      parts.push(part);
      length += part.length;
      const next = isContinued ? this.#lines.next() : undefined;
      if (next === undefined) break;
      last = next;
      const text = withoutLineEnd(next.text);
      const plain = trimStart(text);
      if (plain === '' || plain.startsWith('#')) {
        if (plain === '') hasBlankLines = true;
        part = '';
      } else [part, isContinued] = cutContinuation(text, this.#escape);
      if (length + part.length > INSTRUCTION_CHARS_MAX) {
        throw sourceError('the instruction is too long', rangeOf(first, next));
      }
    }
    return { text: parts.join(''), first, last, hasBlankLines };
  }

  #instruction({ text }: Joined, range: Range): ParsedInstruction {
    return splitInstruction(text, { escapeChar: this.#escape, comments: this.#comments, range });
  }

  /** Reads the heredocs that follow an instruction. */
  #withHeredocs(instruction: ParsedInstruction): ParsedInstruction {
    const { original, range } = instruction;
    if (!takesHeredocs(instruction)) return instruction;
    const starts = atPlace(range, () => heredocStarts(original));
    if (starts.length === 0) return instruction;
    const heredocs: Heredoc[] = [];
    let end = range.end;
    for (const start of starts) {
      const parts: string[] = [];
      for (;;) {
        const line = this.#lines.next();
        if (line === undefined) throw sourceError('unterminated heredoc', { start: range.start, end });
        const text = withoutLineEnd(line.text);
        end = { line: line.number, column: text.length + 1 };
        if ((start.cutsTabs ? text.replace(/^\t+/, '') : text) === start.name) break;
        parts.push(line.text);
      }
      heredocs.push({ ...start, content: parts.join('') });
    }
    return { ...instruction, heredocs, range: { start: range.start, end } };
  }
}

function escapeOf(value: string): Escape {
  if (value === '\\' || value === '`') return value;
  throw invalid(`invalid escape token '${value}' does not match \` or \\`);
}

/** An escape at the end continues the line, unless another precedes it. */
function cutContinuation(text: string, escapeChar: Escape): [part: string, isContinued: boolean] {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  if (text[end - 1] !== escapeChar || text[end - 2] === escapeChar) return [text, false];
  return [text.slice(0, end - 1), true];
}

function takesHeredocs(instruction: ParsedInstruction): boolean {
  const { name, isJson } = instruction.inner ?? instruction;
  return TAKES_HEREDOCS.has(name.toLowerCase()) && !isJson;
}

function rangeOf(first: SourceLine, last: SourceLine): Range {
  const column = first.text.length - trimStart(first.text).length + 1;
  return {
    start: { line: first.number, column },
    end: { line: last.number, column: withoutLineEnd(last.text).length + 1 },
  };
}

function wholeLine(line: number, text: string): Range {
  return { start: { line, column: 1 }, end: { line, column: text.length + 1 } };
}
