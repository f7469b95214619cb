import type { ResourceEvent } from '../apply/index.ts';
import type { ResourceView } from './resource-view.ts';

export interface Screen {
  write(text: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Milliseconds. */
  now(): number;
}

interface Row extends ResourceEvent {
  readonly since: number;
  readonly until: number | undefined;
}

const DRAW_MILLISECONDS = 100;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MARKS = { done: '\x1b[32m✔\x1b[0m', warning: '\x1b[33m!\x1b[0m', error: '\x1b[31m✘\x1b[0m' } as const;
const COLORS = { working: '', done: '\x1b[32m', warning: '\x1b[33m', error: '\x1b[31m' } as const;

/** Control characters, with which a text could move the cursor. */
const UNPRINTABLE = /\p{Cc}/gu;

/** The resources of a project in a terminal, one row each, redrawn in place: state and time. */
export function liveResources(screen: Screen, title = 'Running'): ResourceView {
  const rows = new Map<string, Row>();
  /** The characters of each line on the screen. */
  let drawn: readonly number[] = [];
  const draw = (): void => {
    const { rows: height, columns } = screen.size();
    const now = screen.now();
    const all = [...rows.values()];
    const done = all.filter(({ status }) => status !== 'working').length;
    const room = Math.max(height - 2, 1);
    const shown =
      all.length <= room ? all : [...all.filter(isOpen), ...all.filter((row) => !isOpen(row))].slice(0, room);
    const width = Math.max(0, ...shown.map(({ id }) => id.length));
    const head = `[+] ${title} ${done}/${all.length}`.slice(0, Math.max(columns - 1, 0));
    const lines = [head, ...shown.map((row) => line(row, { width, columns, now }))];
    // In a terminal that has become narrower, they take several rows each.
    const above = drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / Math.max(columns, 1))), 0);
    const up = above > 0 ? `\x1b[${above}A` : '';
    screen.write(`\x1b[?25l${up}\r${lines.map((text) => `\x1b[2K${text}\n`).join('')}\x1b[J\x1b[?25h`);
    drawn = [head.length, ...shown.map(() => Math.max(columns - 1, 0))];
  };
  const timer = setInterval(() => {
    if (rows.size > 0) draw();
  }, DRAW_MILLISECONDS);
  timer.unref();
  return {
    show(event) {
      const now = screen.now();
      const since = rows.get(event.id)?.since ?? now;
      rows.set(event.id, { ...event, since, until: event.status === 'working' ? undefined : now });
    },
    end() {
      clearInterval(timer);
      if (rows.size > 0) draw();
    },
  };
}

function isOpen({ status }: Row): boolean {
  return status === 'working' || status === 'error';
}

/** What a line needs besides a name: the mark, a state of 12 characters, a time, and the gaps. */
const BESIDE_NAME = 26;
const NAME_MIN = 6;
const TEXT_MIN = 8;

/** As wide as the terminal but one column: in the last one, some terminals wrap. */
function line(
  { id, text, status, since, until }: Row,
  { width, columns, now }: { readonly width: number; readonly columns: number; readonly now: number },
): string {
  const spinner = SPINNER[Math.floor(now / DRAW_MILLISECONDS) % SPINNER.length];
  const mark = status === 'working' ? spinner : MARKS[status];
  const nameWidth = Math.max(0, Math.min(width, Math.max(columns - BESIDE_NAME, NAME_MIN), columns - NAME_MIN));
  // The ends of names differ.
  const name = id.length > nameWidth ? `…${id.slice(id.length - nameWidth + 1)}` : id.padEnd(nameWidth);
  const rest = Math.max(0, columns - nameWidth - 6);
  const duration = `${(((until ?? now) - since) / 1000).toFixed(1)}s`;
  const time = rest > duration.length + TEXT_MIN ? duration : '';
  const said = text
    .replaceAll(UNPRINTABLE, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, time === '' ? rest : rest - time.length - 1);
  const gap = ' '.repeat(rest - said.length - time.length);
  return ` ${mark} ${name}  ${COLORS[status]}${said}\x1b[0m${gap}\x1b[34m${time}\x1b[0m`;
}
