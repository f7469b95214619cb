import type { BuildStatus } from '../../../client/index.ts';
import type { Cli } from '../../cli.ts';
import { CliError } from '../../errors.ts';
import { LiveView } from './live-view.ts';
import { PlainPrinter, timeColumn } from './plain-printer.ts';
import { rawJson } from './raw-json.ts';
import { isCancelled, StepModel } from './step-model.ts';

/** Shows a build on standard error. */
export interface BuildProgress {
  take(status: BuildStatus): void;
  /** The end of the steps: draws the rest, and the last lines of a step that failed. */
  end(): void;
  readonly model: StepModel;
  /** Whether people read it. */
  readonly isText: boolean;
}

const LOG_TAIL = 10;

/** @throws CliError for an unknown mode */
export function openProgress(cli: Cli, mode: string): BuildProgress {
  switch (mode) {
    case 'auto':
      return cli.err.isTerminal ? live(cli) : plain(cli);
    case 'tty':
      if (!cli.err.isTerminal) throw new CliError(1, 'ERROR: failed to build: failed to get console');
      return live(cli);
    case 'plain':
      return plain(cli);
    case 'quiet':
    case 'none':
      return quiet();
    case 'rawjson':
      return raw(cli);
    default:
      throw new CliError(1, `ERROR: failed to build: invalid progress mode: ${mode}`);
  }
}

function plain(cli: Cli): BuildProgress {
  cli.err.line('#0 building with "default" instance using docker driver');
  const printer = new PlainPrinter((text) => cli.err.write(text));
  return shown(cli, printer);
}

function live(cli: Cli): BuildProgress {
  const { stderr } = process;
  const view = new LiveView({
    write: (text) => cli.err.write(text),
    size: () => ({ rows: stderr.rows || 24, columns: stderr.columns || 80 }),
    now: () => Date.now() / 1000,
  });
  return shown(cli, view);
}

function shown(cli: Cli, view: PlainPrinter | LiveView): BuildProgress {
  return {
    model: view.model,
    isText: true,
    take: (status) => view.take(status),
    end() {
      view.end();
      cli.err.write(failedSteps(view.model));
    },
  };
}

function quiet(): BuildProgress {
  const model = new StepModel();
  return { model, isText: false, take: (status) => void model.take(status), end: () => undefined };
}

function raw(cli: Cli): BuildProgress {
  const model = new StepModel();
  return {
    model,
    isText: false,
    take(status) {
      model.take(status);
      cli.err.write(rawJson(status));
    },
    end: () => undefined,
  };
}

/** The last lines of steps that failed. */
function failedSteps({ steps }: StepModel): string {
  const failed = steps.filter((step) => step.vertex.error !== '' && !isCancelled(step));
  return failed
    .filter(({ log }) => log.length > 0)
    .map(({ vertex, log }) => {
      const lines = log.slice(-LOG_TAIL).map(({ seconds, text }) => `${timeColumn(seconds)} ${text}\n`);
      return `------\n > ${vertex.name}:\n${lines.join('')}------\n`;
    })
    .join('');
}
