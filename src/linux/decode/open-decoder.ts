import type { Decoder } from './decoder.ts';
import { GzipDecoder } from './gzip-decoder.ts';
import { ZstdDecoder } from './zstd-decoder.ts';

export function openDecoder(compression: 'gzip' | 'zstd'): Decoder {
  return compression === 'gzip' ? new GzipDecoder() : new ZstdDecoder();
}
