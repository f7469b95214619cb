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

/** The resources of a project in a terminal, one row each, redrawn in place: state and time. */
export function liveResources(screen: Screen, title = 'Running'): ResourceView {
  const rows = new Map<string, Row>();
  let drawn = 0;
  const draw = (): void => {
    const { rows: height, columns } = screen.size();
    const now = screen.now();
    const all = [...rows.values()];
    const done = all.filter(({ status }) => status !== 'working').length;
    const room = Math.max(height - 2, 1);
    const shown =
      all.length <= room ? all : [...all.filter(isOpen), ...all.filter((row) => !isOpen(row))].slice(0, room);
    const width = Math.max(0, ...shown.map(({ id }) => id.length));
    const lines = [`[+] ${title} ${done}/${all.length}`, ...shown.map((row) => line(row, { width, columns, now }))];
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    screen.write(`\x1b[?25l${up}\r${lines.map((text) => `\x1b[2K${text}\n`).join('')}\x1b[J\x1b[?25h`);
    drawn = lines.length;
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

function line(
  { id, text, status, since, until }: Row,
  { width, columns, now }: { readonly width: number; readonly columns: number; readonly now: number },
): string {
  const spinner = SPINNER[Math.floor(now / DRAW_MILLISECONDS) % SPINNER.length];
  const mark = status === 'working' ? spinner : MARKS[status];
  const time = `${(((until ?? now) - since) / 1000).toFixed(1)}s`;
  const room = columns - width - time.length - 6;
  const said = text.replaceAll(/\s+/g, ' ').slice(0, Math.max(room, 8));
  const gap = ' '.repeat(Math.max(1, room - said.length));
  return ` ${mark} ${id.padEnd(width)}  ${COLORS[status]}${said}\x1b[0m${gap}\x1b[34m${time}\x1b[0m`;
}
