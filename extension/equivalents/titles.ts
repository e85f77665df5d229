// What each changing request is called in the comment above its lines. One entry for every changing method: a forgotten one
// does not compile. Pure.
import type { ChangingMethod, Input, MethodName } from '../../helper/rpc/contract';
import { shownName } from '../../helper/rpc/contract/file-name';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { visible } from '../views/row';

type Title<M extends MethodName> = (params: Input<M>, t: Translate) => string;

const TITLES: { readonly [M in ChangingMethod]: Title<M> } = {
  'helper/shutdown': (_params, t) => t('Stop helper'),
  'helper/cleanup': (_params, t) => t('Remove everything Isolab made'),
  'netns/create': ({ name }, t) => t('Create network namespace {name}', { name: visible(name) }),
  'netns/delete': ({ netns }, t) => t('Delete network namespace {name}', { name: place(netns, t) }),
  'link/create': ({ a, b }, t) => t('Create veth pair {a} ⇄ {b}', { a: visible(a.name), b: visible(b.name) }),
  'link/set': ({ link, up, mtu, name: newName }, t) => {
    const holes = { name: interfaceName(link) };
    return [
      mtu === undefined ? [] : t('Set the MTU of {name} to {mtu}', { ...holes, mtu }),
      newName === undefined ? [] : t('Rename {name} to {newName}', { ...holes, newName: visible(newName) }),
      up === undefined ? [] : up ? t('Bring up {name}', holes) : t('Bring down {name}', holes),
    ]
      .flat()
      .join(', ');
  },
  'link/move': ({ link, to }, t) => t('Move {name} to {netns}', { name: interfaceName(link), netns: place(to, t) }),
  'link/delete': ({ link }, t) => t('Delete interface {name}', { name: interfaceName(link) }),
  'address/add': ({ link, address }, t) => t('Add {address} to {name}', { address, name: interfaceName(link) }),
  'address/delete': ({ link, address }, t) => t('Take {address} off {name}', { address, name: interfaceName(link) }),
  'route/add': ({ netns, destination }, t) =>
    t('Add route {destination} in {netns}', { destination, netns: place(netns, t) }),
  'route/delete': ({ netns, destination }, t) =>
    t('Delete route {destination} in {netns}', { destination, netns: place(netns, t) }),
  'session/open': ({ title = '' }, t) => t('Open shell: {title}', { title: visible(title) }),
  'session/attach': (_params, t) => t('Attach a terminal'),
  'session/reopen': (_params, t) => t('Open an ended shell anew'),
  'file/write': ({ path }, t) => t('Write {path} in a container', { path: fileName(path) }),
  'file/make-directory': ({ path }, t) => t('Make directory {path} in a container', { path: fileName(path) }),
  'file/delete': ({ path }, t) => t('Delete {path} in a container', { path: fileName(path) }),
  'file/rename': ({ path, to }, t) =>
    t('Rename {path} to {to} in a container', { path: fileName(path), to: fileName(to) }),
  'uplink/start': ({ netns }, t) => t('Connect {netns} with the outside', { netns: place(netns, t) }),
  'container/create': ({ name = '' }, t) => t('Create container {name}', { name: visible(name) }),
  'container/start': ({ container }, t) => t('Start container {name}', { name: containerName(container) }),
  'container/attach': ({ container }, t) => t('Attach to container {name}', { name: containerName(container) }),
  'container/exec': ({ container }, t) => t('Run a program in container {name}', { name: containerName(container) }),
  'container/stop': ({ container }, t) => t('Stop container {name}', { name: containerName(container) }),
  'container/kill': ({ container }, t) => t('Send a signal to container {name}', { name: containerName(container) }),
  'container/pause': ({ container }, t) => t('Pause container {name}', { name: containerName(container) }),
  'container/unpause': ({ container }, t) => t('Let container {name} go on', { name: containerName(container) }),
  'container/commit': ({ container }, t) => t('Make an image of container {name}', { name: containerName(container) }),
  'container/export': ({ container }, t) => t('Export container {name}', { name: containerName(container) }),
  'container/copy-out': ({ container, path }, t) =>
    t('Copy {path} out of container {name}', { path: visible(path), name: containerName(container) }),
  'container/copy-in': ({ container, path }, t) =>
    t('Copy into {path} of container {name}', { path: visible(path), name: containerName(container) }),
  'container/update': ({ container }, t) =>
    t('Change the limits of container {name}', { name: containerName(container) }),
  'container/restart': ({ container }, t) => t('Restart container {name}', { name: containerName(container) }),
  'container/remove': ({ container }, t) => t('Remove container {name}', { name: containerName(container) }),
  'container/rename': ({ container }, t) => t('Rename container {name}', { name: containerName(container) }),
  'container/prune': (_params, t) => t('Remove containers that do not run'),
  'image/load': (_params, t) => t('Load images'),
  'image/save': (_params, t) => t('Save images'),
  'image/import': ({ name = '' }, t) => t('Import {image}', { image: visible(name) }),
  'image/tag': ({ image, name }, t) => t('Tag {image} as {name}', { image: imageName(image), name: visible(name) }),
  'image/remove': ({ image }, t) => t('Remove image {image}', { image: imageName(image) }),
  'image/prune': (_params, t) => t('Remove unused images'),
  'image/pull': ({ name }, t) => t('Pull {image}', { image: visible(name) }),
  'image/push': ({ image }, t) => t('Push {image}', { image: imageName(image) }),
  'uplink/stop': ({ netns }, t) => t('Disconnect {netns} from the outside', { netns: place(netns, t) }),
};

/** One line for people; names in it cannot end it. Undefined for a request that alters nothing. */
export function titleOf<M extends MethodName>(method: M, params: Input<M>, t: Translate): string | undefined {
  if (!Object.hasOwn(TITLES, method)) return undefined;
  const titles: Partial<Record<MethodName, unknown>> = TITLES;
  // The entry of this method, whose parameters these are.
  return (titles[method] as Title<M>)(params, t);
}

function place(netns: Input<'link/list'>['netns'], t: Translate): string {
  if (netns === undefined || 'host' in netns) return t('Host');
  if ('name' in netns) return visible(netns.name);
  return 'id' in netns ? `net:${netns.id}` : `pid:${netns.pid}`;
}

function fileName(path: string): string {
  return visible(shownName(path));
}

function containerName(container: Input<'container/start'>['container']): string {
  return 'name' in container ? visible(container.name) : container.id.slice(0, 12);
}

function imageName(image: Input<'image/show'>['image']): string {
  return 'name' in image ? visible(image.name) : image.id.slice(0, 12);
}

function interfaceName({ name, index }: Input<'link/set'>['link']): string {
  return name === undefined ? `#${index}` : visible(name);
}
