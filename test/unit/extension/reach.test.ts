// What root may not be able to read, told from the mount table: FUSE mounts of one person, homes over the network.
import { expect, test } from 'vitest';
import { barrierFor, isExecutable } from '../../../extension/helper/reach';

const ROOT = '29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro';
const mount = (point: string, type: string, options: string, own = 'rw,relatime') =>
  `77 29 0:40 / ${point} ${own} shared:5 - ${type} source ${options}`;
const FILE = '/home/ann/.vscode-server/extensions/isolab/dist/isolab.cjs';
const never = () => false;
const always = () => true;

test.each([
  ['a FUSE mount of one person', mount('/home/ann', 'fuse.sshfs', 'rw,user_id=1000,group_id=1000'), true],
  ['the same by its plain name', mount('/home', 'fuse', 'rw,user_id=1000'), true],
  ['one that lets others in', mount('/home/ann', 'fuse.sshfs', 'rw,user_id=1000,allow_other'), undefined],
  ['one of root', mount('/home/ann', 'fuse.lxcfs', 'rw,user_id=0,group_id=0'), undefined],
  ['a disk through FUSE', mount('/home', 'fuseblk', 'rw,user_id=0,allow_other'), undefined],
  ['one beside the path', mount('/home/an', 'fuse.sshfs', 'rw,user_id=1000'), undefined],
  ['a home on NFS', mount('/home', 'nfs4', 'rw,vers=4.2'), false],
  ['a share of Windows', mount('/home/ann', 'cifs', 'rw'), false],
  ['a disk', mount('/home', 'xfs', 'rw'), undefined],
])('%s', (_, line, certain) => {
  expect(barrierFor([FILE], `${ROOT}\n${line}\n`, never)?.certain).toBe(certain);
});

test('what strangers may read root may read, on a server too; FUSE asks for nobody’s mode', () => {
  expect(barrierFor([FILE], mount('/home', 'nfs', 'rw'), always)).toBeUndefined();
  expect(barrierFor([FILE], mount('/home', 'fuse.x', 'rw,user_id=5'), always)).toEqual({
    path: FILE,
    type: 'fuse.x',
    certain: true,
  });
});

test('the deepest mount counts, of two in one place the later; names with spaces are read', () => {
  const local = mount('/home/ann', 'tmpfs', 'rw');
  const far = mount('/home/ann', 'fuse.sshfs', 'rw,user_id=1000');
  expect(barrierFor([FILE], [ROOT, mount('/home', 'nfs', 'rw'), local].join('\n'), never)).toBeUndefined();
  expect(barrierFor([FILE], [far, local].join('\n'), never)).toBeUndefined();
  expect(barrierFor([FILE], [local, far].join('\n'), never)?.type).toBe('fuse.sshfs');
  expect(barrierFor(['/a b/x'], mount('/a\\040b', 'fuse', 'rw,user_id=1'), never)?.path).toBe('/a b/x');
});

test('a certain one is told before one that may be', () => {
  const table = [mount('/far', 'nfs', 'rw'), mount('/own', 'fuse', 'rw,user_id=1')].join('\n');
  expect(barrierFor(['/far/x', '/own/node'], table, never)?.path).toBe('/own/node');
});

test('programs are not copied to where they may not run', () => {
  const table = [ROOT, mount('/tmp', 'tmpfs', 'rw', 'rw,nosuid,noexec')].join('\n');
  expect([isExecutable('/tmp', table), isExecutable('/var/tmp', table)]).toEqual([false, true]);
  expect(barrierFor([FILE], 'garbage\n - \n', never)).toBeUndefined();
});
