import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { EngineError } from '../../../../base/errors.ts';
import { namesInSync, writeFileAtomic } from '../../../../io/index.ts';
import { spreadDirectories } from '../../../../linux/index.ts';
import type { BuildPorts } from '../../../ports.ts';

/** The content of context.json, beside the files. */
const RECORD = z.object({
  key: z.string(),
  patterns: z.string(),
  /** A word for the content. Absent while a build fills the folder. */
  content: z.optional(z.string()),
  sizeBytes: z.number(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  usedAt: z.number(),
  boot: z.string(),
});
export type ContextRecord = z.infer<typeof RECORD>;

const FOLDERS_MAX = 40;
const BYTES_MAX = 10 * 1024 ** 3;
const AGE_MILLISECONDS = 7 * 24 * 3600 * 1000;

export interface KeptContextsDeps extends Pick<BuildPorts, 'folder' | 'logger'> {
  readonly snapshots: { readonly trees: Pick<BuildPorts['snapshots']['trees'], 'remove'> };
}

/** The folders `<folder>/contexts/<id>`, each with `context.json` and `files/`, and who uses them. */
export class KeptContexts {
  readonly boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  /** Ids of folders that somebody has. */
  readonly used = new Set<string>();
  readonly #records = new Map<string, ContextRecord>();
  readonly #base: string;
  readonly #deps: KeptContextsDeps;

  /** Removes what is of no use in the background. */
  constructor(deps: KeptContextsDeps) {
    this.#deps = deps;
    this.#base = join(deps.folder, 'contexts');
    mkdirSync(this.#base, { recursive: true, mode: 0o700 });
    // Contexts are made and deleted as whole trees. See the function for the effect on ext4.
    spreadDirectories(this.#base);
    for (const id of namesInSync(this.#base)) {
      const record = readRecord(join(this.#base, id, 'context.json'));
      if (record?.boot === this.boot) this.#records.set(id, record);
      else void this.drop(id);
    }
    void this.trim();
  }

  get(id: string): ContextRecord | undefined {
    return this.#records.get(id);
  }

  all(): readonly (readonly [string, ContextRecord])[] {
    return [...this.#records];
  }

  /** Folders that nobody uses, the last used first. */
  free(): readonly (readonly [string, ContextRecord])[] {
    return this.all()
      .filter(([id]) => !this.used.has(id))
      .toSorted(([, a], [, b]) => b.usedAt - a.usedAt);
  }

  /** Where the files of a folder are. */
  files(id: string): string {
    return join(this.#base, id, 'files');
  }

  /** Stores a record. The folder is made where it is missing. */
  put(id: string, record: ContextRecord): void {
    if (!this.#records.has(id)) mkdirSync(this.files(id), { recursive: true });
    this.#records.set(id, record);
    writeFileAtomic(join(this.#base, id, 'context.json'), JSON.stringify(record));
  }

  async drop(id: string): Promise<void> {
    this.#records.delete(id);
    await this.#deps.snapshots.trees.remove(join(this.#base, id)).catch((error: unknown) => {
      // The next start goes on with it.
      if (error instanceof EngineError && error.kind === 'cancelled') return;
      this.#deps.logger.warn({ id, error }, 'a context cannot be removed');
    });
  }

  /** Removes folders that are old, or beyond the limits. */
  async trim(): Promise<void> {
    const taken = [...this.used].flatMap((id) => this.get(id) ?? []);
    let count = taken.length;
    let bytes = taken.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const [id, { usedAt, sizeBytes }] of this.free()) {
      if (this.used.has(id)) continue; // Somebody took it while another one went.
      const isOld = Date.now() - usedAt > AGE_MILLISECONDS;
      if (isOld || count >= FOLDERS_MAX || bytes + sizeBytes > BYTES_MAX) {
        await this.drop(id);
      } else {
        count += 1;
        bytes += sizeBytes;
      }
    }
  }
}

function readRecord(path: string): ContextRecord | undefined {
  try {
    return RECORD.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
