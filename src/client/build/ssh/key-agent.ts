import { invalid } from '../../../base/errors.ts';
import type { SshKey } from './ssh-key.ts';
import { SshReader, sshString, uint32 } from './wire.ts';

/** Of the agent's protocol (draft-ietf-sshm-ssh-agent). */
const FAILURE = Buffer.from([5]);
const [LIST, LISTED, SIGN, SIGNED] = [11, 12, 13, 14];
const MESSAGE_BYTES_MAX = 256 * 1024;

/**
 * Answers as an SSH agent that has some keys. It lists them and signs; whatever else is asked fails.
 * @throws EngineError invalid for a message without end
 */
export async function* keyAgent(
  keys: readonly SshKey[],
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let pending = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE();
      if (length > MESSAGE_BYTES_MAX) throw invalid(`a message to the SSH agent of ${length} bytes`);
      if (pending.length < 4 + length) break;
      yield sshString(answer(keys, pending.subarray(4, 4 + length)));
      pending = pending.subarray(4 + length);
    }
  }
}

function answer(keys: readonly SshKey[], message: Buffer): Buffer {
  try {
    if (message[0] === LIST) {
      const listed = keys.flatMap(({ publicKey, comment }) => [sshString(publicKey), sshString(comment)]);
      return Buffer.concat([Buffer.from([LISTED]), uint32(keys.length), ...listed]);
    }
    if (message[0] !== SIGN) return FAILURE;
    const reader = new SshReader(message.subarray(1));
    const [wanted, data, flags] = [reader.string(), reader.string(), reader.uint32()];
    const key = keys.find(({ publicKey }) => publicKey.equals(wanted));
    return key === undefined ? FAILURE : Buffer.concat([Buffer.from([SIGNED]), sshString(key.sign(data, flags))]);
  } catch {
    // A message that is cut, or a hash that this host does not have.
    return FAILURE;
  }
}
