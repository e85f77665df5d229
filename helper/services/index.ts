// Every handler by its method: the one place where the services are put together.
import { join } from 'node:path';
import { Scanner } from '../discovery/scanner';
import type { Topic } from '../rpc/contract/events';
import type { Feature } from '../rpc/contract/helper';
import { addressHandlers } from './addresses';
import { cleanupHandlers } from './cleanup';
import { Attachments } from './container/attach';
import { Containers } from './container/containers';
import { containerHandlers } from './container/handlers';
import { diagnosticsHandlers } from './diagnostics';
import { doctorHandlers } from './doctor';
import { equivalentHandlers } from './equivalent';
import { Files } from './file/files';
import { helperHandlers } from './helper';
import type { Handlers, House } from './house';
import { imageHandlers } from './image/images';
import { ImageStore } from './image/store';
import { linkHandlers } from './links';
import { namespaceHandlers } from './namespaces';
import { neighbourHandlers } from './neighbours';
import { netnsHandlers } from './netns';
import { ownCode } from './own-code';
import { processHandlers } from './processes';
import { sayingWhatIsGone } from './programs-gone';
import { routeHandlers } from './routes';
import { sessionHandlers } from './session/sessions';
import { endUplink, uplinkHandlers, uplinkRecords } from './uplink/uplinks';
import { UplinkWatch } from './uplink/watch';

export interface Services {
  readonly handlers: Handlers;
  /** What the services do about a change, whoever made it. */
  changed(topics: readonly Topic[]): void;
  /** Whether something is to be done here without being asked. */
  needed(): boolean;
  /** Ends what the services run besides calls. */
  close(): Promise<void>;
}

/** `programDir`: where the bundles lie, the scanning thread's among them. */
export function createServices(house: House, features: readonly Feature[], programDir: string): Services {
  const scanner = new Scanner(join(programDir, 'scan-worker.cjs'), house.realm);
  const uplinks = new UplinkWatch(house, (record) => endUplink(house, record));
  for (const record of uplinkRecords(house)) uplinks.adopt(record);
  const images = new ImageStore({
    dataDir: house.dataDir,
    nativeDir: house.nativeDir,
    workerFile: join(programDir, 'image-worker.cjs'),
    unpacks: house.realm.kind === 'host',
    warn: house.log.warn,
  });
  const containers = new Containers(house, images, join(programDir, 'root-worker.cjs'));
  const attachments = new Attachments(containers);
  const files = new Files(house, containers, join(programDir, 'file-worker.cjs'));
  containers.guests.push((id) => files.leave(id));
  images.askUsers((id) => containers.usersOf(id));
  // Once this helper answers.
  setImmediate(() => images.recover());
  return {
    handlers: sayingWhatIsGone(
      {
        ...helperHandlers(house, features),
        ...doctorHandlers(house, features, ownCode(programDir)),
        ...diagnosticsHandlers(house),
        ...cleanupHandlers(house, containers),
        ...netnsHandlers(house),
        ...linkHandlers(house),
        ...addressHandlers(house),
        ...routeHandlers(house),
        ...neighbourHandlers(house),
        ...processHandlers(scanner),
        ...namespaceHandlers(house, scanner, containers),
        ...sessionHandlers(house, scanner, attachments),
        ...containerHandlers(containers, attachments),
        ...files.handlers,
        ...uplinkHandlers(house, uplinks),
        ...imageHandlers(house, images),
        ...equivalentHandlers(house, scanner, containers, files),
      },
      programDir,
    ),
    changed: (topics) => {
      uplinks.changed(topics);
      if (topics.includes('container')) files.changed();
    },
    needed: () => containers.upkeep.needed,
    close: async () => {
      uplinks.close();
      await Promise.all([files.close(), scanner.close(), images.close(), containers.close()]);
    },
  };
}
