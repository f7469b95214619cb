import { invalid } from '../base/errors.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NAME_BYTES_MAX = 255;

/** @throws EngineError invalid with dockerd's texts, without their `create x: ` */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  if (!NAME.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  // A name is the name of one folder.
  if (name.length > NAME_BYTES_MAX) throw invalid(`volume name is too long: at most ${NAME_BYTES_MAX} characters`);
}

export function isVolumeName(name: string): boolean {
  return name.length > 1 && name.length <= NAME_BYTES_MAX && NAME.test(name);
}

/** Plugins have rules of their own. The engine needs a name that is one segment of a path of its API. */
export function isPluginVolumeName(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && /^[^/\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..';
}
