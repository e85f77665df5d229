// Which kernel test proves what about each method: the fact by a foreign tool, the hostile caller or input, the identity
// that is not (any more) the one meant. A method without its three does not compile; a title that is gone fails.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ChangingMethod, MethodName } from '../../helper/rpc/contract';
import { NO_EQUIVALENT } from '../../helper/rpc/contract/codes/equivalents';

/** A test file of the kernel tier, and words of the title of a test in it. */
type Proof = readonly [file: string, title: string];
interface Evidence {
  fact: Proof;
  hostile: Proof;
  /** `names-nothing`: the method has no parameter that names an object. */
  identity: Proof | 'names-nothing';
}

interface ChangeEvidence extends Evidence {
  /** Where the lines that do the same were run and compared, or the code that says why there are none. */
  equivalent: Proof | string;
}

const STRANGERS: Proof = ['callers', 'whatever they ask first is refused, and nothing of it done'];
/** One table of requests, each asked about a namespace whose name and inode passed to another. */
const staleNetns = (method: MethodName): Proof => ['stale-netns', `'${method}': (netns)`];
const UNGREETED: Proof = ['callers', 'every method is refused, and served afterwards'];

/** Run in a namespace of its own beside the method in another. */
const compared = (method: ChangingMethod): Proof => ['equivalent', `'${method}': {`];

