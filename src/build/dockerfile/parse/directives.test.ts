import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectSyntax, findDirective } from './directives.ts';

test('a syntax is found in a comment, in a // comment and in JSON', () => {
  assert.deepEqual(detectSyntax('# syntax = docker/dockerfile:1 --x\nFROM a\n'), {
    image: 'docker/dockerfile:1',
    commandLine: 'docker/dockerfile:1 --x',
    range: { start: { line: 1, column: 1 }, end: { line: 1, column: 35 } },
  });
  assert.equal(detectSyntax('// syntax=a/b\nlet x;')?.image, 'a/b');
  assert.equal(detectSyntax('{"syntax": "a/b", "x": [1]}')?.image, 'a/b');
  assert.equal(detectSyntax('#!/bin/x\n# syntax=a/b\n')?.range?.start.line, 2);
  assert.equal(detectSyntax('\ufeff#syntax=a/b')?.image, 'a/b');
});

test('a syntax after anything else is none', () => {
  for (const text of [
    '',
    '\n# syntax=a',
    '# x\n# syntax=a',
    'FROM a\n# syntax=a',
    '{"syntax": 1}',
    '["syntax"]',
    '{',
  ]) {
    assert.equal(detectSyntax(text), undefined, text);
  }
  assert.equal(detectSyntax('# escape=`\n# check=skip=all\n# syntax=a')?.image, 'a');
});

test('a directive is found by name, whatever its case', () => {
  assert.equal(findDirective('# ESCAPE=`\n# Check=skip=all;error=true\n', 'check')?.value, 'skip=all;error=true');
  assert.equal(findDirective('# escape=`\n', 'check'), undefined);
});
