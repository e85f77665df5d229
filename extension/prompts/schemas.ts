// The contract's schemas that wizards check with. A bundle of its own: compiling the library behind them takes longer
// than all the rest of the activation, and only a wizard needs it.
export { set as linkSet } from '../../helper/rpc/contract/link';
export { SessionDisk } from '../../helper/rpc/contract/session';
export { Address, Cidr, Destination, NewLinkName, NewName } from '../../helper/rpc/contract/terms';
