import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../load/yaml/parse-yaml.ts';
import { namedFiles } from './named-files.ts';
import { replaceTexts } from './replace-texts.ts';

/** The text with each name in capitals. */
function renamed(text: string): string {
  const { source } = parseYaml('compose.yaml', text);
  const found = source.documents.flatMap(namedFiles);
  return replaceTexts(
    text,
    found.map(({ node, isInFlow, value }) => ({ node, isInFlow, text: value.toUpperCase() })),
  );
}

test('names of files are replaced where they are, and nothing else', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'services:\n  a:\n    extends:\n      service: b\n      file: "b.yaml"   # why\n    image: x # c\n',
      'services:\n  a:\n    extends:\n      service: b\n      file: B.YAML\n    image: x # c\n',
    ],
    ['services:\n  a:\n    env_file: a.env', 'services:\n  a:\n    env_file: A.ENV'],
    [
      'services:\n  a:\n    env_file:\n      - a.env\n      - path: ./b.env\n        required: false\n',
      'services:\n  a:\n    env_file:\n      - A.ENV\n      - path: ./B.ENV\n        required: false\n',
    ],
    [
      'services: {a: {extends: {file: b.yaml, service: b}}} # x\n',
      'services: {a: {extends: {file: B.YAML, service: b}}} # x\n',
    ],
    [
      'services:\n  a:\n    env_file: [a.env, {path: b.env}]\n',
      'services:\n  a:\n    env_file: [A.ENV, {path: B.ENV}]\n',
    ],
    [
      'services:\n  a:\n    env_file: >-\n      a.env\n    image: x\n',
      'services:\n  a:\n    env_file: A.ENV\n    image: x\n',
    ],
    [
      'x-base: &base\n  env_file: a.env\nservices:\n  a: { <<: *base }\n  b:\n    <<: [*base]\n',
      'x-base: &base\n  env_file: A.ENV\nservices:\n  a: { <<: *base }\n  b:\n    <<: [*base]\n',
    ],
    [
      'services: {a: {env_file: a.env}}\n---\nservices: {b: {env_file: b.env}}\n',
      'services: {a: {env_file: A.ENV}}\n---\nservices: {b: {env_file: B.ENV}}\n',
    ],
    ['\uFEFFservices:\n  a:\n    env_file: a.env\n', '\uFEFFservices:\n  a:\n    env_file: A.ENV\n'],
    [
      'services:\n  a:\n    extends: b\n    env_file:\n  c: null\n',
      'services:\n  a:\n    extends: b\n    env_file:\n  c: null\n',
    ],
    ['services: [a]\n', 'services: [a]\n'],
  ];
  for (const [given, expected] of cases) assert.equal(renamed(given), expected);
});
