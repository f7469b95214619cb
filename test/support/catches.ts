import { readFileSync } from 'node:fs';

/**
 * Whether a process has a handler for a signal, by number. Source: proc(5), `SigCgt`. The first process of a container
 * ignores a signal before it has one.
 */
export function catches(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
}
