import type { ResourceEvent } from '../apply/index.ts';

/** Shows what happens to resources. */
export interface ResourceView {
  show(event: ResourceEvent): void;
  /** Draws the last state. Nothing is shown after it. */
  end(): void;
}

/** A line for each event, as Compose prints them without a terminal. */
export function resourceLines(write: (text: string) => void): ResourceView {
  return {
    show: ({ id, text }) => write(id.includes(' ') ? ` ${id}  ${text}\n` : ` ${id} ${text} \n`),
    end: () => {},
  };
}

/** An event per line as JSON, for programs. */
export function resourceJson(write: (text: string) => void): ResourceView {
  return {
    show: ({ id, text, status }) => write(`${JSON.stringify({ id, status: STATUS[status], text })}\n`),
    end: () => {},
  };
}

const STATUS: Readonly<Record<ResourceEvent['status'], string>> = {
  working: 'Working',
  done: 'Done',
  warning: 'Warning',
  error: 'Error',
};
