// The command line's pure parts: arguments, references, tables, quoting, language, help.
import { describe, expect, test } from 'vitest';
import { command, flag, keyword, many, maybe, needed, operand, value } from '../../helper/cli/command';
import { COMMANDS } from '../../helper/cli/commands';
import { argumentOf } from '../../helper/cli/complain';
import { candidates } from '../../helper/cli/connect';
import type { Context } from '../../helper/cli/context';
import { commandHelp, groupHelp, usage } from '../../helper/cli/help';
import { languageOf } from '../../helper/cli/language';
import { nearest } from '../../helper/cli/nearest';
import { parse, resolve, wants } from '../../helper/cli/parse';
import * as refs from '../../helper/cli/refs';
import { facts, table } from '../../helper/cli/table';
import { cut, safeJson, width, wrapped } from '../../helper/cli/text';
import { Usage } from '../../helper/cli/usage';
import { commandLine, withRoot } from '../../helper/rpc/contract/command-line';
import { escaped } from '../../helper/rpc/contract/escape';
import { fill } from '../../helper/rpc/contract/sentences';

const text = (argument: string) => argument;
const TOY = command({
  words: 'toy make',
  summary: 'Make a toy.',
  operands: { name: operand('NAME', text, 'n'), via: keyword('GW', text, 'g'), dev: keyword('IF', text, 'i') },
  options: {
    size: value('N', refs.integer, 's'),
    colour: many('C', text, 'c'),
    from: needed('F', text, 'f'),
    up: flag('u'),
  },
  run: async () => 0,
});
const RUNNER = command({
  words: 'toy run',
  summary: 'Run.',
  operands: { name: maybe('NAME', text, 'n') },
  program: 'optional',
  run: async () => 0,
});

