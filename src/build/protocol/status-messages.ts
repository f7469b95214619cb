import type { Init } from '../../grpc/index.ts';
import type { statusResponse, vertex, vertexLog, vertexStatus, vertexWarning } from '../../grpc/messages/control.ts';
import type { Progress, StepStatus, StepWarning, VertexProgress } from '../solver/index.ts';
import { maybeTimestamp, toTimestamp } from './timestamps.ts';

type StatusResponse = Init<typeof statusResponse>;
/** Output in one message. A message must stay far below the limit of 16 MiB. */
const LOG_BYTES = 1 << 20;
const MAX_ENTRIES = 2000;

/** The messages of `Control.Status` for pieces of progress, in their order and none too large. */
export function* statusMessages(pieces: readonly Progress[]): Generator<StatusResponse, void, undefined> {
  let open = new StatusBatch();
  for (const piece of pieces) {
    for (const part of piece.kind === 'log' ? logParts(piece) : [piece]) {
      if (open.isFull) {
        yield open.message;
        open = new StatusBatch();
      }
      open.add(part);
    }
  }
  if (open.entries > 0) yield open.message;
}

class StatusBatch {
  entries = 0;
  #logBytes = 0;
  readonly #vertexes: Init<typeof vertex>[] = [];
  readonly #statuses: Init<typeof vertexStatus>[] = [];
  readonly #logs: Init<typeof vertexLog>[] = [];
  readonly #warnings: Init<typeof vertexWarning>[] = [];

  get isFull(): boolean {
    return this.#logBytes >= LOG_BYTES || this.entries >= MAX_ENTRIES;
  }

  get message(): StatusResponse {
    return { vertexes: this.#vertexes, statuses: this.#statuses, logs: this.#logs, warnings: this.#warnings };
  }

  add(piece: Progress): void {
    this.entries += 1;
    if (piece.kind === 'vertex') this.#vertexes.push(vertexMessage(piece.vertex));
    else if (piece.kind === 'status') this.#statuses.push(partMessage(piece.vertex, piece.status));
    else if (piece.kind === 'warning') this.#warnings.push(warningMessage(piece.vertex, piece.warning));
    else {
      this.#logBytes += piece.bytes.length;
      const { vertex: step, stream, bytes: msg, at } = piece;
      this.#logs.push({ vertex: step, stream, msg, timestamp: toTimestamp(at) });
    }
  }
}

type Log = Progress & { readonly kind: 'log' };

function* logParts(log: Log): Generator<Log, void, undefined> {
  for (let at = 0; at < log.bytes.length; at += LOG_BYTES) {
    yield { ...log, bytes: log.bytes.subarray(at, at + LOG_BYTES) };
  }
}

function vertexMessage(step: VertexProgress): Init<typeof vertex> {
  const { digest, name, inputs, progressGroup, started, completed, cached, error } = step;
  return {
    digest,
    name,
    inputs,
    progressGroup,
    cached: cached ?? false,
    error: error ?? '',
    started: maybeTimestamp(started),
    completed: maybeTimestamp(completed),
  };
}

function partMessage(step: string, status: StepStatus & { readonly at: number }): Init<typeof vertexStatus> {
  const { id, name, current, total, started, completed, at } = status;
  return {
    ID: id,
    vertex: step,
    name: name ?? '',
    current: current ?? 0,
    total: total ?? 0,
    timestamp: toTimestamp(at),
    started: toTimestamp(started ?? at),
    completed: maybeTimestamp(completed),
  };
}

function warningMessage(step: string, warning: StepWarning): Init<typeof vertexWarning> {
  const { short, detail, url, level = 1, place } = warning;
  return {
    vertex: step,
    level,
    short: Buffer.from(short),
    detail: detail.map((line) => Buffer.from(line)),
    url,
    info: place?.source,
    ranges: place?.ranges ?? [],
  };
}
