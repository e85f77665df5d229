// The frame cutter: whatever bytes come, in whatever pieces, it gives requests or exactly one violation, never throws.
import { describe, expect, test } from 'vitest';
import {
  encodeFrame,
  type Frame,
  FrameCutter,
  MAX_BODY,
  MAX_DEPTH,
  MAX_HEADER,
  MAX_VALUES,
  parseHeader,
} from '../../../helper/rpc/frames';
import { mutations } from './mutate';

const HELLO = { jsonrpc: '2.0', id: 1, method: 'helper/hello', params: { protocol: 1, client: 'test' } };

function framed(body: string, header = `Content-Length: ${Buffer.byteLength(body)}`): Buffer {
  return Buffer.from(`${header}\r\n\r\n${body}`);
}

/** Everything the cutter makes of the bytes, up to the first violation. */
function cut(...chunks: Buffer[]): Frame[] {
  const cutter = new FrameCutter();
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    cutter.push(chunk);
    for (;;) {
      const frame = cutter.take();
      if (!frame) break;
      frames.push(frame);
      if (frame.type === 'violation') return frames;
    }
  }
  return frames;
}

function ruleOf(...chunks: Buffer[]): string | undefined {
  const frame = cut(...chunks).at(-1);
  return frame?.type === 'violation' ? frame.violation.rule.code : undefined;
}

describe('whole frames', () => {
  test('one request', () => {
    expect(cut(encodeFrame(HELLO))).toEqual([{ type: 'request', request: HELLO }]);
  });

  test('several in one piece, and the rest of one in the next', () => {
    const three = Buffer.concat([1, 2, 3].map((id) => encodeFrame({ ...HELLO, id })));
    const ids = cut(three.subarray(0, 170), three.subarray(170)).map((frame) =>
      frame.type === 'request' ? frame.request.id : frame,
    );
    expect(ids).toEqual([1, 2, 3]);
  });

  test('torn at every byte', () => {
    const bytes = Buffer.concat([encodeFrame(HELLO), encodeFrame({ ...HELLO, id: 'é' })]);
    for (let at = 0; at <= bytes.length; at++) {
      const frames = cut(bytes.subarray(0, at), bytes.subarray(at));
      expect(frames.map((frame) => frame.type === 'request' && frame.request.id)).toEqual([1, 'é']);
    }
  });

  test('byte by byte', () => {
    const bytes = encodeFrame({ ...HELLO, params: { text: 'x'.repeat(10_000) } });
    expect(cut(...Array.from(bytes, (byte) => Buffer.of(byte)))).toHaveLength(1);
  });

  test('the largest body', () => {
    const head = '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"';
    const body = `${head}${'x'.repeat(MAX_BODY - head.length - 3)}"}}`;
    expect(Buffer.byteLength(body)).toBe(MAX_BODY);
    expect(cut(framed(body))).toHaveLength(1);
    expect(ruleOf(framed(body), Buffer.alloc(0))).toBeUndefined();
  });

  test('a notification is noticed and nothing else', () => {
    expect(cut(encodeFrame({ jsonrpc: '2.0', method: '$/setTrace', params: { id: 1 } }))).toEqual([
      { type: 'notification' },
    ]);
  });

  test('that an answer is not wanted any more is a notification too', () => {
    const cancel = (params: object) => cut(encodeFrame({ jsonrpc: '2.0', method: '$/cancelRequest', params }));
    expect(cancel({ id: 1 })).toEqual([{ type: 'cancel', id: 1 }]);
    expect(cancel({ id: 'a' })).toEqual([{ type: 'cancel', id: 'a' }]);
    for (const none of [{}, { id: null }, { id: 1.5 }, { id: 'x'.repeat(101) }, []]) {
      expect(cancel(none)).toEqual([{ type: 'notification' }]);
    }
  });

  test('a Content-Type of the base protocol is fine', () => {
    const body = JSON.stringify(HELLO);
    const header = `Content-Length: ${body.length}\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8`;
    expect(cut(framed(body, header))).toHaveLength(1);
  });

  test('an empty chunk changes nothing', () => {
    const bytes = encodeFrame(HELLO);
    expect(cut(Buffer.alloc(0), bytes.subarray(0, 5), Buffer.alloc(0), bytes.subarray(5))).toHaveLength(1);
  });
});

