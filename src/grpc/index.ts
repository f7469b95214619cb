export { type ErrorDetails, errorDetail, findErrorDetail } from './error-details.ts';
export { type CallOptions, type ClientCall, connectGrpc, type GrpcClient } from './grpc-client.ts';
export {
  createGrpcServer,
  type GrpcServer,
  type GrpcServerOptions,
  type Handler,
  type Handlers,
  type Served,
  type ServerCall,
  serve,
} from './grpc-server.ts';
export { Metadata, type MetadataInit } from './metadata.ts';
export { decode } from './protobuf/decode.ts';
export type { Descriptor, Init, Message } from './protobuf/descriptor.ts';
export { encode } from './protobuf/encode.ts';
export { messageJson } from './protobuf/message-json.ts';
export { ProtobufError } from './protobuf/protobuf-error.ts';
export type { AnyMethod, Method } from './service.ts';
export { code, fromRpcStatus, GrpcError, toGrpcError, toRpcStatus } from './status.ts';
