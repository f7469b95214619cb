import { messageOf } from '../errors.ts';
import { type Command, commandText, type Node, type Operand, operandText, type Pipe } from './ast.ts';
import type { TemplateFunction } from './functions.ts';
import { display, Fields, isInteger, isMap, isObject, sortedKeys, truth, typeName, type Value } from './value.ts';

/** A template failed on its data. */
export class TemplateExecutionError extends Error {}

/** What a template of a stranger may use. Without limits it may run for ever. */
export interface TemplateLimits {
  /** Nodes that are run, each as often as it is. */
  readonly steps: number;
  /** Letters of the result, and of each text on the way to it. */
  readonly letters: number;
}

export interface EvaluateOptions {
  /** The template's name, for messages. */
  readonly name: string;
  readonly limits?: TemplateLimits | undefined;
  readonly functions: Readonly<Record<string, TemplateFunction>>;
}

interface Variable {
  readonly name: string;
  value: Value;
}

/** Stands for the absence of a piped value. */
const NOTHING = Symbol('nothing');
type Signal = 'break' | 'continue' | undefined;

/** Runs a parsed template on its data. @throws TemplateExecutionError in Go's words */
export function evaluate(source: string, nodes: readonly Node[], data: Value, options: EvaluateOptions): string {
  const evaluation = new Evaluation(source, data, options);
  evaluation.walk(nodes, data);
  return evaluation.out;
}

class Evaluation {
  out = '';
  readonly #source: string;
  readonly #options: EvaluateOptions;
  readonly #variables: Variable[];
  #steps = 0;

  constructor(source: string, data: Value, options: EvaluateOptions) {
    this.#source = source;
    this.#options = options;
    this.#variables = [{ name: '$', value: data }];
  }

