/**
 * What BuildKit did with some hundred Dockerfiles. `observed.json` was recorded in November 2026 with dockerd 28.5.2, its
 * BuildKit, and buildx 0.29.1, each file alone in a folder:
 * - `checks`: `buildx build --call=check,format=json`; warnings are rule, detail and lines
 * - `configs`, `words`, `backtickWords`: `buildx build`, and the configuration of the image. A word stands in `LABEL v=word`
 * - `ignores`: `buildx build -o type=local` of `COPY . /` with that `.dockerignore`, and the files that arrived
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ignoreRules, parseIgnoreFile } from '../../../spec/index.ts';
import { lintDockerfile } from '../lint/lint-dockerfile.ts';
import { RULES, type RuleName, ruleUrl } from '../lint/rules.ts';
import { linesOf } from '../location.ts';
import { placeOf } from '../source-error.ts';
import { imageSettings } from './image-config.ts';

type Warning = readonly [rule: string, detail: string, lines: readonly number[]];

interface Check {
  readonly given: string;
  readonly warnings: readonly Warning[];
  readonly error?: string;
  readonly lines?: readonly number[];
}

interface Words {
  readonly head: string;
  readonly cases: readonly (readonly [word: string, seen: Readonly<Record<string, string>>])[];
}

interface Observed {
  readonly rules: Readonly<Record<RuleName, { readonly description: string; readonly url: string }>>;
  readonly checks: readonly Check[];
  readonly configs: readonly ({ readonly given: string } & Readonly<Record<string, unknown>>)[];
  readonly words: Words;
  readonly backtickWords: Words;
  readonly ignores: {
    readonly tree: readonly string[];
    readonly cases: readonly { readonly given: string; readonly kept?: readonly string[]; readonly error?: string }[];
  };
}

const OBSERVED = JSON.parse(readFileSync(new URL('observed.json', import.meta.url), 'utf8')) as Observed;
const PLATFORM = { os: 'linux', architecture: 'amd64' };

/** Errors of BuildKit about stages, images and files, which come up after the Dockerfile is read. */
const LATER =
  /failed to resolve source metadata|^failed to parse stage name|^invalid mount target|^variable expansion is not supported for --from|^invalid stage index|^circular dependency|^cannot copy from stage|^invalid signal|^checksum requires|^invalid checksum|^invalid chmod|^invalid syntax$/;

/**
 * What differs on purpose: this is a later syntax, in which `--parents`, `--security` and `--device` are stable and names
 * with `FILE` or `VERSION` are no secrets, and errors of directives name their own line and not the one before.
 */
const LATER_SYNTAX =
  /unknown flag: --(?:parents|security)|^device feature is only supported|sensitive data \(\w+ "\w+_(?:FILE|VERSION)"\)|only one \w+ parser directive|^invalid escape token/;

describe('Dockerfiles that BuildKit checked', () => {
  for (const seen of OBSERVED.checks) {
    const texts = [seen.error ?? '', ...seen.warnings.map(([, detail]) => detail)];
    if (texts.some((text) => LATER_SYNTAX.test(text))) continue;
    test(JSON.stringify(seen.given), () => {
      const { warnings, error } = lintDockerfile(seen.given, {
        buildArgs: new Map(),
        targetPlatform: PLATFORM,
        buildPlatform: PLATFORM,
      });
      const place = placeOf(error);
      const own = warnings.map(({ rule, detail, range }): Warning => [rule, detail, linesOf(range)]);
      if (seen.error !== undefined && LATER.test(seen.error)) {
        const texts = own.map((warning) => JSON.stringify(warning));
        for (const warning of seen.warnings) assert.ok(texts.includes(JSON.stringify(warning)), warning[1]);
        return;
      }
      assert.deepEqual(
        { warnings: inOrder(own), error: error?.message, lines: place === undefined ? [] : linesOf(place) },
        { warnings: inOrder(seen.warnings), error: seen.error, lines: seen.lines ?? [] },
      );
    });
  }
});

/** BuildKit gives the unset names of one instruction in any order. */
function inOrder(warnings: readonly Warning[]): readonly Warning[] {
  return warnings.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

test('every rule has the description and the page that BuildKit gives', () => {
  for (const [name, seen] of Object.entries(OBSERVED.rules) as [RuleName, { description: string; url: string }][]) {
    assert.deepEqual({ description: RULES[name].description, url: ruleUrl(name) }, seen);
  }
  const ofConversion = ['CopyIgnoredFile', 'InvalidBaseImagePlatform'];
  assert.deepEqual(Object.keys(RULES).sort(), [...Object.keys(OBSERVED.rules), ...ofConversion].sort());
});

/** What a Dockerfile sets, or its error. A list without items is not in an image's configuration. */
function settingsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const { command, entrypoint, ...rest } = imageSettings(text);
    return {
      ...rest,
      ...(command === undefined || command.length === 0 ? {} : { command }),
      ...(entrypoint === undefined || entrypoint.length === 0 ? {} : { entrypoint }),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

describe('Dockerfiles that BuildKit made an image of', () => {
  for (const { given, ...seen } of OBSERVED.configs) {
    test(JSON.stringify(given), () => assert.deepEqual(settingsOf(given), seen));
  }
});

describe('words that BuildKit expanded', () => {
  for (const { head, cases } of [OBSERVED.words, OBSERVED.backtickWords]) {
    for (const [word, seen] of cases) {
      test(word, () => {
        const settings = settingsOf(`${head}LABEL v=${word}\n`);
        assert.deepEqual(settings['error'] === undefined ? settings['labels'] : settings, seen);
      });
    }
  }
});

describe('.dockerignore files that BuildKit obeyed', () => {
  for (const { given, kept, error } of OBSERVED.ignores.cases) {
    test(JSON.stringify(given), () => {
      if (error !== undefined) {
        assert.throws(() => ignoreRules(parseIgnoreFile(given)), { message: error });
        return;
      }
      const { ignores } = ignoreRules(parseIgnoreFile(given));
      assert.deepEqual(OBSERVED.ignores.tree.filter((path) => !ignores(path)).sort(), kept);
    });
  }
});
