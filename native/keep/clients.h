// The keeper's clients: who may give orders, and what an order looks like on its way in and out.
#ifndef ISOLAB_CLIENTS_H
#define ISOLAB_CLIENTS_H

// Serves until it is ordered to end, or until the listening socket fails. Never waits for a client.
void clients_serve(int listening);

#endif
