import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** Size of the log. Records of containers have some kilobytes, so that a few hundred changes fit. */
const LOG_BYTES = 1 << 20;
const FREE_PAGES = 64;
const FREE_PAGES_LEAST = 16;

/**
 * Reserved disk space of an open database. With it, changes of state succeed on a full disk, even while containers that
 * log take all space that becomes free.
 *
 * The write-ahead log (`state.db-wal`) is made larger than its content: SQLite ignores everything behind its last valid
 * frame, and overwrites it. A checkpoint lets the log begin at the front again. The pages that a checkpoint adds to
 * `state.db` come from its list of free pages.
 */
export interface WriteReserve {
  /**
   * Takes the missing part of the space. Returns false when the disk is too full for it; the part that was taken is
   * kept.
   */
  claim(): boolean;
  /** Lets the log begin at the front again, as far as its readers allow. */
  rewind(): void;
}

export function writeReserve(db: DatabaseSync, path: string): WriteReserve {
  return {
    claim() {
      try {
        growLog(`${path}-wal`);
        if (freePages(db) < FREE_PAGES_LEAST) addFreePages(db);
        return true;
      } catch {
        return false;
      }
    },
    rewind() {
      try {
        db.exec('PRAGMA wal_checkpoint(RESTART)');
      } catch {
        // The disk is full: the pages stay in the log.
      }
    },
  };
}

function growLog(path: string): void {
  const { size } = statSync(path);
  if (size >= LOG_BYTES) return;
  const descriptor = openSync(path, 'r+');
  try {
    const zeros = Buffer.alloc(64 << 10);
    for (let at = size; at < LOG_BYTES; )
      at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, LOG_BYTES - at), at);
  } finally {
    closeSync(descriptor);
  }
}

function freePages(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA freelist_count').get()?.['freelist_count'] ?? 0);
}

/** The pages are written and checkpointed before they become free: pages that were never written occupy no space. */
function addFreePages(db: DatabaseSync): void {
  db.exec('DROP TABLE IF EXISTS write_room; CREATE TABLE write_room (bytes BLOB)');
  try {
    db.prepare('INSERT INTO write_room VALUES (randomblob(?))').run(FREE_PAGES * 4096);
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } finally {
    db.exec('DROP TABLE write_room');
  }
}
