import * as z from 'zod/mini';

/** Changes of a container for a device (CDI specification, `containerEdits`). */
const EDITS = z.object({
  env: z.optional(
    z.nullable(z.array(z.string().check(z.regex(/^[^=]+=/, 'an environment variable needs a name and =')))),
  ),
  deviceNodes: z.optional(
    z.nullable(
      z.array(
        z.object({
          path: z.string().check(z.minLength(1)),
          hostPath: z.optional(z.string()),
          type: z.optional(z.enum(['b', 'c', 'u', 'p', ''])),
          major: z.optional(z.int()),
          minor: z.optional(z.int()),
          fileMode: z.optional(z.nullable(z.int())),
          permissions: z.optional(z.string().check(z.regex(/^[rwm]*$/))),
          uid: z.optional(z.nullable(z.int())),
          gid: z.optional(z.nullable(z.int())),
        }),
      ),
    ),
  ),
  mounts: z.optional(
    z.nullable(
      z.array(
        z.object({
          hostPath: z.string().check(z.minLength(1)),
          containerPath: z.string().check(z.minLength(1)),
          options: z.optional(z.nullable(z.array(z.string()))),
          type: z.optional(z.string()),
        }),
      ),
    ),
  ),
  hooks: z.optional(
    z.nullable(
      z.array(
        z.object({
          hookName: z.enum(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop']),
          path: z.string().check(z.minLength(1)),
          args: z.optional(z.nullable(z.array(z.string()))),
          env: z.optional(z.nullable(z.array(z.string()))),
          timeout: z.optional(z.nullable(z.int())),
        }),
      ),
    ),
  ),
  additionalGids: z.optional(z.nullable(z.array(z.int()))),
  intelRdt: z.optional(z.null('intelRdt is not supported')),
  netDevices: z.optional(z.null('netDevices are not supported')),
});

const NAME = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;

/** A file of `/etc/cdi`. `kind` is `vendor.com/class`. */
export const CDI_SPEC = z.object({
  cdiVersion: z.string().check(z.regex(/^v?\d+\.\d+\.\d+$/, 'a version such as 0.6.0')),
  kind: z
    .string()
    .check(
      z.regex(/^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w-]*[A-Za-z0-9])?$/, 'a kind such as vendor.com/class'),
    ),
  devices: z.array(z.object({ name: z.string().check(z.regex(NAME, 'a name of a device')), containerEdits: EDITS })),
  containerEdits: z.optional(z.nullable(EDITS)),
});

export type CdiSpec = z.infer<typeof CDI_SPEC>;
export type ContainerEdits = z.infer<typeof EDITS>;
