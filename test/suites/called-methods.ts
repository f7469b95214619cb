import assert from 'node:assert/strict';

/**
 * Notes which members of a fake its suite uses, so that no method of the fake is left out of the suite.
 *
 * One life: `watch` wraps each object that the suite gets. A test after the suite calls `assertAll`, which throws when a
 * member was never used. The test is in the file that runs the suite, since a second run of failed tests tells tests
 * apart by their place.
 */
export class CalledMethods {
  readonly #members = new Set<string>();
  readonly #used = new Set<string>();

  /** Returns the fake, watched. `controls` are members that no port has: the tests' handles on the fake. */
  watch<T extends object>(fake: T, controls: readonly string[] = []): T {
    for (const member of membersOf(fake)) if (!controls.includes(member)) this.#members.add(member);
    return new Proxy(fake, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') this.#used.add(String(key));
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          this.#used.add(String(key));
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  assertAll(): void {
    assert.ok(this.#members.size > 0, 'no fake was watched');
    assert.deepEqual([...this.#members].filter((member) => !this.#used.has(member)).sort(), []);
  }
}

/** The own members of an object, and the methods of its class. */
function membersOf(fake: object): readonly string[] {
  const prototype: unknown = Object.getPrototypeOf(fake);
  const ofClass = prototype === Object.prototype || prototype === null ? [] : Object.getOwnPropertyNames(prototype);
  return [...Object.keys(fake), ...ofClass].filter((member) => member !== 'constructor');
}
