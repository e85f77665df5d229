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
/** Every method that names a container, asked by somebody whose it is not. */
const THEIRS: Proof = ['container-refusals', 'somebody else’s container is as one that never was'];
const IDLE: Proof = ['container-refusals', 'of one that does not run'];
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
  'container/create': {
    fact: ['container', 'it runs as the user, with the directory'],
    hostile: ['container-refusals', 'a mount outside'],
    identity: ['container-refusals', 'another one in its place is not taken for it'],
    equivalent: 'no-equivalent-create',
  },
  'container/start': {
    fact: ['container', 'new namespaces of all kinds but user and time'],
    hostile: ['container-refusals', 'links in the image lead nowhere outside'],
    identity: THEIRS,
    equivalent: ['container-equivalent', 'start: the same root'],
  },
  'container/attach': {
    fact: ['container-cli', 'process 1 is the shell'],
    hostile: ['container-refusals', 'a ticket of another’s is void'],
    identity: THEIRS,
    equivalent: ['container-equivalent', 'start: the same root'],
  },
  'container/exec': {
    fact: ['container-cli', 'exec -it: another shell beside it'],
    hostile: IDLE,
    identity: THEIRS,
    equivalent: ['container-equivalent', 'exec: the same namespaces'],
  },
  'container/stop': {
    fact: ['container', 'stop, by the signal it has a handler for'],
    hostile: ['container', 'stop of one that does not heed its signal'],
    identity: THEIRS,
    equivalent: ['container-equivalent', 'stop and kill: the same signal'],
  },
  'container/kill': {
    fact: ['container', 'kill sends any signal to the first process'],
    hostile: IDLE,
    identity: THEIRS,
    equivalent: ['container-equivalent', 'stop and kill: the same signal'],
  },
  'container/pause': {
    fact: ['container', 'pause freezes its processes'],
    hostile: IDLE,
    identity: THEIRS,
    equivalent: 'no-equivalent-group',
  },
  'container/unpause': {
    fact: ['container', 'pause freezes its processes'],
    hostile: IDLE,
    identity: THEIRS,
    equivalent: 'no-equivalent-group',
  },
  'container/restart': {
    fact: ['container', 'start again: what was written stays'],
    hostile: STRANGERS,
    identity: THEIRS,
    equivalent: 'no-equivalent-restart',
  },
  'container/remove': {
    fact: ['container', 'rename, list, remove'],
    hostile: ['container-crash', '300 cycles leave nothing'],
    identity: THEIRS,
    equivalent: 'no-equivalent-record',
  },
  'container/rename': {
    fact: ['container', 'rename, list, remove'],
    hostile: ['container-refusals', 'a name that is taken'],
    identity: THEIRS,
    equivalent: 'no-equivalent-record',
  },
  'container/wait': {
    fact: ['container', 'kill sends any signal to the first process'],
    hostile: ['container-crash', 'the end of its program is unknown, and never made up'],
    identity: THEIRS,
  },
  'container/list': {
    fact: ['container-crash', 'what runs goes on, is found again'],
    hostile: ['container-crash', 'corrupt records are passed over'],
    identity: ['container-refusals', 'the holder has his own, root sees them'],
  },
  'container/show': {
    fact: ['container', 'new namespaces of all kinds but user and time'],
    hostile: STRANGERS,
    identity: THEIRS,
  },
  'container/logs': {
    fact: ['container', 'logs: lines of both streams'],
    hostile: STRANGERS,
    identity: THEIRS,
  },
  'container/diff': {
    fact: ['container', 'what is changed, added and deleted is listed so'],
    hostile: STRANGERS,
    identity: THEIRS,
  },
  'container/commit': {
    fact: ['container-cli', 'commit: the layer holds only the difference'],
    hostile: STRANGERS,
    identity: THEIRS,
    equivalent: 'no-equivalent-commit',
  },
  'container/export': {
    fact: ['container-cli', 'export and copies of one that is'],
    hostile: STRANGERS,
    identity: THEIRS,
    equivalent: ['container-equivalent', 'export and copies: the same archive'],
  },
  'container/copy-out': {
    fact: ['container-cli', 'export and copies of one that is'],
    hostile: ['container-cli', 'a hostile link and a hostile archive'],
    identity: THEIRS,
    equivalent: ['container-equivalent', 'export and copies: the same archive'],
  },
  'container/copy-in': {
    fact: ['container-cli', 'export and copies of one that is'],
    hostile: ['container-cli', 'a hostile link and a hostile archive'],
    identity: THEIRS,
    equivalent: ['container-equivalent', 'export and copies: the same archive'],
  },
  'container/top': {
    fact: ['container', 'top lists its processes under both numbers'],
    hostile: IDLE,
    identity: THEIRS,
  },
  'container/stats': {
    fact: ['container', 'statistics are what the files say'],
    hostile: STRANGERS,
    identity: THEIRS,
  },
  'container/update': {
    fact: ['container-limits', 'the files hold the values'],
    hostile: STRANGERS,
    identity: THEIRS,
    equivalent: 'no-equivalent-group',
  },
  'container/prune': {
    fact: ['container-cli', 'prune takes what does not run'],
    hostile: THEIRS,
    identity: 'names-nothing',
    equivalent: 'no-equivalent-record',
  },
  'image/list': {
    fact: ['image', 'several images share a layer'],
    hostile: ['image-hostile', 'an image whose manifest somebody changed is listed as damaged'],
    identity: ['realm-two-users', 'an image of hers is in her store alone'],
  },
  'image/show': {
    fact: ['image', 'keeps everything that the archive has: exercise 24'],
    hostile: ['image', 'a beginning that fits two, a name that is none'],
    identity: ['realm-two-users', 'an image of hers is in her store alone'],
  },
  'image/layer': {
    fact: ['image', 'as umoci wrote it: exercise 26'],
    hostile: STRANGERS,
    identity: ['image', 'a layer of an image that was removed'],
  },
  'image/load': {
    fact: ['image', 'what skopeo writes: %s'],
    hostile: ['image-hostile', 'a layer that leads outside'],
    identity: ['image', 'one that is none, a descriptor that is none'],
    equivalent: 'no-equivalent-load',
  },
  'image/save': {
    fact: ['image', 'podman loads it, and saves what is loaded here again'],
    hostile: ['image-hostile', 'a blob of the store that somebody changed is never handed on'],
    identity: ['image', 'who reads the archive goes away in the middle'],
    equivalent: ['image-equivalent', 'image/save, to a file'],
  },
  'image/import': {
    fact: ['image', 'keeps everything that the archive has: exercise 24'],
    hostile: ['image-hostile', 'through a symbolic link'],
    identity: ['image', 'one that is none, a descriptor that is none'],
    equivalent: 'no-equivalent-import',
  },
  'image/tag': {
    fact: ['image', 'another name, taken from whoever had it'],
    hostile: STRANGERS,
    identity: ['image', 'another name, taken from whoever had it'],
    equivalent: ['image-equivalent', "test('image/tag'"],
  },
  'image/remove': {
    fact: ['image', 'by id only where that is clear'],
    hostile: ['image-crash', 'and a removal beside them'],
    identity: ['realm-two-users', 'an image of hers is in her store alone'],
    equivalent: ['image-equivalent', 'image/remove: one of two names'],
  },
  'image/prune': {
    fact: ['image', 'another name, taken from whoever had it'],
    hostile: ['image-hostile', 'and goes with prune'],
    identity: 'names-nothing',
    equivalent: 'no-equivalent-image-remove',
  },
  'image/pull': {
    fact: ['image-registry', 'pulled it is the same image'],
    hostile: ['image-registry', 'refused: no TLS there'],
    identity: ['image-registry', 'refused: no TLS there'],
    equivalent: ['image-equivalent', 'image/push, image/pull'],
  },
  'image/push': {
    fact: ['image-registry', 'pulled it is the same image'],
    hostile: ['image-registry', 'refused: no TLS there'],
    identity: ['image-registry', 'refused: no TLS there'],
    equivalent: ['image-equivalent', 'image/push, image/pull'],
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
