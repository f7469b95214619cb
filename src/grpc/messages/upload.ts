/** moby.upload.v1: bytes that a client has ready for the builder, such as a tar on its standard input. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, message } from '../protobuf/descriptor.ts';
import { bidiStream, service } from '../service.ts';

export const bytesMessage = message('moby.upload.v1.BytesMessage', {
  data: bytes(1),
});
export type BytesMessage = Message<typeof bytesMessage>;

export const upload = service('moby.upload.v1.Upload', {
  Pull: bidiStream(bytesMessage, bytesMessage),
});
