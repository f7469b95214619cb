import { invalid } from '../../../base/errors.ts';

/** The mode of copied files: a number, or changes of the mode that a file has. */
export interface CopyMode {
  /** -1 keeps the mode. */
  readonly mode: number;
  readonly modeStr: string;
}

const SYMBOLIC = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+$/;

/** Reads `--chmod`, expanded. @throws EngineError invalid */
export function copyMode(text: string): CopyMode {
  if (text === '') return { mode: -1, modeStr: '' };
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= 0o7777) return { mode, modeStr: '' };
    throw invalid(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`);
  }
  if (text.split(',').every((change) => SYMBOLIC.test(change))) return { mode: 0, modeStr: text };
  throw invalid('invalid syntax');
}
