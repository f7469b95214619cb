import { Duplex } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { formatDuration, formatNanos } from '../../base/time.ts';
import type { HealthcheckResult } from '../../spec/index.ts';
import { createExec } from '../exec/exec-create.ts';
import { type ExecStartDeps, startExec } from '../exec/exec-start.ts';
import type { Probe } from '../model/probe.ts';
import { SIGKILL } from '../model/signals.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';

export type RunProbeDeps = ExecStartDeps;

/** Number of bytes of a check's output that are kept. `...` marks that more was dropped. */
const KEPT_OUTPUT_BYTES = 4096;
/** The check itself failed: it could not be started, or took too long. */
const NO_EXIT_CODE = -1;
const FRAME_HEADER_BYTES = 8;

/** Runs a check once, as an exec of the container. Returns undefined, without a result, when `stopped` ended it. */
export async function runProbe(
  world: RunProbeDeps,
  entry: Entry,
  probe: Probe,
  stopped: AbortSignal,
): Promise<HealthcheckResult | undefined> {
  const Start = formatNanos(world.clock.now());
  const end = (ExitCode: number, Output: string): HealthcheckResult => ({
    Start,
    End: formatNanos(world.clock.now()),
    ExitCode,
    Output,
  });
  const late = new AbortController();
  const timer = world.clock.after(probe.timeoutMs, () => late.abort());
  const output = new ProbeOutput();
  let execId: string | undefined;
  try {
    const exec = await createExec(world, entry.id, { Cmd: probe.command, AttachStdout: true, AttachStderr: true });
    execId = exec.id;
    const signal = AbortSignal.any([late.signal, stopped]);
    const attachment = await startExec(world, execId, { detach: false, tty: false }, signal);
    await attachment?.connect(output, signal);
    if (stopped.aborted) return undefined;
    if (late.signal.aborted) return end(NO_EXIT_CODE, lateText(probe, output.text));
    const { pid = 0, exitCode } = world.execs.find(execId) ?? {};
    return end(pid === 0 ? NO_EXIT_CODE : (exitCode ?? NO_EXIT_CODE), output.text);
  } catch (error) {
    if (stopped.aborted) return undefined;
    return end(NO_EXIT_CODE, late.signal.aborted ? lateText(probe, output.text) : messageOf(error));
  } finally {
    timer.cancel();
    if (execId !== undefined) forget(world, entry.id, execId);
  }
}

function lateText(probe: Probe, output: string): string {
  const text = `Health check exceeded timeout (${formatDuration(probe.timeoutMs)})`;
  return output === '' ? text : `${text}: ${output}`;
}

/** Checks would fill the table of execs. Each exec is deleted when it ends, and an overdue one is killed. */
function forget(world: Pick<World, 'execs' | 'runtime'>, containerId: string, execId: string): void {
  // On a full disk the record stays until the container is removed.
  world.execs
    .ended(execId)
    .then(() => world.execs.delete(execId))
    .catch(() => undefined);
  if (world.execs.find(execId)?.exitCode !== null) return;
  // It may end by itself, or with its container, before the signal arrives.
  world.runtime.kill({ containerId, execId }, SIGKILL).catch(() => undefined);
}

/**
 * A client of an exec that keeps the beginning of the output. The output comes in Docker's frames ({stream, 0, 0, 0,
 * length}).
 */
class ProbeOutput extends Duplex {
  #pending: Buffer = Buffer.alloc(0);
  #left = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isCut = false;

  get text(): string {
    return `${Buffer.concat(this.#kept).toString()}${this.#isCut ? '...' : ''}`;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length > 0) {
      if (this.#left === 0) {
        if (bytes.length < FRAME_HEADER_BYTES) break;
        this.#left = bytes.readUInt32BE(4);
        bytes = bytes.subarray(FRAME_HEADER_BYTES);
        continue;
      }
      const payload = bytes.subarray(0, this.#left);
      this.#keep(payload);
      this.#left -= payload.length;
      bytes = bytes.subarray(payload.length);
    }
    this.#pending = Buffer.from(bytes);
    done();
  }

  #keep(payload: Buffer): void {
    const kept = Buffer.from(payload.subarray(0, KEPT_OUTPUT_BYTES - this.#keptBytes));
    this.#isCut ||= kept.length < payload.length;
    if (kept.length === 0) return;
    this.#kept.push(kept);
    this.#keptBytes += kept.length;
  }
}