const EVIDENCE: { readonly [M in MethodName]: M extends ChangingMethod ? ChangeEvidence : Evidence } = {
  'helper/hello': {
    fact: ['doctor', 'features agree with what the kernel shows'],
    hostile: ['callers', 'root of a user namespace of another user is that other user'],
    identity: 'names-nothing',
  },
  'helper/doctor': {
    fact: ['doctor', 'a /proc of another pid namespace, the classic mistake'],
    hostile: STRANGERS,
    identity: 'names-nothing',
  },
  'helper/diagnostics': {
    fact: ['diagnostics', 'the log’s last lines are those of the file, and what was made is counted'],
    hostile: STRANGERS,
    identity: 'names-nothing',
  },
  'helper/shutdown': {
    fact: ['lifecycle', 'helper/shutdown: the answer comes first'],
    hostile: STRANGERS,
    identity: 'names-nothing',
    equivalent: 'no-equivalent-helper',
  },
  'helper/cleanup': {
    fact: ['cleanup', 'everything goes, the host is as it was'],
    hostile: ['cleanup', 'refuses what it does not know'],
    identity: ['cleanup', 'what others removed in between is no error, what others made stays'],
    equivalent: compared('helper/cleanup'),
  },
  'netns/list': {
    fact: ['netns', 'what ip(8) makes shows here'],
    hostile: ['netns', 'stale: files, pipes, dangling links'],
    identity: 'names-nothing',
  },
  'netns/create': {
    fact: ['netns', 'what it makes, ip(8) lists and enters'],
    hostile: ['netns', 'refuses a name that ip(8) took'],
    identity: 'names-nothing',
    equivalent: compared('netns/create'),
  },
  'netns/delete': {
    fact: ['netns', 'what was made here goes, for ip(8) too'],
    hostile: ['netns', 'what ip(8) made stays unless it is said twice'],
    identity: ['netns', 'an inode that was given to the next namespace'],
    equivalent: compared('netns/delete'),
  },
  'link/list': {
    fact: ['link', 'the same as ip(8): host, named, by id'],
    hostile: STRANGERS,
    identity: staleNetns('link/list'),
  },
  'link/create': {
    fact: ['link', 'exercises 16 and 17'],
    hostile: ['crash', 'killed before each system call that alters something'],
    identity: staleNetns('link/create'),
    equivalent: compared('link/create'),
  },
  'link/set': {
    fact: ['link', 'up, down, MTU and name at once'],
    hostile: STRANGERS,
    identity: ['link', 'name and index must both fit'],
    equivalent: compared('link/set'),
  },
  'link/move': {
    fact: ['link', 'exercise 16: into a namespace'],
    hostile: ['link', 'the name is taken there: refused, nothing changes'],
    identity: staleNetns('link/move'),
    equivalent: compared('link/move'),
  },
  'link/delete': {
    fact: ['link', 'exercise 16: into a namespace'],
    hostile: ['link', 'what others made stays unless it is said twice'],
    identity: ['link', 'a later link with the same name and the same index'],
    equivalent: compared('link/delete'),
  },
  'address/list': {
    fact: ['address', 'the same as ip(8)'],
    hostile: STRANGERS,
    identity: staleNetns('address/list'),
  },
  'address/add': {
    fact: ['address', 'on an interface of the host, and off again'],
    hostile: STRANGERS,
    identity: staleNetns('address/add'),
    equivalent: compared('address/add'),
  },
  'address/delete': {
    fact: ['address', 'one that ip(8) added may be deleted by its exact words'],
    hostile: STRANGERS,
    identity: staleNetns('address/delete'),
    equivalent: compared('address/delete'),
  },
  'route/list': {
    fact: ['route', 'the main table as ip(8) shows it'],
    hostile: STRANGERS,
    identity: staleNetns('route/list'),
  },
  'route/add': {
    fact: ['route', 'exercise 18: a default route'],
    hostile: STRANGERS,
    identity: staleNetns('route/add'),
    equivalent: compared('route/add'),
  },
  'route/delete': {
    fact: ['route', 'what ip(8) would call by the same words is the same route'],
    hostile: ['route', 'two that fit: refused until the words fit one'],
    identity: staleNetns('route/delete'),
    equivalent: compared('route/delete'),
  },
  'neighbour/list': {
    fact: ['neighbour', 'who answered a ping'],
    hostile: STRANGERS,
    identity: staleNetns('neighbour/list'),
  },
  'process/list': {
    fact: ['process', 'lists what ps lists'],
    hostile: ['process', 'commands are shown escaped'],
    identity: ['process', 'whose number another one has'],
  },
  'namespace/list': {
    fact: ['namespace', 'has every namespace that lsns finds'],
    hostile: STRANGERS,
    identity: ['namespace', 'two of one number in a row have different uids'],
  },
  'namespace/show': {
    fact: ['namespace', 'one namespace with its processes'],
    hostile: STRANGERS,
    identity: ['process', 'whose number another one has'],
  },
  'namespace/compare': {
    fact: ['namespace', 'kind by kind, in the order of the kinds'],
    hostile: STRANGERS,
    identity: ['namespace', 'a process that is gone, or whose pid another one has'],
  },
  'session/open': {
    fact: ['session', 'alone: that id differs from the host, no other'],
    hostile: ['session-refusals', 'a rule between fields is held by the helper'],
    identity: ['session-refusals', 'whose pid another one has by now'],
    equivalent: ['session-equivalent', 'alone, as root'],
  },
  'session/attach': {
    fact: ['session-terminal', 'the terminal itself is the shell'],
    hostile: ['session-refusals', 'of the wrong type'],
    identity: ['session-refusals', 'a spent ticket is void'],
    equivalent: 'no-equivalent-attach',
  },
  'session/reopen': {
    fact: ['session-again', 'begins it anew: the same kinds, judged from outside'],
    hostile: ['session-again', 'another uid’s is as one that never was'],
    identity: ['session-again', 'a session that lives gets a shell beside it'],
    equivalent: 'no-equivalent-reopen',
  },
  'session/list': {
    fact: ['session-life', 'with the helper killed shells go on'],
    hostile: UNGREETED,
    identity: ['session-life', 'everybody sees his own, root sees all'],
  },
  'uplink/list': {
    fact: ['uplink', 'the host’s network is reached from inside'],
    hostile: STRANGERS,
    identity: 'names-nothing',
  },
  'uplink/start': {
    fact: ['uplink', 'the host’s network is reached from inside'],
    hostile: ['uplink', 'refused, and nothing is left'],
    identity: staleNetns('uplink/start'),
    equivalent: ['equivalent', 'an outside connection: '],
  },
  'uplink/stop': {
    fact: ['uplink', 'the host’s network is reached from inside'],
    hostile: STRANGERS,
    identity: staleNetns('uplink/stop'),
    equivalent: ['equivalent', 'an outside connection: '],
  },
  'file/stat': {
    fact: ['file', 'what is written here is read there'],
    hostile: ['file', 'lead to no file of the host'],
    identity: ['file', 'one that was removed is gone although another has its name'],
  },
  'file/list': {
    fact: ['file', 'what is written here is read there'],
    hostile: ['file-acts', 'links of /proc into processes are not followed'],
    identity: ['file', 'somebody else’s container is as one that never was'],
  },
  'file/read': {
    fact: ['file', 'what is written here is read there'],
    hostile: ['file', 'devices, pipes and sockets are neither read nor written'],
    identity: ['file', 'somebody else’s container is as one that never was'],
  },
  'file/write': {
    fact: ['file', 'a file of several pieces shows when it is whole'],
    hostile: ['file', 'a directory that becomes a link and back'],
    identity: ['file', 'started while a file is being written'],
    equivalent: 'no-equivalent-content',
  },
  'file/make-directory': {
    fact: ['file', 'directories are made, renamed and deleted'],
    hostile: ['file-acts', 'a directory swapped for a link to outside'],
    identity: ['file', 'one that was removed is gone although another has its name'],
    equivalent: ['file', 'the lines one would type do the same'],
  },
  'file/delete': {
    fact: ['file', 'directories are made, renamed and deleted'],
    hostile: ['file-acts', 'is not deleted through, and not written through'],
    identity: ['file', 'one that was removed is gone although another has its name'],
    equivalent: ['file', 'the lines one would type do the same'],
  },
  'file/rename': {
    fact: ['file', 'directories are made, renamed and deleted'],
    hostile: ['file-acts', 'is not deleted through, and not written through'],
    identity: ['file', 'one that was removed is gone although another has its name'],
    equivalent: ['file', 'the lines one would type do the same'],
  },
  'command/equivalent': {
    fact: ['equivalent', '%s: %s'],
    hostile: ['equivalent', 'refused as the method would refuse'],
    identity: ['equivalent', 'that is another one by now'],
  },
};

const file = (name: string) => readFileSync(join(import.meta.dirname, `../kernel/${name}.test.ts`), 'utf8');

test.each(Object.entries(EVIDENCE))(
  '%s has its fact, its hostile case and its foreign identity',
  (_method, evidence) => {
    for (const proof of Object.values(evidence)) {
      if (proof === 'names-nothing') continue;
      if (typeof proof === 'string') {
        expect(NO_EQUIVALENT).toHaveProperty([proof]);
        continue;
      }
      const [name, title] = proof;
      expect(file(name), `${name}.test.ts: ${title}`).toContain(title);
    }
  },
);
