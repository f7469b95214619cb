import type { Command, Node, Operand, Pipe } from './ast.ts';
import { lex, syntaxError, type Token, type TokenKind } from './lex.ts';
import { parseNumber, unquote, unquoteChar } from './literal.ts';

/** The token that ended a list of nodes. */
type Ending = 'end' | 'else' | 'eof';

/**
 * Parses the subset of Go's text/template that output formats use: everything but `define`, `template` and `block`.
 * @throws TemplateSyntaxError in Go's words
 */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): readonly Node[] {
  return new Parser(source, isFunction).template();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #isFunction: (name: string) => boolean;
  #at = 0;
  #variables: string[] = ['$'];
  #loops = 0;

  constructor(source: string, isFunction: (name: string) => boolean) {
    this.#source = source;
    this.#tokens = lex(source);
    this.#isFunction = isFunction;
  }

  template(): readonly Node[] {
    const { nodes, ending } = this.#list();
    if (ending !== 'eof') throw this.#fail(`unexpected {{${ending}}}`);
    return nodes;
  }

  #list(): { nodes: Node[]; ending: Ending } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'eof') return { nodes, ending: 'eof' };
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      this.#skipSpace();
      const word = this.#peek();
      if (word.kind !== 'keyword') {
        nodes.push({ kind: 'action', pipe: this.#pipe('command', 'right') });
        continue;
      }
      this.#next();
      switch (word.text) {
        case 'end':
          this.#expect('right', 'end');
          return { nodes, ending: 'end' };
        case 'else':
          return { nodes, ending: 'else' };
        case 'if':
        case 'with':
        case 'range':
          nodes.push(this.#control(word.text));
          break;
        case 'break':
        case 'continue':
          if (this.#loops === 0) throw this.#fail(`{{${word.text}}} outside {{range}}`);
          this.#expect('right', word.text);
          nodes.push({ kind: word.text });
          break;
        default:
          throw this.#fail(`{{${word.text}}} is not supported in output formats`);
      }
    }
  }

  #control(kind: 'if' | 'with' | 'range'): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind, 'right');
    if (kind === 'range') this.#loops++;
    const { nodes: body, ending } = this.#list();
    if (kind === 'range') this.#loops--;
    let otherwise: readonly Node[] | undefined;
    if (ending === 'else') otherwise = this.#else(kind);
    else if (ending === 'eof') throw this.#fail('unexpected EOF');
    this.#variables.length = scope;
    return { kind, pipe, body, otherwise };
  }

  /** Parses after `else`: a list up to `end`, or `else if` and `else with`, which have no `end` of their own. */
  #else(kind: 'if' | 'with' | 'range'): readonly Node[] {
    this.#skipSpace();
    const word = this.#peek();
    if (word.kind === 'keyword' && word.text === kind && kind !== 'range') {
      this.#next();
      return [this.#control(kind)];
    }
    this.#expect('right', 'else');
    const { nodes, ending } = this.#list();
    if (ending !== 'end') throw this.#fail(ending === 'eof' ? 'unexpected EOF' : `expected end; found {{else}}`);
    return nodes;
  }

  #pipe(context: string, end: TokenKind): Pipe {
    this.#skipSpace();
    const at = this.#peek().at;
    const { variables, declares } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      this.#skipSpace();
      const token = this.#peek();
      if (token.kind === end) {
        this.#next();
        this.#checkPipe(context, commands);
        return { at, variables, declares, commands };
      }
      commands.push(this.#command(context));
    }
  }

  #checkPipe(context: string, commands: readonly Command[]): void {
    if (commands.length === 0) throw this.#fail(`missing value for ${context}`);
    for (const [index, command] of commands.slice(1).entries()) {
      const first = command.operands[0];
      if (first !== undefined && ['bool', 'dot', 'nil', 'number', 'string'].includes(first.kind)) {
        throw this.#fail(`non executable command in pipeline stage ${index + 2}`);
      }
    }
  }

  #declarations(context: string): { variables: string[]; declares: boolean } {
    const variables: string[] = [];
    let declares = false;
    for (;;) {
      const start = this.#at;
      const token = this.#peek();
      if (token.kind !== 'variable') return { variables, declares };
      this.#next();
      this.#skipSpace();
      const operator = this.#peek();
      if (operator.kind === 'declare' || operator.kind === 'assign') {
        this.#next();
        this.#skipSpace();
        variables.push(token.text);
        declares = operator.kind === 'declare';
        if (declares) this.#variables.push(...variables);
        else if (!this.#variables.includes(token.text))
          throw this.#fail(`undefined variable ${JSON.stringify(token.text)}`);
        return { variables, declares };
      }
      if (operator.kind === 'comma' && context === 'range' && variables.length === 0) {
        this.#next();
        this.#skipSpace();
        variables.push(token.text);
        continue;
      }
      if (operator.kind === 'comma') throw this.#fail(`too many declarations in ${context}`);
      this.#at = start;
      return { variables, declares };
    }
  }

  #command(context: string): Command {
    const at = this.#peek().at;
    const operands: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === 'rparen') this.#at--;
      else if (token.kind !== 'pipe')
        throw this.#fail(`unexpected ${describe(token)} in ${operand === undefined ? context : 'operand'}`);
      if (operands.length === 0) throw this.#fail('empty command');
      if (token.kind === 'pipe') {
        this.#skipSpace();
        const after = this.#peek().kind;
        if (after === 'right' || after === 'rparen') throw this.#fail(`missing value for ${context}`);
      }
      return { at, operands };
    }
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined) return undefined;
    const first = this.#peek();
    if (first.kind !== 'field') return term;
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#next().text.slice(1));
    switch (term.kind) {
      case 'field':
        return { kind: 'field', at: first.at, path: [...term.path, ...path] };
      case 'variable':
        return { kind: 'variable', at: first.at, name: term.name, path: [...term.path, ...path] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        throw this.#fail(`unexpected . after term ${JSON.stringify('text' in term ? term.text : term.kind)}`);
      default:
        return { kind: 'chain', at: first.at, of: term, path };
    }
  }

  #term(): Operand | undefined {
    const token = this.#peek();
    const { at, text } = token;
    switch (token.kind) {
      case 'identifier':
        this.#next();
        if (!this.#isFunction(text)) throw this.#fail(`function ${JSON.stringify(text)} not defined`);
        return { kind: 'function', at, name: text };
      case 'dot':
      case 'nil':
        this.#next();
        return { kind: token.kind, at };
      case 'bool':
        this.#next();
        return { kind: 'bool', at, value: text === 'true' };
      case 'variable':
        this.#next();
        if (!this.#variables.includes(text)) throw this.#fail(`undefined variable ${JSON.stringify(text)}`);
        return { kind: 'variable', at, name: text, path: [] };
      case 'field':
        this.#next();
        return { kind: 'field', at, path: [text.slice(1)] };
      case 'number': {
        this.#next();
        const number = parseNumber(text);
        if (number === undefined) throw this.#fail(`bad number syntax: ${JSON.stringify(text)}`);
        return { kind: 'number', at, ...number, text };
      }
      case 'char': {
        this.#next();
        const value = unquoteChar(text);
        if (value === undefined) throw this.#fail(`malformed character constant: ${text}`);
        return { kind: 'number', at, value, isFloat: false, text };
      }
      case 'string': {
        this.#next();
        const value = unquote(text);
        if (value === undefined) throw this.#fail('invalid syntax');
        return { kind: 'string', at, value, text };
      }
      case 'lparen':
        this.#next();
        return { kind: 'pipe', at, pipe: this.#pipe('parenthesized pipeline', 'rparen') };
      default:
        return undefined;
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'eof', text: '', at: this.#source.length };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#at++;
  }

  #expect(kind: TokenKind, context: string): void {
    this.#skipSpace();
    const token = this.#next();
    if (token.kind !== kind) throw this.#fail(`unexpected ${describe(token)} in ${context}`);
  }

  #fail(message: string): Error {
    return syntaxError(this.#source, this.#tokens[Math.max(0, this.#at - 1)]?.at ?? this.#source.length, message);
  }
}

function describe(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'keyword') return `<${token.text}>`;
  return JSON.stringify(token.text);
}
