// Orders of the helper, over a socket in its private directory.
#ifndef ISOLAB_CONTROL_H
#define ISOLAB_CONTROL_H

#include <poll.h>
#include <stdint.h>

// One packet of three words in the machine's byte order, answered by two: an errno (0: done) and a value.
enum order {
  ORDER_PING = 1,    // value: the program's pid
  ORDER_ATTACH,      // flags; the client's socket comes along
  ORDER_RESIZE,      // rows, columns
  ORDER_REOPEN_LOG,
  ORDER_SIGNAL,  // number: for the program alone, not its group
};

enum { MAX_CONNECTIONS = 8, CONTROL_WATCHED = 1 + MAX_CONNECTIONS };

// An order: what to answer. `fd` is -1 or the callee's to keep or close.
typedef int obey_order(enum order order, uint32_t first, uint32_t second, int fd, uint32_t *value);

// `socket` is bound; from here on it listens.
void control_start(int socket, obey_order *obey);
// CONTROL_WATCHED entries.
void control_watch(struct pollfd *watched);
void control_serve(const struct pollfd *watched);

#endif
