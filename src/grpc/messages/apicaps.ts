/** moby.buildkit.v1.apicaps: what a builder announces that it can do. Numbers and names are those of BuildKit 0.32. */
import { bool, type Message, message, string } from '../protobuf/descriptor.ts';

export const apiCap = message('moby.buildkit.v1.apicaps.APICap', {
  ID: string(1),
  Enabled: bool(2),
  Deprecated: bool(3),
  DisabledReason: string(4),
  DisabledReasonMsg: string(5),
  DisabledAlternative: string(6),
});
export type APICap = Message<typeof apiCap>;