describe('headers', () => {
  test.each([
    ['missing', 'Content-Type: application/vscode-jsonrpc; charset=utf-8'],
    ['twice', 'Content-Length: 2\r\nContent-Length: 2'],
    ['twice, in other letters', 'Content-Length: 2\r\ncontent-length: 3'],
    ['negative', 'Content-Length: -2'],
    ['with a plus', 'Content-Length: +2'],
    ['hexadecimal', 'Content-Length: 0x2'],
    ['with an exponent', 'Content-Length: 2e0'],
    ['a fraction', 'Content-Length: 2.0'],
    ['leading zero', 'Content-Length: 02'],
    ['empty', 'Content-Length: '],
    ['not a number', 'Content-Length: NaN'],
    ['a list', 'Content-Length: 2, 2'],
    ['spaces behind', 'Content-Length: 2 '],
    ['two spaces before', 'Content-Length:  2'],
    ['space before the colon', 'Content-Length : 2'],
    ['other digits', 'Content-Length: \u0662'],
    ['beyond all numbers', `Content-Length: ${'9'.repeat(40)}`],
    ['no colon', 'Content-Length 2'],
    ['a bare newline between', 'Content-Length: 2\nContent-Length: 2'],
    ['an unknown field', 'Content-Length: 2\r\nX-Other: 1'],
    ['another charset', 'Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-16'],
    ['folded', 'Content-Length: 2\r\n 3'],
    ['a NUL', 'Content-Length: 2\0'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: localhost'],
    ['nothing', ''],
  ])('%s', (_, header) => {
    expect(parseHeader(header)).toBeUndefined();
    expect(ruleOf(framed('{}', header))).toBe('frame-header');
  });

  test.each(['Content-Length: 2', 'content-length:2', 'CONTENT-LENGTH: 2'])('fine: %s', (header) => {
    expect(parseHeader(header)).toBe(2);
  });

  test('endless, in one piece and in small ones', () => {
    expect(ruleOf(Buffer.alloc(MAX_HEADER, 'a'))).toBe('frame-header-length');
    const pieces = Array.from({ length: MAX_HEADER }, () => Buffer.from('a'));
    expect(ruleOf(...pieces.slice(1))).toBeUndefined();
    expect(ruleOf(...pieces)).toBe('frame-header-length');
  });

  test('a giant is refused by its header, before a byte of it came', () => {
    expect(ruleOf(Buffer.from(`Content-Length: ${MAX_BODY + 1}\r\n\r\n`))).toBe('frame-length');
  });

  test('before the greeting less is taken', () => {
    const cutter = new FrameCutter();
    cutter.push(Buffer.from('Content-Length: 101\r\n\r\n'));
    expect(cutter.take(100)).toMatchObject({ type: 'violation', violation: { rule: { code: 'frame-length' } } });
  });
});

describe('bodies', () => {
  test.each([
    ['empty', '', 'frame-json'],
    ['not JSON', '{"jsonrpc":', 'frame-json'],
    ['two values', '{} {}', 'frame-json'],
    ['a comment', '/* */{}', 'frame-json'],
    ['a byte order mark', '\ufeff{}', 'frame-json'],
    ['an open string', '"\\', 'frame-json'],
    ['null', 'null', 'frame-shape'],
    ['a number', '1', 'frame-shape'],
    ['a string', '"x"', 'frame-shape'],
    ['an empty batch', '[]', 'frame-shape'],
    ['a batch', `[${JSON.stringify(HELLO)}]`, 'frame-shape'],
    ['no version', '{"id":1,"method":"m"}', 'frame-shape'],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"m"}', 'frame-shape'],
    ['no method', '{"jsonrpc":"2.0","id":1}', 'frame-shape'],
    ['a method that is none', '{"jsonrpc":"2.0","id":1,"method":{}}', 'frame-shape'],
    ['a giant method', `{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(101)}"}`, 'frame-shape'],
    ['null as id', '{"jsonrpc":"2.0","id":null,"method":"m"}', 'frame-shape'],
    ['a fraction as id', '{"jsonrpc":"2.0","id":1.5,"method":"m"}', 'frame-shape'],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"m"}', 'frame-shape'],
    ['a giant id', `{"jsonrpc":"2.0","id":"${'i'.repeat(101)}","method":"m"}`, 'frame-shape'],
    ['null as params', '{"jsonrpc":"2.0","id":1,"method":"m","params":null}', 'frame-shape'],
    ['a string as params', '{"jsonrpc":"2.0","id":1,"method":"m","params":"p"}', 'frame-shape'],
    ['an unknown member', '{"jsonrpc":"2.0","id":1,"method":"m","more":1}', 'frame-shape'],
    ['a response', '{"jsonrpc":"2.0","id":1,"result":{}}', 'frame-shape'],
    ['both', '{"jsonrpc":"2.0","id":1,"method":"m","result":{}}', 'frame-shape'],
    ['__proto__ beside', '{"jsonrpc":"2.0","id":1,"method":"m","__proto__":{"x":1}}', 'frame-shape'],
    ['__proto__ with all that is needed', '{"__proto__":{"jsonrpc":"2.0","id":1,"method":"m"}}', 'frame-shape'],
  ])('%s', (_, body, rule) => {
    expect(ruleOf(framed(body))).toBe(rule);
  });

  test('bytes that are not UTF-8', () => {
    const bytes = framed(`{"jsonrpc":"2.0","id":1,"method":"~"}`);
    bytes[bytes.indexOf('~')] = 0xff;
    expect(ruleOf(bytes)).toBe('frame-json');
  });

  test('the id of a misshapen request is told back, so that its caller hears of it', () => {
    expect(cut(framed('{"jsonrpc":"2.0","id":7}'))).toMatchObject([{ violation: { id: 7, code: -32_600 } }]);
    expect(cut(framed('{'))).toMatchObject([{ violation: { id: null, code: -32_700 } }]);
  });

  test('depth: the deepest that is fine, and one more, in arrays and objects', () => {
    // The message and its params are two levels.
    const deep = (levels: number, [open, close]: [string, string]) =>
      framed(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${open.repeat(levels)}1${close.repeat(levels)}}}`);
    for (const brackets of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as [string, string][]) {
      expect(ruleOf(deep(MAX_DEPTH - 2, brackets))).toBeUndefined();
      expect(ruleOf(deep(MAX_DEPTH - 1, brackets))).toBe('frame-depth');
    }
    expect(ruleOf(framed('['.repeat(MAX_BODY)))).toBe('frame-depth');
  });

  test('brackets and quotes in strings are no structure', () => {
    const text = `\\"[{${'[{'.repeat(100)}`;
    const body = { ...HELLO, params: { text } };
    expect(cut(encodeFrame(body))).toEqual([{ type: 'request', request: body }]);
  });

  test('too many values', () => {
    const list = (count: number) => encodeFrame({ ...HELLO, params: { list: Array.from({ length: count }, () => 1) } });
    expect(ruleOf(list(MAX_VALUES - 100))).toBeUndefined();
    expect(ruleOf(list(MAX_VALUES))).toBe('frame-values');
  });

  test('__proto__ in parameters stays a plain member and reaches no prototype', () => {
    const [frame] = cut(
      framed('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"evil":1},"b":[{"c":{}}]}}'),
    );
    if (frame?.type !== 'request') throw new Error('not a request');
    const params = frame.request.params as Record<string, unknown>;
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect(Object.keys(params)).toEqual(['__proto__', 'b']);
    expect('evil' in params).toBe(false);
    expect(Object.getPrototypeOf((params.b as object[])[0])).toBeNull();
    expect(({} as Record<string, unknown>).evil).toBeUndefined();
  });
});

describe('mutated frames', () => {
  test('10,000 of them: each ends as requests or one violation, none throws, none is silent about bytes it refused', () => {
    const seeds = [
      encodeFrame(HELLO),
      encodeFrame({ jsonrpc: '2.0', id: 'a', method: 'netns/create', params: { name: 'blue' } }),
      Buffer.concat([encodeFrame(HELLO), encodeFrame({ ...HELLO, id: 2 })]),
      encodeFrame({ jsonrpc: '2.0', id: 3, method: 'm', params: { deep: [[[{ a: [1, 2, { b: '\u{1f600}' }] }]]] } }),
    ];
    const ends = new Map<string, number>();
    for (const { bytes, cuts } of mutations(seeds, 10_000, 20_261)) {
      const pieces = [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
      const frames = cut(...pieces);
      const again = cut(bytes);
      expect(frames).toEqual(again);
      const last = frames.at(-1);
      const end = last?.type === 'violation' ? last.violation.rule.code : (last?.type ?? 'incomplete');
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    // The mutations reach every way a frame can end.
    for (const end of ['request', 'frame-header', 'frame-json', 'frame-shape', 'frame-length', 'incomplete']) {
      expect(ends.get(end), end).toBeGreaterThan(0);
    }
  });
});
