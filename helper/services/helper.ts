// helper/hello and helper/shutdown: who greets whom, in which version, on what kernel.
import { release } from 'node:os';
import { Failure } from '../rpc/contract/errors';
import type { Feature } from '../rpc/contract/helper';
import { PROTOCOL_VERSION } from '../rpc/contract/protocol';
import type { Handlers, House } from './house';

export function helperHandlers(
  house: House,
  features: readonly Feature[],
): Pick<Handlers, 'helper/hello' | 'helper/shutdown'> {
  return {
    'helper/hello': ({ protocol, client }, caller) => {
      if (protocol !== PROTOCOL_VERSION) {
        const args = { helper: PROTOCOL_VERSION, client: protocol };
        const rule = { code: 'protocol-version', args };
        throw new Failure({ kind: 'conflict', field: 'protocol', rule, hint: { code: 'restart-helper' } });
      }
      house.log.info(`uid ${caller.uid} pid ${caller.pid} greets as ${client}`);
      return {
        protocol: PROTOCOL_VERSION,
        version: house.version,
        realm: house.realm.kind,
        pid: process.pid,
        holder: house.holder,
        kernel: release(),
        features: [...features],
        rev: house.changes.rev,
      };
    },
    'helper/shutdown': () => {
      house.shutdown();
      return {};
    },
  };
}
