/** Bytes that are no message of the expected type. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}
