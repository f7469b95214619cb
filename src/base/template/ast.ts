/** The tree of a template. Every node knows its position and its printed form in Go, for error messages. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[] | undefined;
    }
  | { readonly kind: 'break' | 'continue' };

export interface Pipe {
  readonly at: number;
  /** Variables that it sets, including `$`. */
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly at: number;
  readonly operands: readonly Operand[];
}

export type Operand =
  | { readonly kind: 'dot' | 'nil'; readonly at: number }
  | { readonly kind: 'bool'; readonly at: number; readonly value: boolean }
  | {
      readonly kind: 'number';
      readonly at: number;
      readonly value: number | bigint;
      readonly isFloat: boolean;
      readonly text: string;
    }
  | { readonly kind: 'string'; readonly at: number; readonly value: string; readonly text: string }
  | { readonly kind: 'field'; readonly at: number; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly at: number; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly at: number; readonly name: string }
  | { readonly kind: 'pipe'; readonly at: number; readonly pipe: Pipe }
  | { readonly kind: 'chain'; readonly at: number; readonly of: Operand; readonly path: readonly string[] };

export function pipeText(pipe: Pipe): string {
  const variables = pipe.variables.length === 0 ? '' : `${pipe.variables.join(', ')} ${pipe.declares ? ':=' : '='} `;
  return variables + pipe.commands.map(commandText).join(' | ');
}

export function commandText(command: Command): string {
  return command.operands
    .map((operand) => (operand.kind === 'pipe' ? `(${pipeText(operand.pipe)})` : operandText(operand)))
    .join(' ');
}

export function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(operand.value);
    case 'number':
    case 'string':
      return operand.text;
    case 'field':
      return dotted(operand.path);
    case 'variable':
      return operand.name + dotted(operand.path);
    case 'function':
      return operand.name;
    case 'pipe':
      return pipeText(operand.pipe);
    case 'chain':
      return (
        (operand.of.kind === 'pipe' ? `(${operandText(operand.of)})` : operandText(operand.of)) + dotted(operand.path)
      );
  }
}

function dotted(path: readonly string[]): string {
  return path.map((name) => `.${name}`).join('');
}
