/** google.rpc.Status: an error with its details, in `grpc-status-details-bin` and inside BuildKit's messages. */
import { int32, type Message, message, optional, repeated, string } from '../protobuf/descriptor.ts';
import { any } from './google-protobuf.ts';

export const status = message('google.rpc.Status', {
  code: int32(1),
  message: string(2),
  details: repeated(optional(3, () => any)),
});
export type RpcStatus = Message<typeof status>;
