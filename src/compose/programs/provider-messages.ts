import * as z from 'zod/mini';
import { failed } from '../../base/errors.ts';

/** A line of a provider's output. Source: Compose specification, "provider"; docker compose, extension of services. */
const messageSchema = z.object({
  type: z.enum(['info', 'error', 'setenv', 'debug']),
  message: z.string(),
});
export type ProviderMessage = z.infer<typeof messageSchema>;

const parametersSchema = z.optional(
  z.nullable(
    z.object({
      parameters: z.optional(
        z.nullable(z.array(z.object({ name: z.string(), required: z.optional(z.nullable(z.boolean())) }))),
      ),
    }),
  ),
);
const metadataSchema = z.object({
  description: z.optional(z.nullable(z.string())),
  up: parametersSchema,
  down: parametersSchema,
});

interface Parameter {
  readonly name: string;
  readonly required?: boolean | null | undefined;
}

/** The options that a provider knows, by command. */
export interface ProviderMetadata {
  readonly up: readonly Parameter[];
  readonly down: readonly Parameter[];
}

const SHOWN_CHARACTERS = 200;

/** @throws EngineError failed for a line that is no message */
export function parseMessage(line: string, service: string): ProviderMessage {
  const parsed = messageSchema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  throw failed(
    `invalid response from the provider of service "${service}": ${JSON.stringify(line.slice(0, SHOWN_CHARACTERS))}`,
  );
}

/** Undefined for text that says nothing about the options. */
export function parseMetadata(text: string): ProviderMetadata | undefined {
  const parsed = metadataSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { description, up, down } = parsed.data;
  if (!description && !up?.parameters && !down?.parameters) return undefined;
  return { up: up?.parameters ?? [], down: down?.parameters ?? [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
