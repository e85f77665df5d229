// The contract's schemas that wizards check with. A bundle of its own: compiling the library behind them takes longer
// than all the rest of the activation, and only a wizard needs it.
export { ContainerPlan, UserName } from '../../helper/rpc/contract/container-plan';
export { ImageName } from '../../helper/rpc/contract/image';
export { Limits } from '../../helper/rpc/contract/limits';
export { set as linkSet } from '../../helper/rpc/contract/link';
export { SessionDisk } from '../../helper/rpc/contract/session';
export { Address, Cidr, Destination, HostName, NewLinkName, NewName } from '../../helper/rpc/contract/terms';
