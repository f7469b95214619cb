/** moby.sshforward.v1: SSH agents of the client. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, message, string } from '../protobuf/descriptor.ts';
import { bidiStream, service, unary } from '../service.ts';

export const bytesMessage = message('moby.sshforward.v1.BytesMessage', {
  data: bytes(1),
});
export type BytesMessage = Message<typeof bytesMessage>;

export const checkAgentRequest = message('moby.sshforward.v1.CheckAgentRequest', {
  ID: string(1),
});
export type CheckAgentRequest = Message<typeof checkAgentRequest>;

export const checkAgentResponse = message('moby.sshforward.v1.CheckAgentResponse', {});
export type CheckAgentResponse = Message<typeof checkAgentResponse>;

export const ssh = service('moby.sshforward.v1.SSH', {
  CheckAgent: unary(checkAgentRequest, checkAgentResponse),
  ForwardAgent: bidiStream(bytesMessage, bytesMessage),
});
