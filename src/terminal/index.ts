export { drawProgress } from './draw-progress.ts';
export { followSize } from './follow-size.ts';
export { forwardSignals } from './forward-signals.ts';
export { isTerminal, Output } from './output.ts';
export { rawTerminal, terminalSize } from './raw-terminal.ts';
export { readKeys } from './read-keys.ts';
export { openSession, type Screen, type Session, type SessionEnd, type SessionOptions } from './session.ts';