  walk(nodes: readonly Node[], dot: Value): Signal {
    for (const node of nodes) {
      this.#step();
      switch (node.kind) {
        case 'text':
          this.out += node.text;
          break;
        case 'action': {
          const value = this.#pipe(node.pipe, dot);
          if (node.pipe.variables.length === 0) this.out += display(value);
          break;
        }
        case 'break':
        case 'continue':
          return node.kind;
        case 'range': {
          const signal = this.#range(node, dot);
          if (signal !== undefined) return signal;
          break;
        }
        default: {
          const scope = this.#variables.length;
          const value = this.#pipe(node.pipe, dot);
          const inner = node.kind === 'with' ? value : dot;
          const signal = truth(value) ? this.walk(node.body, inner) : node.otherwise && this.walk(node.otherwise, dot);
          this.#variables.length = scope;
          if (signal !== undefined) return signal;
        }
      }
    }
    return undefined;
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Signal {
    const scope = this.#variables.length;
    const { variables, declares } = node.pipe;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    let ran = false;
    for (const [key, item] of this.#entries(value, node.pipe)) {
      ran = true;
      this.#step();
      const mark = this.#variables.length;
      const names: readonly (readonly [string, Value])[] =
        variables.length === 2
          ? [
              [variables[0] ?? '', key],
              [variables[1] ?? '', item],
            ]
          : variables.length === 1
            ? [[variables[0] ?? '', item]]
            : [];
      for (const [name, each] of names) this.#bind(name, each, declares);
      const signal = this.walk(node.body, item);
      this.#variables.length = mark;
      if (signal === 'break') break;
    }
    const signal = !ran && node.otherwise !== undefined ? this.walk(node.otherwise, dot) : undefined;
    this.#variables.length = scope;
    return signal;
  }

  *#entries(value: Value, pipe: Pipe): Generator<readonly [Value, Value]> {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) yield* value.entries();
    else if (isInteger(value)) {
      for (let index = 0; index < Number(value); index++) yield [index, index];
    } else if (isObject(value) && !(value instanceof Fields)) {
      for (const key of sortedKeys(value)) yield [key, value[key]];
    } else {
      throw this.#fail(
        pipe.at,
        pipe.commands.map(commandText).join(' | '),
        `range can't iterate over ${display(value)}`,
      );
    }
  }

  #bind(name: string, value: Value, declares: boolean): void {
    const known = declares ? undefined : this.#variables.findLast((variable) => variable.name === name);
    if (known === undefined) this.#variables.push({ name, value });
    else known.value = value;
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let value: Value = NOTHING;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) this.#bind(name, value, pipe.declares);
    return value;
  }

  #command(command: Command, dot: Value, final: Value): Value {
    const [first, ...rest] = command.operands;
    if (first === undefined) return undefined;
    switch (first.kind) {
      case 'function':
        return this.#function(first, command, { dot, args: rest, final });
      case 'field':
        return this.#path(dot, first, first.path, { dot, args: rest, final });
      case 'variable':
        if (first.path.length > 0)
          return this.#path(this.#variable(first.name), first, first.path, { dot, args: rest, final });
        break;
      case 'chain':
        return this.#path(this.#operand(first.of, dot), first, first.path, { dot, args: rest, final });
      default:
    }
    if (rest.length > 0 || final !== NOTHING) {
      throw this.#fail(first.at, operandText(first), `can't give argument to non-function ${operandText(first)}`);
    }
    if (first.kind === 'nil') throw this.#fail(first.at, 'nil', 'nil is not a command');
    return this.#operand(first, dot);
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'bool':
      case 'string':
      case 'number':
        return operand.value;
      case 'field':
        return this.#path(dot, operand, operand.path, { dot, args: [], final: NOTHING });
      case 'variable':
        return this.#path(this.#variable(operand.name), operand, operand.path, { dot, args: [], final: NOTHING });
      case 'function':
        return this.#function(operand, undefined, { dot, args: [], final: NOTHING });
      case 'pipe':
        return this.#pipe(operand.pipe, dot);
      case 'chain':
        return this.#path(this.#operand(operand.of, dot), operand, operand.path, { dot, args: [], final: NOTHING });
    }
  }

  #variable(name: string): Value {
    return this.#variables.findLast((variable) => variable.name === name)?.value;
  }

  #function(node: Extract<Operand, { kind: 'function' }>, command: Command | undefined, given: Given): Value {
    const { name } = node;
    const context = command === undefined ? name : commandText(command);
    if (name === 'and' || name === 'or') return this.#shortCircuit(node, context, given);
    const target = this.#options.functions[name];
    if (target === undefined) throw this.#fail(node.at, context, `${JSON.stringify(name)} is not a defined function`);
    const count = given.args.length + (given.final === NOTHING ? 0 : 1);
    if (count < target.min || count > target.max) {
      const want = target.max === Infinity ? `at least ${target.min}` : String(target.min);
      throw this.#fail(node.at, name, `wrong number of args for ${name}: want ${want} got ${count}`);
    }
    const args = given.args.map((operand) => this.#operand(operand, given.dot));
    if (given.final !== NOTHING) args.push(given.final);
    try {
      const result = target.call(...args);
      this.#checkSize(result);
      return result;
    } catch (error) {
      if (error instanceof TemplateExecutionError) throw error;
      const message = messageOf(error);
      if (message.startsWith('wrong type for value')) {
        const wrong = given.args.at(-1);
        throw this.#fail(wrong?.at ?? node.at, wrong === undefined ? name : operandText(wrong), message);
      }
      throw this.#fail(node.at, context, `error calling ${name}: ${message}`);
    }
  }

  #shortCircuit(node: Extract<Operand, { kind: 'function' }>, context: string, given: Given): Value {
    const stopAt = node.name === 'or';
    let value: Value = NOTHING;
    for (const operand of given.args) {
      value = this.#operand(operand, given.dot);
      if (truth(value) === stopAt) return value;
    }
    if (given.final !== NOTHING) value = given.final;
    if (value === NOTHING)
      throw this.#fail(node.at, context, `wrong number of args for ${node.name}: want at least 1 got 0`);
    return value;
  }

  #path(start: Value, node: Operand, path: readonly string[], given: Given): Value {
    let value = start;
    for (const [index, name] of path.entries()) {
      const last = index === path.length - 1;
      value = this.#field(value, name, node, last ? given : { dot: given.dot, args: [], final: NOTHING });
    }
    return value;
  }

  #field(receiver: Value, name: string, node: Operand, given: Given): Value {
    const context = operandText(node);
    const hasArguments = given.args.length > 0 || given.final !== NOTHING;
    // As in Go, a field of a missing key is "no value" too.
    if (receiver === undefined) return undefined;
    if (receiver === null) {
      throw this.#fail(node.at, context, `nil pointer evaluating interface {}.${name}`);
    }
    const fields = receiver instanceof Fields ? receiver.fields : isObject(receiver) ? receiver : undefined;
    if (fields === undefined)
      throw this.#fail(node.at, context, `can't evaluate field ${name} in type ${typeName(receiver)}`);
    if (!Object.hasOwn(fields, name)) {
      if (receiver instanceof Fields)
        throw this.#fail(node.at, context, `can't evaluate field ${name} in type ${receiver.typeName}`);
      if (isMap(receiver)) return undefined;
      throw this.#fail(node.at, context, `map has no entry for key ${JSON.stringify(name)}`);
    }
    const value = fields[name];
    if (typeof value === 'function') {
      const args = given.args.map((operand) => this.#operand(operand, given.dot));
      if (given.final !== NOTHING) args.push(given.final);
      if (args.length !== value.length) {
        throw this.#fail(node.at, context, `wrong number of args for ${name}: want ${value.length} got ${args.length}`);
      }
      return value(...args) as Value;
    }
    if (hasArguments) throw this.#fail(node.at, context, `${name} has arguments but cannot be invoked as function`);
    return value;
  }

  #step(): void {
    this.#steps += 1;
    const { steps = Infinity } = this.#options.limits ?? {};
    if (this.#steps > steps) throw this.#tooLarge('takes too many steps');
    this.#checkSize(this.out);
  }

  #checkSize(value: Value): void {
    const { letters = Infinity } = this.#options.limits ?? {};
    if (typeof value === 'string' && value.length > letters) throw this.#tooLarge('makes a text that is too long');
  }

  #tooLarge(what: string): TemplateExecutionError {
    const { name } = this.#options;
    return new TemplateExecutionError(`template: ${name}: executing ${JSON.stringify(name)}: it ${what}`);
  }

  #fail(at: number, context: string, message: string): TemplateExecutionError {
    const before = this.#source.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const shown = context.length > 20 ? `${context.slice(0, 20)}...` : context;
    const column = Buffer.byteLength(before.slice(lineStart));
    const { name } = this.#options;
    return new TemplateExecutionError(
      `template: ${name}:${line}:${column}: executing ${JSON.stringify(name)} at <${shown}>: ${message}`,
    );
  }
}

interface Given {
  readonly dot: Value;
  readonly args: readonly Operand[];
  readonly final: Value;
}