/** What a refusal says, in English. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Usage) return `${error.argument ?? ''}: ${fill(error.text, error.args)}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parse', () => {
  test('reads operands, keywords in any order, options before and after', () => {
    const { given, program } = parse(TOY, [
      '--from',
      'x',
      'n',
      'dev',
      'if',
      'via',
      'gw',
      '--colour=a',
      '--colour',
      'b',
      '--up',
    ]);
    expect({ ...given }).toEqual({
      json: false,
      print: false,
      help: false,
      version: false,
      name: 'n',
      dev: 'if',
      via: 'gw',
      from: 'x',
      colour: ['a', 'b'],
      up: true,
    });
    expect(program).toEqual([]);
  });

  test('a value that starts with a dash needs the form with =', () => {
    expect(parse(TOY, ['n', '--from=--up']).given.from).toBe('--up');
    expect(parse(TOY, ['n', '--from=f', '--size=-5']).given.size).toBe(-5);
    expect(refusal(() => parse(TOY, ['n', '--from=f', '--size', '-5']))).toContain('--size=VALUE');
  });

  test('an empty value is a value', () => {
    expect(parse(TOY, ['n', '--from=']).given.from).toBe('');
  });

  test('after -- come operands, or the program', () => {
    expect(parse(TOY, ['--from', 'f', '--', '-h']).given.name).toBe('-h');
    expect(parse(RUNNER, ['x', '--', 'ls', '--', '--json']).program).toEqual(['ls', '--', '--json']);
    expect(parse(RUNNER, []).program).toEqual([]);
  });

  test.each<[string, string[], string]>([
    ['a missing operand', ['--from', 'f'], ': NAME is missing.'],
    ['a missing option', ['n'], ': The option --from is needed: --from F.'],
    ['an unknown option', ['n', '--sise', '4'], ': There is no option --sise here. Did you mean --size?'],
    ['an option nothing like ours', ['n', '--zzzzzz'], ': There is no option --zzzzzz here.'],
    ['a short option', ['n', '-f'], ': There is no option -f here.'],
    ['a name of every object', ['n', '--__proto__=1'], ': There is no option --__proto__ here.'],
    ['another', ['n', '--constructor'], ': There is no option --constructor here.'],
    ['a flag with a value', ['n', '--up=yes'], '--up: This option takes no value.'],
    ['a value twice', ['n', '--from', 'a', '--from', 'b'], '--from: This option is given twice.'],
    ['no value at the end', ['n', '--from'], '--from: A value is missing: --from F.'],
    ['a value that is an option', ['n', '--from', '--up'], '--from: A value is missing: --from F.'],
    ['a value of the wrong form', ['n', '--from', 'f', '--size', 'big'], '--size: “big” is not a whole number.'],
    ['a word too many', ['n', 'm', '--from', 'f'], ': “m” is one word too many.'],
    ['a keyword nearly right', ['n', 'vai', 'gw', '--from', 'f'], ': “vai” is not known here. Did you mean “via”?'],
    ['a keyword twice', ['n', 'via', 'a', 'via', 'b', '--from', 'f'], 'via: This word is given twice.'],
    ['a keyword without its value', ['n', 'via', '--from', 'f'], 'via: A value is missing: via GW.'],
    ['NUL', ['n\0', '--from', 'f'], 'NAME: An argument must not contain a NUL character.'],
  ])('refuses %s', (_, argv, words) => {
    expect(refusal(() => parse(TOY, argv))).toContain(words);
  });

  test('refuses a program where it is needed and missing, or announced and missing', () => {
    const exec = COMMANDS.find(({ words }) => words.join(' ') === 'netns exec');
    if (exec === undefined) throw new Error('no netns exec');
    expect(refusal(() => parse(exec, ['blue']))).toContain('The program to run is missing');
    expect(refusal(() => parse(RUNNER, ['x', '--']))).toContain('No program follows');
    expect(refusal(() => parse(exec, ['blue', 'ls', '--', 'x']))).toContain('a program to run stands after');
  });
});

describe('resolve', () => {
  const all = [TOY, RUNNER];
  test('global options may stand anywhere before --', () => {
    for (const argv of [
      ['--json', 'toy', 'make', 'n'],
      ['toy', '--json', 'make', 'n'],
      ['toy', 'make', '--json', 'n'],
    ]) {
      const { command, rest } = resolve(all, argv);
      expect(command).toBe(TOY);
      expect([...rest].sort()).toEqual(['--json', 'n']);
    }
    expect(resolve(all, ['--socket', '/s', 'toy', 'make', 'n']).rest).toEqual(['--socket', '/s', 'n']);
  });

  test('an operand that is also a word of a command stays an operand', () => {
    expect(resolve(all, ['toy', 'make', 'toy']).rest).toEqual(['toy']);
  });

  test('a beginning of words is a group, an unknown word is refused with the nearest', () => {
    expect(resolve(all, ['toy'])).toEqual({ words: ['toy'], rest: [] });
    expect(refusal(() => resolve(all, ['toy', 'mkae']))).toContain('Did you mean “toy make”?');
    expect(refusal(() => resolve(all, ['qqqq']))).toBe(': There is no command “qqqq”.');
    expect(refusal(() => resolve(all, ['toy', '--hepl']))).toContain('Did you mean --help?');
  });

  test('help is wanted only before --', () => {
    expect(wants('help', ['a', '--help'])).toBe(true);
    expect(wants('help', ['a', '--', '--help'])).toBe(false);
  });
});

describe('references', () => {
  test.each<[string, unknown]>([
    ['host', { host: true }],
    ['blue', { name: 'blue' }],
    ['net:4026531840', { id: '4026531840' }],
    ['pid:12', { pid: 12 }],
    ['name:host', { name: 'host' }],
    ['name:net:1', { name: 'net:1' }],
    ['mnt:5', { name: 'mnt:5' }],
    ['a b\n\u001b[31m', { name: 'a b\n\u001b[31m' }],
  ])('network namespace %j', (argument, ref) => {
    expect(refs.netns(argument)).toEqual(ref);
  });

  test.each(['', 'net:', 'net:x', 'net:-1', 'net:01', 'pid:0', 'pid:', 'pid:1x', 'name:'])('refuses %j', (argument) => {
    expect(() => refs.netns(argument)).toThrow(Usage);
  });

  test('only a name or an id can be deleted', () => {
    expect(refs.namedNetns('blue')).toEqual({ name: 'blue' });
    expect(() => refs.namedNetns('host')).toThrow(Usage);
    expect(() => refs.namedNetns('pid:1')).toThrow(Usage);
  });

  test.each<[string, unknown]>([
    ['eth0', { name: 'eth0' }],
    ['eth0@blue', { name: 'eth0', netns: { name: 'blue' } }],
    ['eth0@host', { name: 'eth0', netns: { host: true } }],
    ['eth0@net:12', { name: 'eth0', netns: { id: '12' } }],
    ['v@a@b', { name: 'v', netns: { name: 'a@b' } }],
    ['index:3@blue', { index: 3, netns: { name: 'blue' } }],
    ['-h', { name: '-h' }],
  ])('interface %j', (argument, ref) => {
    expect(refs.link(argument)).toEqual(ref);
  });

  test.each(['', '@blue', 'eth0@'])('refuses the interface %j', (argument) => {
    expect(() => refs.link(argument)).toThrow(Usage);
  });

  test.each<[string, unknown]>([
    ['net=blue', { kind: 'net', of: { name: 'blue' } }],
    ['net=host', { kind: 'net', of: { host: true } }],
    ['net=12', { kind: 'net', of: { pid: 12 } }],
    ['net=pid:12', { kind: 'net', of: { pid: 12 } }],
    ['net=net:12', { kind: 'net', of: { id: '12' } }],
    ['net=name:12', { kind: 'net', of: { name: '12' } }],
    ['net=a=b', { kind: 'net', of: { name: 'a=b' } }],
    ['pid=12', { kind: 'pid', of: { pid: 12 } }],
    ['pid=pid:12', { kind: 'pid', of: { kind: 'pid', id: '12' } }],
    ['mnt=mnt:12', { kind: 'mnt', of: { kind: 'mnt', id: '12' } }],
  ])('join %j', (argument, join) => {
    expect(refs.join(argument)).toEqual(join);
  });

  test.each(['net', 'net=', 'foo=1', 'mnt=blue', 'mnt=net:1', 'uts=0', '=1'])('refuses to join %j', (argument) => {
    expect(() => refs.join(argument)).toThrow(Usage);
  });

  test('kinds come in the order of the kernel, each once', () => {
    expect(refs.kinds('net,mnt,net')).toEqual(['mnt', 'net']);
    expect(refs.kinds('all')).toHaveLength(8);
    for (const wrong of ['', 'net,', 'NET', 'net mnt']) expect(() => refs.kinds(wrong)).toThrow(Usage);
  });

  test('maps of ids', () => {
    expect(refs.disk('16M:/mnt')).toEqual({ size: 2 ** 24, target: '/mnt' });
    expect(refs.disk('1g:/a:b')).toEqual({ size: 2 ** 30, target: '/a:b' });
    expect(refs.disk('20000000:/mnt').size).toBe(20_000_000);
    for (const wrong of [
      '',
      '16M',
      ':/mnt',
      '16M:mnt',
      '1.5G:/mnt',
      '16MB:/mnt',
      '99999999999999999999:/mnt',
      '-1:/mnt',
    ])
      expect(() => refs.disk(wrong)).toThrow(Usage);
    expect(refs.idMap('0:1000:1')).toEqual({ inside: 0, outside: 1000, count: 1 });
    for (const wrong of ['0:1000', '0:1000:1:1', '-1:0:1', '0::1', 'a:b:c'])
      expect(() => refs.idMap(wrong)).toThrow(Usage);
  });
});

describe('text for terminals', () => {
  const HOSTILE = 'a\u001b]0;x\u0007\u009b31m\n\r\t\u202egnp\u2028\u200b\ud800z';
  test('nothing that drives a terminal is left', () => {
    expect(escaped(HOSTILE)).toBe('a\\x1b]0;x\\x07\\x9b31m\\n\\x0d\\t\\u{202e}gnp\\u{2028}\\u{200b}\\u{d800}z');
    expect(escaped('普通 text — 🎈 é')).toBe('普通 text — 🎈 é');
  });

  test('JSON keeps its value', () => {
    expect(JSON.parse(safeJson({ [HOSTILE]: HOSTILE }))).toEqual({ [HOSTILE]: HOSTILE });
    expect(escaped(safeJson({ a: HOSTILE }).replaceAll('\n', ''))).toBe(safeJson({ a: HOSTILE }).replaceAll('\n', ''));
  });

  test('width counts columns', () => {
    expect(width('abc')).toBe(3);
    expect(width('接口')).toBe(4);
    expect(width('é')).toBe(1);
    expect(width('e\u0301')).toBe(1);
    expect(width('（）')).toBe(4);
    expect(cut('接口接口', 5)).toBe('接口…');
    expect(cut('abc', 3)).toBe('abc');
  });

  test('tables are aligned with wide characters, numbers at the right', () => {
    const lines = table(
      ['编号', 'N', 'END'],
      [
        ['一', 5, 'x'],
        ['three', 50, undefined],
        ['\u001b', 5, ''],
      ],
    );
    expect(lines).toEqual(['编号    N  END', '一      5  x', 'three  50  -', '\\x1b    5  -']);
    const column = (line: string, of: string) => width(line.slice(0, line.lastIndexOf(of)));
    expect(new Set([column(lines[0] ?? '', 'END'), column(lines[1] ?? '', 'x'), column(lines[2] ?? '', '-')])).toEqual(
      new Set([11]),
    );
  });

  test('the last column is cut to the terminal', () => {
    expect(table(['A', 'B'], [['x', 'y'.repeat(100)]], 30)[1]).toHaveLength(30);
  });

  test('facts leave out what is not known', () => {
    expect(
      facts([
        ['名', 'x'],
        ['Long', undefined],
        ['Kind', 'net\n'],
      ]),
    ).toEqual(['名    x', 'Kind  net\\n']);
  });

  test('lines break at spaces, and anywhere in Chinese but before a closing mark', () => {
    expect(wrapped('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrapped('一二三四五，六', 10)).toEqual(['一二三四五，', '六']);
  });
});

test('a pasted line means the same to a shell', () => {
  expect(commandLine(['ls', '-l', "it's", 'a b', '$HOME', '', '*', 'x\n\u001b'])).toBe(
    `ls -l 'it'\\''s' 'a b' '$HOME' '' '*' $'x\\x0a\\x1b'`,
  );
});

test('only the placeholder of the root directory is replaced', () => {
  expect(withRoot(['unshare', '--root=DIR', 'echo', 'DIR'], '/r')).toEqual(['unshare', '--root=/r', 'echo', 'DIR']);
  expect(withRoot(['chroot', 'DIR', 'DIR'], '/r')).toEqual(['chroot', '/r', 'DIR']);
  expect(withRoot(['sh', 'DIR/mnt', 'chroot', 'DIR', 'ls', 'DIR/mnt'], '/r')).toEqual([
    ...['sh', '/r/mnt', 'chroot', '/r', 'ls', 'DIR/mnt'],
  ]);
  expect(withRoot(['ls', 'DIR/mnt'], '/r')).toEqual(['ls', 'DIR/mnt']);
});

test.each<[Record<string, string>, string]>([
  [{}, 'en'],
  [{ LANG: 'zh_CN.UTF-8' }, 'zh-cn'],
  [{ LANG: 'zh_SG' }, 'zh-cn'],
  [{ LANG: 'zh_TW.UTF-8' }, 'en'],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'zh_CN.UTF-8' }, 'zh-cn'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
  [{ LANG: 'zh_CN.UTF-8', LC_MESSAGES: 'en_GB.UTF-8' }, 'en'],
  [{ LANG: 'de_DE.UTF-8', LANGUAGE: 'zh_CN:en' }, 'zh-cn'],
  [{ LANG: 'zh_CN.UTF-8', LANGUAGE: 'en:zh_CN' }, 'en'],
  [{ LANG: 'C.UTF-8', LANGUAGE: 'zh_CN' }, 'en'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: '' }, 'zh-cn'],
])('language of %j', (env, language) => {
  expect(languageOf(env)).toBe(language);
});

test('the nearest word', () => {
  expect(nearest('lst', ['list', 'delete'])).toBe('list');
  expect(nearest('craete', ['create', 'delete'])).toBe('create');
  expect(nearest('addr', ['address', 'route'])).toBe('address');
  expect(nearest('xyz', ['list', 'delete'])).toBeUndefined();
  expect(nearest('x'.repeat(100_000), ['list'])).toBeUndefined();
});

test('where a helper may listen', () => {
  expect(candidates({ socket: '/s', uid: 0, env: {} }, ['5'])).toEqual(['/s']);
  expect(candidates({ socket: undefined, uid: 1000, env: { SUDO_UID: '5', XDG_RUNTIME_DIR: '/r/' } }, ['5'])).toEqual([
    '/run/isolab/1000/helper.sock',
    '/r/isolab/helper.sock',
    '/run/user/1000/isolab/helper.sock',
    '/tmp/isolab-1000/helper.sock',
  ]);
  expect(candidates({ socket: undefined, uid: 0, env: { SUDO_UID: '1000', PKEXEC_UID: '../x' } }, ['0', '7'])).toEqual([
    '/run/isolab/1000/helper.sock',
    '/run/isolab/0/helper.sock',
    '/run/isolab/7/helper.sock',
  ]);
});

test('a refused field is named as the argument it came from', () => {
  const veth = COMMANDS.find(({ words }) => words.join(' ') === 'link create veth');
  expect(argumentOf('a.addresses.1', veth)).toBe('--a-addr');
  expect(argumentOf('a.name', veth)).toBe('--a');
  expect(argumentOf('ab', veth)).toBe('ab');
  expect(argumentOf(undefined, veth)).toBeUndefined();
  expect(argumentOf('x', undefined)).toBe('x');
});

describe('help', () => {
  test('every command has a usage line of its own and no two the same words', () => {
    const words = COMMANDS.map((one) => one.words.join(' '));
    expect(new Set(words).size).toBe(words.length);
    for (const one of COMMANDS) {
      const help = commandHelp(one, fill);
      expect(help).toContain('Usage: isolab ');
      for (const name of Object.keys(one.options)) expect(help).toContain(`--${name}`);
      for (const line of help.split('\n')) expect(width(line)).toBeLessThanOrEqual(100);
    }
  });

  test('no option of a command hides a global one', () => {
    for (const { options } of COMMANDS)
      for (const name of ['json', 'socket', 'print', 'help', 'version']) expect(options).not.toHaveProperty(name);
  });

  test('a group lists its commands only', () => {
    const help = groupHelp(COMMANDS, ['netns'], fill);
    expect(help).toContain('netns exec');
    expect(help).not.toContain('route add');
  });

  test.each([
    'isolab netns exec NETNS -- CMD…',
    'isolab link create veth --a NAME[@NETNS] --b NAME[@NETNS] [--a-addr CIDR]… [--b-addr CIDR]… [--up]',
    'isolab route add DEST [via GW] [dev IF] [--netns NETNS]',
    'isolab enter PID [--kinds KINDS] [-- CMD…]',
    'isolab helper [--realm REALM] [--state DIR] [--data DIR] [--idle-exit S] [--foreground]',
    'isolab address add CIDR NAME[@NETNS]',
  ])('%s', (line) => {
    expect(COMMANDS.map(usage)).toContain(line);
  });
});

// A command whose types come from its table: a wrong name in `run` would not compile.
test('what run is handed', async () => {
  const seen: unknown[] = [];
  const one = command({
    words: 'x',
    summary: 's',
    options: { n: value('N', refs.integer, 'n'), all: flag('a') },
    run: async (_context: Context, given) => {
      const number: number | undefined = given.n;
      const all: boolean = given.all;
      seen.push(number, all);
      return 3;
    },
  });
  await expect(one.run({} as Context, parse(one, ['--n', '4']))).resolves.toBe(3);
  expect(seen).toEqual([4, false]);
});
