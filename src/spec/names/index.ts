export {
  type EndpointNames,
  type Forwarding,
  NAME_SERVER_ADDRESS,
  NAMES_PROTOCOL_VERSION,
  type NameLink,
  type NameSockets,
  type NamesHello,
  type NamesHelloReply,
  type NamesRequest,
  type NamesResponse,
  type SandboxNames,
  type ServedSandbox,
} from './protocol.ts';
