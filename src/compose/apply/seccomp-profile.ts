import { resolve } from 'node:path';
import { invalid, messageOf } from '../../base/errors.ts';
import { readBounded } from '../disk/read-bounded.ts';
import type { Project, Service } from '../model/index.ts';
import { profileFile } from '../plan/index.ts';

const BYTES_MAX = 4 * 1024 * 1024;

/**
 * The seccomp profile whose file a service names, as JSON without white space. Empty when it names none.
 * @throws EngineError invalid
 */
export async function seccompProfile(project: Project, service: Service): Promise<{ readonly profile?: string }> {
  const file = profileFile(service);
  if (file === undefined) return {};
  try {
    const text = readBounded(resolve(project.workingDir, file), { name: file, maxBytes: BYTES_MAX });
    return { profile: JSON.stringify(JSON.parse(text)) };
  } catch (error) {
    throw invalid(`service "${service.name}": the seccomp profile ${file} cannot be read: ${messageOf(error)}`, error);
  }
}
