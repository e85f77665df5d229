// What a caller is told about parameters that do not fit: the field, by its path, and the rule.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../helper/rpc/contract/errors';
import { isMethod, validate } from '../../../helper/rpc/contract/validate';

function refusal(method: Parameters<typeof validate>[0], params: unknown) {
  try {
    validate(method, params);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { kind, field, rule } = error.data;
    expect(kind).toBe('invalid');
    return [field, rule?.code];
  }
  throw new Error('it was taken');
}

describe('parameters that do not fit', () => {
  test.each<[string, Parameters<typeof validate>[0], unknown, (string | undefined)[]]>([
    ['a name of ours', 'netns/create', { name: '../x' }, ['name', 'name']],
    ['a missing field', 'netns/create', {}, ['name', 'type']],
    ['a wrong type', 'netns/create', { name: 1 }, ['name', 'type']],
    ['a list for an object', 'netns/create', ['x'], [undefined, 'type']],
    ['an unknown field', 'netns/create', { name: 'a', more: 1 }, ['more', 'unknown-field']],
    ['__proto__', 'netns/create', JSON.parse('{"name":"a","__proto__":{"x":1}}'), ['__proto__', 'unknown-field']],
    [
      'an element of a list',
      'link/create',
      { kind: 'veth', a: { name: 'a', addresses: ['10.0.0.1/8', '10.0.0.300/8'] }, b: { name: 'b' } },
      ['a.addresses.1', 'cidr'],
    ],
    [
      'the branch of a union that was meant',
      'netns/delete',
      { netns: { name: 'a/b' } },
      ['netns.name', 'name-foreign'],
    ],
    ['no branch of a union', 'netns/delete', { netns: { nonsense: 1 } }, ['netns', 'netns-ref']],
    ['a union of plain data', 'netns/delete', { netns: 5 }, ['netns', 'netns-ref']],
    ['two branches at once', 'netns/delete', { netns: { name: 'a', id: '5' } }, ['netns', 'netns-ref']],
    ['a rule about the whole', 'route/add', { destination: 'default' }, [undefined, 'route-via-or-dev']],
    ['a number too large', 'link/set', { link: { name: 'a' }, mtu: 1e9 }, ['mtu', 'mtu']],
    ['too long a list', 'namespace/list', { kinds: Array(9).fill('net') }, ['kinds', 'too-many']],
    ['not a kind', 'namespace/list', { kinds: ['net', 'web'] }, ['kinds.1', 'namespace-kind']],
  ])('%s', (_, method, params, expected) => {
    expect(refusal(method, params)).toEqual(expected);
  });

  test('limits are told with the rule', () => {
    try {
      validate('namespace/list', { kinds: Array(9).fill('net') });
    } catch (error) {
      expect((error as Failure).data.rule).toEqual({ code: 'too-many', args: { max: 8 } });
    }
    expect.assertions(1);
  });
});

describe('parameters that fit', () => {
  test('come out as plain data, also from objects without a prototype', () => {
    const bare = Object.assign(Object.create(null), { name: 'blue' });
    expect(validate('netns/create', bare)).toEqual({ name: 'blue' });
  });

  test('none is as good as an empty object', () => {
    expect(validate('helper/doctor', undefined)).toEqual({});
  });
});

test.each(['toString', '__proto__', 'constructor', 'hasOwnProperty', 'helper/nothing', ''])(
  '%s is no method',
  (name) => {
    expect(isMethod(name)).toBe(false);
  },
);
