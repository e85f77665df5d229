// What travels between the helper and the keeper: one record an order, one an answer, each a datagram of fixed size over
// SOCK_SEQPACKET, with descriptors beside it (SCM_RIGHTS of unix(7)). Numbers are as the machine has them.
#ifndef ISOLAB_WIRE_H
#define ISOLAB_WIRE_H

#include <stdint.h>

enum { MAGIC = 0x314b5349 };  // "ISK1"

enum order {
  SOCKET = 1,  // a rtnetlink socket of the netns given, else of home -> 1 descriptor
  EVENTS,      // two rtnetlink sockets in a netns of their own -> 2 descriptors
  MAKE,        // a new netns, known to nobody else -> 1 descriptor
  PIN_NEW,     // makes the file NAME and pins the netns given on it; EEXIST if the name is taken
  PIN,         // pins the netns given on the file NAME that is there
  UNPIN,       // takes the topmost mount off NAME, if there is one, and the file
  UNLINK,      // takes away the file NAME, on which nothing is mounted
  END,         // the keeper ends, and with it what only it holds
  HOST_NAME,   // the host name of the uts namespace given -> 1 descriptor to read it from
};

struct request {
  uint32_t magic, order;
  char name[256];  // ends with NUL, and only NUL follows; empty for orders without
};

struct reply {
  uint32_t magic;
  int32_t error;  // errno, 0 for success
  uint32_t count;  // of descriptors beside it
};

// What the keeper says once on descriptor 1 when it is ready, or why it never will be.
struct word {
  uint32_t magic;
  int32_t error;
  char step[32];
};

#endif
