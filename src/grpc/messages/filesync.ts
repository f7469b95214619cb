/** moby.filesync.v1: files between the client and the builder. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, message } from '../protobuf/descriptor.ts';
import { bidiStream, service } from '../service.ts';
import { packet } from './fsutil.ts';

export const bytesMessage = message('moby.filesync.v1.BytesMessage', {
  data: bytes(1),
});
export type BytesMessage = Message<typeof bytesMessage>;

export const fileSync = service('moby.filesync.v1.FileSync', {
  DiffCopy: bidiStream(packet, packet),
  TarStream: bidiStream(packet, packet),
});

export const fileSend = service('moby.filesync.v1.FileSend', {
  /** Carries packets of fsutil for directories, although the protocol declares bytes. */
  DiffCopy: bidiStream(bytesMessage, bytesMessage),
});
