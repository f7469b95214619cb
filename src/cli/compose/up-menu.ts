import { readKeys } from '../../terminal/index.ts';
import type { Flags } from '../flags/parse.ts';
import { hasAnsi } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';
import type { TextOutput } from './compose-world.ts';

/** What its keys do. */
export interface MenuActions {
  toggleWatch(): void;
  detach(): void;
  interrupt(): void;
  isWatching(): boolean;
}

/** A narrower terminal would break the line. */
const COLUMNS_MIN = 40;
const CTRL_C = '\x03';
const CLEAR = '\r\x1b[K';

/** A line of keys below the output of `up`, while it is open. */
export class UpMenu implements Disposable {
  readonly #out: TextOutput;
  #keys: Disposable | undefined;
  #line: (() => string) | undefined;

  constructor(out: TextOutput) {
    this.#out = out;
  }

  open(actions: MenuActions): void {
    const line = (): string => `${key('w')} ${actions.isWatching() ? 'Disable' : 'Enable'} Watch   ${key('d')} Detach`;
    this.#keys = readKeys((pressed) => {
      if (pressed === 'w') this.above(() => actions.toggleWatch());
      else if (pressed === 'd') actions.detach();
      else if (pressed === CTRL_C) actions.interrupt();
      else if (pressed === '\r') this.above(() => this.#out.write('\n'));
    });
    this.above(() => {
      this.#line = line;
    });
  }

  /** Prints whole lines above the menu. */
  above(print: () => void): void {
    if (this.#line !== undefined) this.#out.write(CLEAR);
    print();
    if (this.#line !== undefined) this.#out.write(CLEAR + this.#line());
  }

  [Symbol.dispose](): void {
    if (this.#line !== undefined) this.#out.write(CLEAR);
    this.#line = undefined;
    this.#keys?.[Symbol.dispose]();
    this.#keys = undefined;
  }
}

/** Whether `up` shows the menu: in a terminal, unless `--menu` or COMPOSE_MENU says no. */
export function hasMenu(call: ComposeCall, flags: Flags): boolean {
  const { cli } = call.world;
  if (!cli.stdinIsTerminal || !cli.out.isTerminal || !hasAnsi(call, cli.out)) return false;
  if ((process.stdout.columns || 80) < COLUMNS_MIN) return false;
  return flags.changed('menu') ? flags.bool('menu') : !NO.has((cli.env['COMPOSE_MENU'] ?? '').toLowerCase());
}

const NO = new Set(['0', 'f', 'false']);

function key(name: string): string {
  return `\x1b[7m ${name} \x1b[0m`;
}
